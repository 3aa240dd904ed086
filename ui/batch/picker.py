"""Choosing the photos of a batch: files and archives, a folder, or the practice lesions."""

from collections.abc import Callable, Sequence

import streamlit as st
from streamlit.typing import UploadedFile

from core.answer.words import WORRIED
from core.batch import sources
from core.batch.batches import MAX_BATCH_BYTES, MAX_PHOTOS, BatchError
from core.batch.sources import Source
from core.imaging.formats import ENDINGS, listed
from core.models.weights import WeightsError
from core.settings import SettingsError, typed_path
from core.system.fair_queue import BusyError
from ui import access
from ui.batch import store as batches
from ui.choices import choose_one
from ui.files import let_go
from ui.text import as_text

ARCHIVE_MB = 200
"""No more than `server.maxUploadSize`."""

SOURCES = {
    "files": ":material/upload: Files",
    "folder": ":material/folder: A folder on this computer",
}


def choose() -> None:
    """Show the picker; starts the batch."""
    with st.container(border=True):
        source = "files"
        if access.check().allowed:
            source = choose_one("Photos from", SOURCES, "batch_source")
        if source == "folder":
            _folder()
        else:
            _files()
        st.info(WORRIED, icon=":material/health_and_safety:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("No photos at hand?", width="content")
        if st.button("Try it with the practice lesions", icon=":material/brush:"):
            _start(lambda: (sources.practice(), ()))


def _files() -> None:
    # Files of any kind: those that are not read are rejected with their name and a reason.
    files = st.file_uploader(
        f"Up to {MAX_PHOTOS:,} photos ({listed('or')}), or ZIP files of them",
        accept_multiple_files=True,
        key="batch_files",
        max_upload_size=ARCHIVE_MB,
        help=f"A photo may have 20 MB, a ZIP file {ARCHIVE_MB}, all together "
        f"{MAX_BATCH_BYTES // 1024**2}. They stay in this computer's memory and are not stored.",
    )
    if not files:
        st.caption(
            "Choose all photos at once, or a ZIP file of a folder: with more than a hundred "
            "photos that is much quicker for the browser. Each photo gets an answer, an outline "
            "and measurements; the table can be sorted and downloaded."
        )
    named = "1 file" if len(files) == 1 else f"{len(files):,} files"
    if st.button(
        f"Analyse {named}" if files else "Analyse",
        icon=":material/play_arrow:",
        type="primary",
        disabled=not files,
        key="batch_start",
    ):
        _start(
            lambda: ([s for f in files for s in sources.from_file(f.name, f.getvalue())], ()), files
        )


def _folder() -> None:
    typed = st.text_input(
        "Folder",
        key="batch_folder",
        placeholder="/home/me/photos",
        persist_state="session",
    )
    st.caption(
        "Reads every picture in that folder and in the folders below it "
        f"({', '.join(ending[1:] for ending in ENDINGS)}); hidden files are passed over, other "
        "files counted, and nothing is changed. This choice is not offered to visitors from "
        "other computers."
    )
    if st.button(
        "Analyse this folder",
        icon=":material/play_arrow:",
        type="primary",
        disabled=not typed.strip(),
    ):
        _start(lambda: sources.from_folder(typed_path(typed.strip())))


def _start(
    find: Callable[[], tuple[list[Source], Sequence[str]]], files: Sequence[UploadedFile] = ()
) -> None:
    """Find the files, with notes on what is passed over, and start."""
    try:
        with st.spinner("Looking at the files…"):
            batches.start(*find())
    except (BatchError, BusyError, OSError) as error:
        st.error(as_text(str(error)), title="This batch cannot start")
    except (WeightsError, SettingsError) as error:
        st.error(as_text(str(error)), title="The models cannot be used")
    else:
        let_go(files)
        st.rerun()
