"""Controls that many pages have."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.taxonomy import BY_KEY, ORDER


def confirm(
    title: str,
    text: str,
    yes: str,
    do: Callable[..., None],
    *args: Any,
    icon: str = ":material/delete:",
    no: str = "Keep it",
    key: str | None = None,
) -> None:
    """Open a dialog with a question and two buttons that close it.

    Args:
        text: what follows from a yes, in Markdown.
        yes: the button that does it, with `icon` and `key`.
        no: the one that does nothing.
    """

    @st.dialog(title)
    def ask() -> None:
        st.write(text)
        with st.container(horizontal=True):
            if st.button(yes, type="primary", icon=icon, key=key, on_click=do, args=args):
                st.rerun()
            if st.button(no):
                st.rerun()

    ask()


def select(
    label: str,
    names: Mapping[str, str],
    key: str,
    place: DeltaGenerator | None = None,
    **more: Any,
) -> str:
    """One of a list that unfolds; it stays chosen all over the app.

    Args:
        names: the options, with what they are called.
        place: where to put it (default: here).
        more: further arguments of `st.selectbox`.
    """
    return (place or st).selectbox(
        label,
        list(names),
        format_func=lambda option: names.get(option, option),
        key=key,
        persist_state="session",
        **more,
    )


def choose_diagnosis(
    label: str,
    key: str,
    first: str,
    place: DeltaGenerator | None = None,
    among: Sequence[str] = ORDER,
    **more: Any,
) -> str:
    """One of a list of diagnoses that unfolds.

    Args:
        first: the key of the one that is chosen at first.
        place: where to put it (default: here).
        among: the keys to choose from.
        more: further arguments of `st.selectbox`; with `persist_state` it stays all over the app.
    """
    start = among.index(first)
    return (place or st).selectbox(
        label, among, start, format_func=lambda k: BY_KEY[k].name, key=key, **more
    )


def percent_slider(
    label: str,
    least: int,
    most: int,
    first: int,
    step: int = 1,
    *,
    key: str,
    place: DeltaGenerator | None = None,
    **more: Any,
) -> float:
    """A share 0…1, chosen in whole percent; it stays so all over the app.

    Args:
        first: the percentage at first.
        place: where to put it (default: here).
        more: further arguments of `st.slider`.
    """
    chosen = (place or st).slider(
        label, least, most, first, step, format="%d %%", key=key, persist_state="session", **more
    )
    return float(chosen / 100)
