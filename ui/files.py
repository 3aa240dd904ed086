"""Files: those that a browser sent, in memory until they are read and nowhere afterwards; those it
is offered; and when those on the disk were written."""

from collections.abc import Callable, Sequence
from mimetypes import MimeTypes
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.typing import UploadedFile

_KINDS = MimeTypes()
"""As Python knows them, whatever this computer calls them."""


def download(
    label: str, data: str | bytes | Callable[[], str | bytes], name: str, **more: Any
) -> None:
    """A button that saves a file; a click leaves the page as it is.

    Args:
        data: its content, or what makes it, called at the click.
        name: of the file, with its ending.
        more: further arguments of `st.download_button`.
    """
    (kind, _), icon = _KINDS.guess_type(name), ":material/download:"
    assert kind, name
    st.download_button(label, data, name, kind, icon=icon, on_click="ignore", **more)


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
