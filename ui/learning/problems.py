"""What could not be done: kept by the action that failed, told by the page for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.errors import UserError
from ui.text import as_text

SHOWN_SECONDS = 15.0
"""Long enough to be read where the page reruns every second."""
_PROBLEM = "learning_problem"
"""Of the session: the words, and until when they are told."""


@contextmanager
def action() -> Iterator[None]:
    """Around what a click does: if that cannot be done, `show_problem` tells why."""
    st.session_state.pop(_PROBLEM, None)
    try:
        yield
    except UserError as error:
        st.session_state[_PROBLEM] = (str(error), time.monotonic() + SHOWN_SECONDS)


def problem() -> str:
    """Why the last action could not be done; empty if it was, or some time ago."""
    words, until = st.session_state.get(_PROBLEM, ("", 0.0))
    return words if time.monotonic() < until else ""


def show_problem() -> None:
    """Tell it, at the top of a page, or of a fragment that runs by itself."""
    if words := problem():
        st.error(as_text(words))
