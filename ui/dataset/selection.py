"""What is picked in the charts: a click, a box, a lasso or a region of the map becomes a set of
images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.ham10000.explore import matching
from ui.dataset import words
from ui.parts import scroll

PICKED = "dataset_picked"
_PAGES = "dataset_pages"
_ROUNDS = "dataset_rounds"
_REGION = "region"
MAP = ("map", _REGION)
"""Names of the charts that are the map."""
_WHOLE = (0, 100)
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
    """Images picked in a chart, by their ids, and what they are in words."""

    chart: str
    label: str
    ids: frozenset[str]


_SIDES = {"x": "From the left edge", "y": "From the bottom edge"}
"""The map's columns, and how far a region reaches along each, in percent."""


def show(chart: Chart, table: pd.DataFrame, name: str, modes: Sequence[str] = ("points",)) -> None:
    """Draw a chart of (some) images in the table; what is picked in it is remembered.

    Args:
        name: tells it from the other charts of the page.
        modes: how to pick: `points`, `box`, `lasso`.
    """
    key = _key(name)
    st.plotly_chart(
        chart.figure,
        key=key,
        alt=chart.alt,
        on_select=partial(_pick, key, name, chart.columns, table),
        selection_mode=modes,  # type: ignore[arg-type]
        config={"displayModeBar": len(modes) > 1, "displaylogo": False, "scrollZoom": False},
    )


def region(table: pd.DataFrame) -> None:
    """Two sliders that pick a rectangle of the map: its lasso for the keyboard."""
    for axis, title in _SIDES.items():
        st.slider(
            title,
            *_WHOLE,
            _WHOLE,
            format="%d %%",
            key=_key(_REGION, axis),
            on_change=partial(_pick_region, table),
        )


def rectangle(table: pd.DataFrame) -> dict[str, float] | None:
    """The region that is picked, in the map's own coordinates: `x0`, `x1`, `y0`, `y1`. None, while
    it is the whole map."""
    shares = {axis: st.session_state.get(_key(_REGION, axis), _WHOLE) for axis in _SIDES}
    if all(tuple(share) == _WHOLE for share in shares.values()) or table["x"].isna().all():
        return None
    corners = {}
    for axis, share in shares.items():
        least, most = table[axis].min(), table[axis].max()
        for end, percent in enumerate(share):
            corners[f"{axis}{end}"] = float(least + (most - least) * percent / 100)
    return corners


def picked() -> Picked | None:
    """What is picked at present."""
    return st.session_state.get(PICKED)


def narrowed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table that are picked; all, while nothing is."""
    chosen = picked()
    return table if chosen is None else table[table.index.isin(chosen.ids)]


def header(shown: pd.DataFrame) -> None:
    """How many images are shown below, and what is picked, as a button that lets go of it."""
    scroll.target(PICKED)
    row = st.container(horizontal=True, vertical_alignment="center")
    images, lesions = len(shown), shown["lesion"].nunique()
    of = f" of {lesions:,} lesion{'s' * (lesions != 1)}" if lesions < images else ""
    row.header(f"{images:,} image{'s' * (images != 1)}{of}", anchor=False)
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
        if name not in MAP and (before is None or before.chart != name):
            scroll.ask(PICKED)
    to_first_page()


def _pick_region(table: pd.DataFrame) -> None:
    before, corners = picked(), rectangle(table)
    if before is not None and before.chart != _REGION:
        _forget_marks(before.chart)
    if corners is None:
        st.session_state.pop(PICKED, None)
    else:
        inside = table["x"].between(corners["x0"], corners["x1"]) & table["y"].between(
            corners["y0"], corners["y1"]
        )
        ids = frozenset(table.index[inside])
        st.session_state[PICKED] = Picked(_REGION, _on_the_map(ids), ids)
    to_first_page()


def _key(name: str, part: str = "") -> str:
    return f"dataset_{name}{part}_{st.session_state.get(_ROUNDS, {}).get(name, 0)}"


def _forget_marks(name: str) -> None:
    """A chart's own marks go only with the chart: it is drawn again under another key."""
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
        return _on_the_map(ids)
    named = [
        ", ".join(words.name(column, v) for column, v in zip(columns, value, strict=True))
        for value in sorted(values, key=str)
    ]
    return " + ".join(named) if len(named) <= _NAMED else f"{len(named)} bars: {len(ids):,} images"


def _on_the_map(ids: frozenset[str]) -> str:
    return next(iter(ids)) if len(ids) == 1 else f"{len(ids):,} on the map"
