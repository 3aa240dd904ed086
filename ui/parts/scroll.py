"""Bringing into the window what has changed elsewhere on the page."""

import streamlit as st

from ui.parts.files import part

_PART = part("scroll", '<span tabindex="-1"></span>')
ANSWER = "answer"
"""A place: the photo of the Analyse page with its answer."""
_WANTED = "scroll_to"
_CONTROL = "scroll_to_control"
_TIMES = "scroll_times"


def ask(place: str) -> None:
    """The window will go to that place, when it is next drawn."""
    st.session_state[_WANTED] = place


def ask_control(key: str) -> None:
    """The keyboard will go to the control of that key in the session, once the page is drawn, if it
    has lost its place: where Streamlit makes anew what had it, Tab would begin at the page's top.
    """
    st.session_state[_CONTROL] = key


def control() -> None:
    """To be drawn below every page: sends the keyboard where it was asked to."""
    if key := st.session_state.pop(_CONTROL, None):
        _go("control", control=key)


def target(place: str, if_hidden: bool = False) -> None:
    """Where the window goes, and the keyboard with it, when it was asked to.

    Args:
        if_hidden: stay where this can be seen already, and else leave room for the page's head
            above it; otherwise it comes to the window's top.
    """
    if st.session_state.get(_WANTED) != place:
        return
    del st.session_state[_WANTED]
    _go(place, ifHidden=if_hidden, focus=True)


def _go(name: str, **how: bool | str) -> None:
    times = st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    data = {"moment": str(times), "first": True, **how}
    _PART(key=f"scroll_{name}", data=data, height="content")


def follow(moment: str, focus: bool = False) -> None:
    """Where the window goes, whenever the moment is another one, if this cannot be seen; with
    `focus` the keyboard goes here in any case. To be drawn always."""
    data = {"moment": moment, "first": False, "ifHidden": True, "focus": focus}
    _PART(key="scroll_follow", data=data, height="content")
