"""Bringing into the window what has changed elsewhere on the page."""

import streamlit as st

from ui.parts.files import part

_PART = part("scroll", '<span tabindex="-1"></span>')
ANSWER = "answer"
"""A place: the photo of the Analyse page with its answer."""
_WANTED = "scroll_to"
_TIMES = "scroll_times"


def ask(place: str) -> None:
    """The window will go to that place, when it is next drawn."""
    st.session_state[_WANTED] = place


def target(place: str, if_hidden: bool = False) -> None:
    """Where the window goes when it was asked to: it is at the window's top then.

    Args:
        if_hidden: stay where this can be seen already; else with the head of a page above it.
    """
    if st.session_state.get(_WANTED) != place:
        return
    del st.session_state[_WANTED]
    times = st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    _PART(key=f"scroll_{place}", data={"times": times, "hidden": if_hidden}, height="content")
