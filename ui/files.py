"""Files: those that a browser sent, in memory until they are read and nowhere afterwards; and when
those on the disk were written."""

from collections.abc import Sequence
from pathlib import Path

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile


def written_at(*paths: Path) -> tuple[int, ...]:
    """When files or folders were changed, in ns, 0 for what is not there: what was read from them
    is remembered until that changes."""
    return tuple(path.stat().st_mtime_ns if path.exists() else 0 for path in paths)


def let_go(files: Sequence[UploadedFile]) -> None:
    """Have Streamlit drop files whose bytes somebody else holds now; alone, it would keep them
    until the visitor leaves."""
    context = get_script_run_ctx()
    if context and isinstance(keeper := context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            keeper.remove_file(context.session_id, file.file_id)
