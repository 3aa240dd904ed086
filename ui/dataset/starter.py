"""The starter set: seventy photos by one click, for those who have no dataset."""

import streamlit as st

from core.errors import DatasetError
from core.ham10000 import starter
from core.taxonomy import KEYS
from ui import lock
from ui.dataset import importing
from ui.text import as_text

_DONE = "starter_done"
PHOTOS = starter.EACH * len(KEYS)
"""In the whole set."""


def offer() -> None:
    """The button that fetches it, or what is missing of it; nothing where there is another
    dataset."""
    found = starter.status()
    if found.obstacle or found.photos == found.of:
        return
    st.subheader("Or begin with a starter set", anchor=False)
    st.markdown(
        f"{found.of} photos of HAM10000, {starter.EACH} of each of the {len(KEYS)} diagnoses, all "
        "of the test split: enough to try the quiz and the cases. About 20 MB from the ISIC "
        "Archive (isic-archive.com), which is asked for these photos by their ids when you press "
        "the button, and not before. Photos: ViDIR Group, Medical University of Vienna, and others "
        "as the Archive names them; HAM10000, Tschandl et al. 2018, CC BY-NC 4.0, for "
        "non-commercial use with attribution. The outlines and the photos that the models learned "
        "from come with the whole of HAM10000 only, which can be imported later."
    )
    if not lock.notice("Fetching the starter set", "starter_lock"):
        return
    if found.begun:
        st.caption(f"{found.photos} of {found.of} photos are here already.")
    if st.button(
        f"Fetch what is missing ({found.of - found.photos})"
        if found.begun
        else f"Fetch {found.of} photos from the ISIC Archive",
        key="starter_go",
        type="primary",
        icon=":material/cloud_download:",
    ):
        with importing.turn() as mine:
            if mine:
                _run()


def report() -> None:
    """What the last download of this session did, once."""
    if (done := st.session_state.pop(_DONE, None)) is None:
        return
    said = f"{done.added} photos were downloaded; {done.there} are here now."
    if done.credits:
        said += f" Photos: {'; '.join(done.credits)}."
    if not done.failed and not done.stopped:
        st.success(as_text(said), icon=":material/check_circle:")
        return
    reasons = list(dict.fromkeys([done.stopped, *done.failed.values()]))
    st.warning(
        as_text(f"{said} {' '.join(r for r in reasons[:3] if r)} Continue below when you like."),
        title="Not all photos were downloaded",
        icon=":material/cloud_off:",
    )


def _run() -> None:
    st.button(
        "Stop",
        icon=":material/stop_circle:",
        key="starter_stop",
        help="What has been downloaded stays.",
    )
    bar = st.progress(0.0, "Asking the ISIC Archive…")
    progress = importing.follow(bar, lambda done, total, text: f"{done} of {total} photos. {text}")
    try:
        st.session_state[_DONE] = starter.download(progress=progress)
    except DatasetError as error:
        bar.empty()
        st.error(as_text(str(error)), title="The download stopped")
        return
    st.rerun()
