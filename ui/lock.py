"""The teacher's lock as a visitor meets it: closed doors that say why, and where to enter the
secret."""

import streamlit as st

from ui import access
from ui.text import as_text

_WRONG = "lock_wrong"
"""Of the session: the form in which a wrong secret was entered just now."""


def show() -> None:
    """Above every page, where there is a lock: whether it is open for this session, and the form
    that opens or closes it."""
    if not access.has_lock():
        return
    if access.is_unlocked():
        with st.popover(
            "Unlocked", key="lock", icon=":material/lock_open:", help="The teacher's lock"
        ):
            st.write(
                "In this browser tab you may start and delete trainings, choose the models that "
                "everybody gets, import, and name files of LesionLab's computer, until you lock "
                "it, or close or reload the tab."
            )
            st.button("Lock again", key="lock_again", icon=":material/lock:", on_click=access.lock)
    else:
        with st.popover("Teacher", key="lock", icon=":material/lock:", help="The teacher's lock"):
            _form("lock")


def notice(what: str, key: str) -> bool:
    """Say, where an action would be offered, that it is closed to this visitor, why, and what
    opens it.

    Args:
        what: that is closed, the beginning of a sentence: "Importing photos".
        key: of this place.

    Returns:
        Whether it is open; then nothing is shown.
    """
    found = access.check()
    if found.allowed:
        return True
    with st.container(border=True):
        st.markdown(f":material/lock: **{what} is locked.** {as_text(found.reason)}")
        if found.locked:
            _form(key)
    return False


def _form(key: str) -> None:
    with (
        st.form(f"{key}_form", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "Teacher's secret",
            type="password",
            key=f"{key}_secret",
            autocomplete="off",
            max_chars=200,
            width=260,
        )
        st.form_submit_button(
            "Unlock", icon=":material/lock_open:", on_click=_enter, args=(f"{key}_secret",)
        )
    if st.session_state.get(_WRONG) == key:
        del st.session_state[_WRONG]
        st.error("That is not the secret. Nothing was opened.")


def _enter(key: str) -> None:
    if not access.unlock(str(st.session_state.get(key) or "")):
        st.session_state[_WRONG] = key.removesuffix("_secret")
