"""Importing HAM10000 from within the page."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.uploaded_file_manager import UploadedFile

from core.errors import DatasetError
from core.ham10000.dataset import status
from core.ham10000.importer import import_archives
from core.imaging.image import display_name
from core.settings import typed_path
from ui import lock
from ui.text import as_text

UPLOAD_MB = 500
"""Uploads are held in this computer's memory; larger archives are read where they lie."""
_ROUND = "import_round"
_DONE = "import_done"


@st.cache_resource
def _turn() -> threading.Lock:
    """One import at a time, for all sessions."""
    return threading.Lock()


def offer() -> None:
    """What to download, and the ways to import it; afterwards the page reruns."""
    st.markdown(
        "HAM10000 is 10,015 photos with their diagnoses and lesion outlines (CC BY-NC 4.0). "
        "Download it from Kaggle (`kmader/skin-cancer-mnist-ham10000` and "
        "`tschandl/ham10000-lesion-segmentations`) or from Harvard Dataverse "
        "(doi 10.7910/DVN/DBW86T: both photo archives, the lesion segmentations and "
        "`HAM10000_metadata`), and give the files to LesionLab as they are."
    )
    if not lock.notice("Importing from this page", "import_lock"):
        return
    files = st.file_uploader(
        f"Zip archives, or the table of diagnoses, up to {UPLOAD_MB} MB each",
        accept_multiple_files=True,
        key=f"import_files_{st.session_state.get(_ROUND, 0)}",
        max_upload_size=UPLOAD_MB,
    )
    typed = st.text_area(
        "Larger files: where they lie on LesionLab's computer, one path a line",
        key="import_paths",
        placeholder="/home/me/Downloads/skin-cancer-mnist-ham10000.zip",
        height=80,
    )
    # File managers copy some paths in quotes.
    typed_paths = [line.strip().strip("\"'") for line in typed.splitlines() if line.strip()]
    paths = [typed_path(path) for path in typed_paths]
    st.caption(
        "Or on the command line: `python -m core dataset import FIRST.zip SECOND.zip`. An import "
        "can be stopped and repeated; it goes on where it stopped."
    )
    if st.button(
        "Import",
        type="primary",
        icon=":material/database_upload:",
        disabled=not (files or paths),
        key="import_go",
    ):
        with turn() as mine:
            if mine:
                _run(files, paths)


@contextmanager
def turn() -> Iterator[bool]:
    """Whether nothing else is being imported; else it says so. Nothing else will be meanwhile."""
    mine = _turn().acquire(blocking=False)
    try:
        if not mine:
            st.warning("Another import is running. Wait until it is done, then reload this page.")
        yield mine
    finally:
        if mine:
            _turn().release()


def report() -> None:
    """What the last import of this session did, once."""
    if text := st.session_state.pop(_DONE, None):
        st.success(text, icon=":material/check_circle:")


def follow(
    bar: DeltaGenerator, words: Callable[[int, int, str], str]
) -> Callable[[int, int, str], None]:
    """What moves a bar, a few times a second: told how much is done, of how much, and what was done
    last, which `words` gets as Markdown (`as_text`). Each move lets a click on Stop, or leaving the
    page, end the work in between."""
    shown = 0.0

    def progress(done: int, total: int, last: str) -> None:
        nonlocal shown
        if time.monotonic() - shown > 0.2:
            shown = time.monotonic()
            bar.progress(done / total, words(done, total, as_text(last)))

    return progress


def _run(files: Sequence[UploadedFile], paths: list[Path]) -> None:
    st.button("Stop", icon=":material/stop_circle:", key="import_stop", help="What is done stays.")
    bar = st.progress(0.0, "Checking the files…")
    progress = follow(bar, lambda done, total, name: f"{name}: {done:,} of {total:,} files")
    with tempfile.TemporaryDirectory(prefix="lesionlab-") as folder:
        try:
            archives = [*_stored(files, Path(folder)), *paths]
            done = import_archives(archives, progress=progress)
        except DatasetError as error:
            bar.empty()
            st.error(as_text(str(error)), title="The import stopped")
            return
        except OSError as error:
            bar.empty()
            st.error(
                f"The upload cannot be stored ({error.strerror}). Make room on the disk, then "
                "import again.",
                title="The import stopped",
            )
            return
    found = status()
    st.session_state[_DONE] = (
        f"{done.added:,} files imported, {done.unchanged:,} were there already. Now there are "
        f"{found.photos:,} photos, {found.masks:,} outlines and a table of {found.listed:,} images."
    )
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    st.rerun()


def _stored(files: Sequence[UploadedFile], folder: Path) -> list[Path]:
    """Uploaded files on the disk, each in a folder of its own, as names may repeat."""
    stored = []
    for number, file in enumerate(files):
        path = folder / str(number) / display_name(file.name)
        path.parent.mkdir()
        path.write_bytes(file.getbuffer())
        stored.append(path)
    return stored
