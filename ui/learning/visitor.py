"""Who practises: a nickname in this browser."""

from __future__ import annotations

import streamlit as st

from core.learning.database import LearningError
from core.learning.records import Profile
from core.learning.store import LONGEST_NICKNAME, Store
from ui.browser import browser_key, keeps_cookies
from ui.text import as_text

_CHOSEN, _PROBLEM = "learner", "learner_problem"
WHERE = (
    "Answers are kept on LesionLab's computer, below a nickname and a random key of this browser. "
    "No other browser can open them, whatever nickname it names; whoever uses this browser can. "
    "Choose a nickname that does not tell who you are."
)


def profile(store: Store) -> Profile | None:
    """Who practises in this session: as chosen, else who did so last in this browser."""
    known = store.profiles(browser_key())
    chosen = st.session_state.get(_CHOSEN)
    return next((p for p in known if p.id == chosen), known[0] if known else None)


def ask(label: str = "Begin") -> None:
    """The form for a nickname."""
    if not keeps_cookies():
        st.warning(
            "This browser keeps no cookies for LesionLab, so your answers can only be found again "
            "while this tab is open. Allow cookies for this address and load the page again.",
            icon=":material/cookie_off:",
        )
    with st.form("nickname_form", border=False):
        st.text_input(
            "Nickname", key="nickname", max_chars=LONGEST_NICKNAME, autocomplete="off", width=320
        )
        st.form_submit_button(label, type="primary", on_click=_enter)
    if problem := st.session_state.pop(_PROBLEM, None):
        st.error(as_text(problem))
    st.caption(WHERE)


def bar(store: Store, me: Profile) -> None:
    """Who practises, and how somebody else does."""
    with st.popover(as_text(me.nickname), icon=":material/person:", help="Who practises"):
        others = [p for p in store.profiles(browser_key()) if p.id != me.id]
        for other in others:
            st.button(
                as_text(other.nickname),
                key=f"learner_{other.id}",
                icon=":material/person:",
                on_click=_use,
                args=(other.nickname,),
            )
        ask("Go on as this one")


def _enter() -> None:
    _use(str(st.session_state.get("nickname") or ""))


def _use(nickname: str) -> None:
    try:
        st.session_state[_CHOSEN] = Store.open().profile(browser_key(), nickname).id
    except LearningError as error:
        st.session_state[_PROBLEM] = str(error)
