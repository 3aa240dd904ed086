"""Ways to choose one of a few things."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_PAGE, _BEFORE = "page", "page_before"
"""Of the session: the page of this run, and of the one before."""


def arrive(page: str) -> None:
    """To be called with the name of the page at the beginning of each of its runs."""
    st.session_state[_BEFORE] = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page


def in_address(name: str, key: str, options: Mapping[str, str]) -> str:
    """Have the page's address tell a choice, so that a reload, a link and the browser's Back button
    lead to it; returns it. To be called before the widget that chooses.

    Args:
        name: in the address; what stands there is a stranger's, and passed over if it is no option.
        key: of the widget in the session.
        options: its values, with what the address calls them; the first is chosen where nothing is,
            and needs no address.
    """
    first, by_name = next(iter(options)), {word: value for value, word in options.items()}
    asked, seen = st.query_params.get(name), st.session_state.get(f"{key}_in_address")
    if asked in by_name and (asked != seen or key not in st.session_state):
        st.session_state[key] = by_name[asked]
    elif asked is None and seen in by_name:
        # By the Back button; or from another page, where one goes on as one left.
        st.session_state[key] = first if _stayed() else by_name[seen]
    kept = st.session_state.get(key)
    chosen = str(kept) if kept in options else first
    if chosen != first and asked != options[chosen]:
        st.query_params[name] = options[chosen]
    elif chosen == first and asked not in (None, options[first]):
        del st.query_params[name]
    st.session_state[f"{key}_in_address"] = st.query_params.get(name)
    return chosen


def _stayed() -> bool:
    """Whether the run before this one was of the same page."""
    return st.session_state.get(_BEFORE) == st.session_state.get(_PAGE)


class AddressPart:
    """Our names in a page's address, for what no single widget chooses.

    Args:
        names: those in the address.
        key: of what it said last, in the session.
    """

    def __init__(self, names: Sequence[str], key: str) -> None:
        self.names, self.key = names, key

    def now(self) -> dict[str, str]:
        """What the address says, without what is empty."""
        found = st.query_params.to_dict()
        return {name: found[name] for name in self.names if found.get(name)}

    def news(self) -> dict[str, str]:
        """The same, once for each time that someone else wrote it there; else empty."""
        now = self.now()
        if now == st.session_state.get(self.key):
            return {}
        if now:
            st.session_state[self.key] = now
        return now

    def emptied(self) -> bool:
        """Whether someone else took all of it out of the address since the last run of this page,
        as the browser's Back button does; a run that begins on another page says nothing."""
        return _stayed() and bool(st.session_state.get(self.key)) and not self.now()

    def write(self, wanted: Mapping[str, str]) -> None:
        """Have the address say this, beside what is not ours."""
        st.session_state[self.key] = dict(wanted)
        if wanted != self.now():
            found = st.query_params.to_dict()
            others = {name: value for name, value in found.items() if name not in self.names}
            st.query_params.from_dict({**others, **wanted})


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
    return (place or st).segmented_control(
        label,
        list(names),
        format_func=names.__getitem__,
        required=True,
        wrap=True,
        key=key,
        persist_state="session",
        **more,
    )
