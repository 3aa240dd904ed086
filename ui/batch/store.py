"""The batch of this visitor: kept on the server, found again by the id in the page's address."""

from collections.abc import Sequence

import streamlit as st

from core.batch.batch_store import BatchStore
from core.batch.batches import BatchJob, Photo, check
from core.batch.sources import Source
from ui import state
from ui.analyse import address, uploads
from ui.batch import truth
from ui.batch.truth import BATCH
from ui.text import as_text

FILTERS = ("batch_answer", "batch_kinds", "batch_wrong")
"""Of the session: what the table of a batch is narrowed by."""


@st.cache_resource
def store() -> BatchStore:
    """All batches. Made once; a restart of the server begins with an empty one."""
    return BatchStore()


def start(sources: Sequence[Source], notes: Sequence[str] = ()) -> None:
    """Start this visitor's batch; `notes` are sentences on files that were passed over.

    Raises:
        BatchError: the files cannot be a batch.
        BusyError: there is no room for it now.
        WeightsError, SettingsError: the models cannot be loaded.
    """
    check(sources)
    model_server = state.model_server()
    job = BatchJob(
        sources,
        model_server.analyser.classes,
        model_server.analyser.analyse,
        model_server.turns,
        notes,
    )
    key = store().start(job)
    for name in FILTERS:
        st.session_state.pop(name, None)
    st.session_state[BATCH] = st.query_params[BATCH] = key


def current() -> BatchJob | None:
    """This visitor's batch: that of the address, else that of the session (who comes back through
    the navigation has an address without it)."""
    for key in _keys():
        if job := store().get(key):
            st.session_state[BATCH] = st.query_params[BATCH] = key
            return job
    return None


def lost() -> bool:
    """Whether there was a batch that the server does not have any more."""
    return bool(_keys()) and current() is None


def clear() -> None:
    """Forget this visitor's batch."""
    truth.forget()
    for key in _keys():
        store().forget(key)
    st.session_state.pop(BATCH, None)
    st.query_params.pop(BATCH, None)


def open_in_analyse(photo: Photo) -> None:
    """Go to the Analyse page: with a practice lesion as with any, with a photo that has a `copy` as
    if it had been uploaded there."""
    if photo.practice:
        st.session_state.update(source="practice", practice=photo.practice)
        address.open_analyse()
    assert photo.copy is not None
    about = f":blue-badge[From your batch] {as_text(photo.name)}"
    if photo.reduced:
        about += " · a smaller copy: figures may differ a little from the table's"
    uploads.keep(uploads.Upload("upload", photo.name, photo.copy, about))
    st.session_state["source"] = "upload"
    address.open_analyse()


def _keys() -> list[str]:
    found = (st.query_params.get(BATCH), st.session_state.get(BATCH))
    return [key for key in found if key]
