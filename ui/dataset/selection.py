"""What is picked in the charts: a click, a box or a lasso becomes a set of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.ham10000.explore import matching
from ui.dataset import words

PICKED = "dataset_picked"
_PAGES = "dataset_pages"
_ROUNDS = "dataset_rounds"
_NAMED = 3
"""Of more bars than this, only the number is given."""


@dataclass(frozen=True)
class Chart:
    """A figure whose marks stand for images.

    Attributes:
        figure: each mark's `customdata` has its values of `columns`: one, or a list.
        alt: the chart in words.
        columns: names of columns of the table of facts.
    """

    figure: go.Figure
    alt: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Picked:
    """Images picked in a chart.

    Attributes:
        chart: where.
        label: what they are, in words.
        ids: image ids.
    """

    chart: str
    label: str
    ids: frozenset[str]


def show(chart: Chart, table: pd.DataFrame, name: str, modes: Sequence[str] = ("points",)) -> None:
    """Draw a chart of (some) images in the table; what is picked in it is remembered.

    Args:
        name: tells it from the other charts of the page.
        modes: how to pick: `points`, `box`, `lasso`.
    """
    key = f"dataset_{name}_{st.session_state.get(_ROUNDS, {}).get(name, 0)}"
    st.plotly_chart(
        chart.figure,
        key=key,
        alt=chart.alt,
        on_select=partial(_pick, key, name, chart.columns, table),
        selection_mode=modes,  # type: ignore[arg-type]
        config={"displayModeBar": len(modes) > 1, "displaylogo": False, "scrollZoom": False},
    )


def picked() -> Picked | None:
    """What is picked at present."""
    return st.session_state.get(PICKED)


def narrowed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that are picked; all, while nothing is."""
    chosen = picked()
    return table if chosen is None else table[table.index.isin(chosen.ids)]


def header(shown: pd.DataFrame) -> None:
    """How many images are shown below, and what is picked, as a button that lets go of it."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.header(f"{len(shown):,} image{'s' * (len(shown) != 1)}", anchor=False)
    if chosen := picked():
        row.button(
            chosen.label,
            icon=":material/close:",
            key="dataset_clear",
            help="Show all that pass the filters again",
            on_click=clear,
        )


def clear() -> None:
    """Clear the selection."""
    if chosen := st.session_state.pop(PICKED, None):
        _forget_marks(chosen.chart)
    to_first_page()


def to_first_page() -> None:
    """Whatever the gallery shows next, it begins with the first page."""
    st.session_state[_PAGES] = st.session_state.get(_PAGES, 0) + 1


def page_key() -> str:
    """The key of the gallery's page number."""
    return f"dataset_page_{st.session_state.get(_PAGES, 0)}"


def _pick(key: str, name: str, columns: tuple[str, ...], table: pd.DataFrame) -> None:
    points = st.session_state[key]["selection"]["points"]
    values = {_values(point.get("customdata")) for point in points}
    values = {value for value in values if len(value) == len(columns)}
    before = picked()
    if not values:
        if before is not None and before.chart == name:
            del st.session_state[PICKED]
    else:
        if before is not None and before.chart != name:
            _forget_marks(before.chart)
        ids = frozenset(table.index[matching(table, columns, values)])
        st.session_state[PICKED] = Picked(name, _label(columns, values, ids), ids)
    to_first_page()


def _forget_marks(name: str) -> None:
    """A chart's own marks go only with the chart: it is drawn anew under another key."""
    rounds = st.session_state.setdefault(_ROUNDS, {})
    rounds[name] = rounds.get(name, 0) + 1


def _values(custom: object) -> tuple[object, ...]:
    if isinstance(custom, dict):  # of typed arrays, the browser tells {"0": …}
        custom = list(custom.values())
    if isinstance(custom, (list, tuple)):
        return tuple(custom)
    return () if custom is None else (custom,)


def _label(columns: tuple[str, ...], values: set[tuple[object, ...]], ids: frozenset[str]) -> str:
    if columns == ("number",):
        return f"{len(ids):,} on the map" if len(ids) != 1 else next(iter(ids))
    named = [
        ", ".join(words.name(column, v) for column, v in zip(columns, value, strict=True))
        for value in sorted(values, key=str)
    ]
    return " + ".join(named) if len(named) <= _NAMED else f"{len(named)} bars: {len(ids):,} images"
