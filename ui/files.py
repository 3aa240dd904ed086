"""Files that a browser sent."""

from __future__ import annotations

from collections.abc import Sequence

from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile


def let_go(files: Sequence[UploadedFile]) -> None:
    """Have Streamlit drop files whose bytes somebody else holds now; alone, it would keep them
    until the visitor leaves."""
    context = get_script_run_ctx()
    if context and isinstance(keeper := context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            keeper.remove_file(context.session_id, file.file_id)
