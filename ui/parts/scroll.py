"""Bringing to the window's top what a click changed further down the page."""

import streamlit as st

from ui.parts.files import part

_PART = part("scroll", '<span tabindex="-1"></span>')
_WANTED = "scroll_to"
_TIMES = "scroll_times"


def ask(place: str) -> None:
    """The window will go to that place, when it is next drawn."""
    st.session_state[_WANTED] = place


def target(place: str) -> None:
    """Where the window goes when it was asked to."""
    if st.session_state.get(_WANTED) != place:
        return
    del st.session_state[_WANTED]
    times = st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    _PART(key=f"scroll_{place}", data={"times": times}, height="content")
