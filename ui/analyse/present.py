"""Asking for the presentation view from anywhere on the page."""

import streamlit as st

from ui.parts import scroll

PRESENT = "present"
"""Of the session: whether the presentation is on."""


PLAYLIST = "playlist"
"""Of the session: ids of the cases to be shown, in their order; a list."""


def ask() -> None:
    """Begin it with the next run of the page."""
    st.session_state[PRESENT] = True


def asked() -> bool:
    """Whether it is on."""
    return bool(st.session_state.get(PRESENT))


def leave() -> None:
    """Back to the page."""
    st.session_state[PRESENT] = False
    scroll.ask(scroll.ANSWER)
