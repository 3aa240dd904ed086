"""Who practises: a nickname in this browser."""

from collections.abc import Sequence

import streamlit as st

from core.learning.records import Profile
from core.learning.store import LONGEST_NICKNAME, Store
from ui.browser import browser_key, keeps_cookies
from ui.learning import problems
from ui.text import as_text

_CHOSEN = "learner"
WHERE = (
    "Answers are kept on LesionLab's computer, under a nickname and a random key of this browser. "
    "No other browser can open them, whatever nickname it names; whoever uses this browser can. "
    "Choose a nickname that does not reveal who you are."
)


def profiles(store: Store) -> list[Profile]:
    """Those of this browser; the first is who practises in this session: as chosen, else who did so
    last."""
    chosen = st.session_state.get(_CHOSEN)
    return sorted(store.profiles(browser_key()), key=lambda profile: profile.id != chosen)


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
    st.caption(WHERE)


def bar(me: Profile, others: Sequence[Profile]) -> None:
    """Who practises, and how somebody else does."""
    with st.popover(as_text(me.nickname), icon=":material/person:", help="Who practises"):
        for other in others:
            st.button(
                as_text(other.nickname),
                key=f"learner_{other.id}",
                icon=":material/person:",
                on_click=_use,
                args=(other.nickname,),
            )
        ask("Switch to this nickname")


def _enter() -> None:
    _use(str(st.session_state.get("nickname") or ""))


def _use(nickname: str) -> None:
    with problems.action():
        st.session_state[_CHOSEN] = Store.open().profile(browser_key(), nickname).id
