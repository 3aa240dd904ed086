"""The sidebar of the Dataset page: which images to look at. The page's address tells it, so that a
reload, a link and the browser's Back button lead to the same images."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st

from core.ham10000.explore import Filters
from ui.choices import AddressPart
from ui.dataset import words
from ui.dataset.selection import clear, narrowed, picked, to_first_page
from ui.text import as_text

AMONG = ("dx", "localization", "sex", "dx_type", "split")
AGES = (0, 90)
YEARS = 5
"""HAM10000 gives ages in such steps."""
_ROUND = "filter_round"
_PART = AddressPart((*AMONG, "age", "age_unknown", "photos"), "filters_seen")


def show(table: pd.DataFrame) -> np.ndarray:
    """Draw the filters; returns which rows of the table of facts pass, bool."""
    if now := _PART.news():
        _follow(now, table)
    elif _PART.emptied():
        reset()
    with st.sidebar:
        st.markdown("**Filter**")
        place = st.container()
        filters = Filters(
            among={c: _choices(table, c) for c in AMONG if c in table},
            ages=_ages() if "age" in table else None,
            age_unknown=_age_unknown(table) if "age" in table else True,
            photos=_photos(table),
        )
        passes = filters.passing(table)
        _PART.write(_told(filters, table))
        with place:
            lesions = table["lesion"]
            st.markdown(
                f"**{passes.sum():,}** of {len(table):,} images, "
                f"**{lesions[passes].nunique():,}** of {lesions.nunique():,} lesions"
            )
            chosen = picked()
            if chosen:
                both = int(narrowed(table[passes]).shape[0])
                st.markdown(f"**{both:,}** of them picked in a chart: {as_text(chosen.label)}")
            st.button(
                "Reset filters",
                icon=":material/filter_alt_off:",
                on_click=reset,
                width="stretch",
                disabled=bool(passes.all()) and not chosen,
            )
    return passes


def reset() -> None:
    """Everything passes again, and nothing is picked: the widgets start again under other keys."""
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    clear()


def _follow(now: Mapping[str, str], table: pd.DataFrame) -> None:
    """Set the filters as an address says; what stands there is a stranger's, and passed over if it
    means nothing."""
    reset()
    for column in AMONG:
        if column in now and column in table:
            asked = now[column].split(",")
            st.session_state[_key(column)] = [v for v in _values(table, column) if v in asked]
    most = int(table["photos"].max())
    for name, least, last in (("age", *AGES), ("photos", 1, most)):
        if found := re.fullmatch(r"(\d{1,3})-(\d{1,3})", now.get(name, "")):
            low, high = sorted(min(max(int(end), least), last) for end in found.groups())
            step = YEARS if name == "age" else 1
            st.session_state[_key(name)] = low // step * step, -(-high // step) * step
    if now.get("age_unknown") == "no":
        st.session_state[_key("age_unknown")] = False


def _told(filters: Filters, table: pd.DataFrame) -> dict[str, str]:
    """What the address says of the filters; nothing of those that let all pass."""
    said = {column: ",".join(values) for column, values in filters.among.items() if values}
    if filters.ages and filters.ages != AGES:
        said["age"] = "-".join(map(str, filters.ages))
    if not filters.age_unknown:
        said["age_unknown"] = "no"
    if filters.photos and filters.photos != (1, int(table["photos"].max())):
        said["photos"] = "-".join(map(str, filters.photos))
    return said


def _values(table: pd.DataFrame, column: str) -> list[str]:
    """Those of a column that occur."""
    return list(table[column].cat.remove_unused_categories().cat.categories)


def _key(name: str) -> str:
    return f"filter_{name}_{st.session_state.get(_ROUND, 0)}"


def _choices(table: pd.DataFrame, column: str) -> list[str]:
    return st.multiselect(
        words.title(column),
        _values(table, column),
        format_func=lambda value: words.name(column, value),
        placeholder="Any",
        key=_key(column),
        persist_state="session",
        on_change=to_first_page,
    )


def _ages() -> tuple[int, int]:
    return st.slider(
        words.title("age"),
        *AGES,
        AGES,
        YEARS,
        key=_key("age"),
        persist_state="session",
        on_change=to_first_page,
        help="HAM10000 gives ages in steps of five years.",
    )


def _age_unknown(table: pd.DataFrame) -> bool:
    missing = int(table["age"].isna().sum())
    return st.checkbox(
        f"Also the {missing:,} images without an age",
        True,
        key=_key("age_unknown"),
        persist_state="session",
        on_change=to_first_page,
        disabled=not missing,
    )


def _photos(table: pd.DataFrame) -> tuple[int, int] | None:
    most = int(table["photos"].max())
    if most == 1:
        return None
    return st.slider(
        "Images per lesion",
        1,
        most,
        (1, most),
        key=_key("photos"),
        persist_state="session",
        on_change=to_first_page,
    )
