"""Ways to choose one of a few things."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def in_address(name: str, key: str, options: Sequence[str]) -> str:
    """Have the page's address tell a choice, so that a reload, a link and the browser's Back button
    lead to it; returns it. To be called before the widget that chooses.

    Args:
        name: in the address; what stands there is a stranger's, and passed over if it is no option.
        key: of the widget in the session.
        options: its values; the first is chosen where nothing is.
    """
    asked, seen = st.query_params.get(name), f"{key}_in_address"
    if asked in options and asked != st.session_state.get(seen):
        st.session_state[key] = asked
    kept = st.session_state.get(key)
    chosen = str(kept) if kept in options else options[0]
    if asked != chosen:
        st.query_params[name] = chosen
    st.session_state[seen] = chosen
    return chosen


def choose_one(
    label: str,
    options: Mapping[str, str] | Sequence[str],
    key: str,
    place: DeltaGenerator | None = None,
    default: str | None = None,
    **more: Any,
) -> str:
    """Options side by side, one of which is always chosen, and stays so all over the app.

    Args:
        options: keys with what they are called, or words.
        default: the key that is chosen at first (default: the first one).
        key: of the choice in the session; where that has one of the options already, it is kept.
        place: where to put it (default: here).
        more: further arguments of `st.segmented_control`, such as `help`.
    """
    names = options if isinstance(options, Mapping) else {word: word for word in options}
    if st.session_state.get(key) not in names:
        st.session_state.pop(key, None)
        more["default"] = next(iter(names)) if default is None else default
    here: Any = place or st
    return here.segmented_control(
        label,
        list(names),
        format_func=names.__getitem__,
        required=True,
        key=key,
        persist_state="session",
        **more,
    )
