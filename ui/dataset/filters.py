"""The sidebar of the Dataset page: which images to look at."""

import numpy as np
import pandas as pd
import streamlit as st

from core.ham10000.explore import Filters
from ui.dataset import words
from ui.dataset.selection import clear, narrowed, picked, to_first_page
from ui.text import as_text

AMONG = ("dx", "localization", "sex", "dx_type", "split")
AGES = (0, 90)
_ROUND = "filter_round"


def show(table: pd.DataFrame) -> np.ndarray:
    """Draw the filters; returns which rows of the table of facts pass, bool."""
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


def _key(name: str) -> str:
    return f"filter_{name}_{st.session_state.get(_ROUND, 0)}"


def _choices(table: pd.DataFrame, column: str) -> list[str]:
    return st.multiselect(
        words.title(column),
        list(table[column].cat.remove_unused_categories().cat.categories),
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
        5,
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
