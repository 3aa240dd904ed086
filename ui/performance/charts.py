"""The frame that every chart of the Performance page gets, and the charts that tabs share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.batch.tables import sheet
from core.evaluation.figures import Figure
from core.report.downloads import DISCLAIMER
from core.taxonomy import DIAGNOSES, KEYS
from ui import files
from ui.figures import colour, option, text_colour
from ui.figures import figure as themed
from ui.figures import is_dark as dark

TWO_LINES = 66
"""Height of such a row in pixels. Streamlit breaks lines only in rows higher than 64."""

DASHES = ("solid", "dot", "dash", "longdash", "dashdot", "longdashdot", "2px 5px")
SYMBOLS = tuple(d.marker for d in DIAGNOSES)
"""Of lines that stand for no diagnosis, in turn."""
_INTERVAL = r"^(?P<is>[+-]?[\d.]+)(?:\s\((?P<from>[+-]?[\d.]+)\sto\s(?P<to>[+-]?[\d.]+)\))?$"
"""A figure as `Figure.text` writes it."""


def first_column() -> ColumnConfig:
    """Of a table, the column that names the rows: it stays while the others scroll, and leaves them
    half of a phone. Longer names go on in a second line where rows have `TWO_LINES`."""
    return st.column_config.TextColumn(pinned=True, width=210)


def line(key: str) -> dict[str, Any]:
    """A diagnosis' line: its colour and dashes."""
    return {"color": colour(key, dark()), "dash": DASHES[KEYS.index(key)], "width": 2}


def accent() -> str:
    """Teal of the theme, with full contrast, for what is no diagnosis."""
    return "#6CC7CF" if dark() else "#0B6B74"


def faint() -> str:
    """Lines to compare with: diagonals, limits."""
    return "#8DA0A6" if dark() else "#6A7C82"


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with readable words. For shares 0…1 add `range=SHARES`."""
    return {
        "title": {"text": title, "font": {"color": text_colour(dark()), "size": 13}},
        "gridcolor": "#26373C" if dark() else "#E2EAEC",
        "zeroline": False,
        **more,
    }


SHARES = (-0.02, 1.02)
MOST_TIMES = 5
"""At an axis of times."""


def in_order(times: Sequence[datetime]) -> dict[str, Any]:
    """An axis of what happened one after the other, at 0, 1, 2 …, with the time of some of them:
    on an axis of time a single one has no scale, and those of one evening lie upon each other."""
    every = math.ceil(len(times) / MOST_TIMES) or 1
    places = list(range(0, len(times), every))
    below = "%H:%M" if len({time.year for time in times}) == 1 else "%Y"
    return axis(
        "When",
        range=(-0.5, len(times) - 0.5),
        tickvals=places,
        ticktext=[f"{times[place]:%d %b}<br>{times[place]:{below}}" for place in places],
        tickangle=0,
    )


def figure(traces: Sequence[dict[str, Any]], height: int, **layout: Any) -> go.Figure:
    """A figure with the looks of the page; a line at its top says what it is for, also when
    saved."""
    ground = option("backgroundColor")
    looks = {
        "margin": {"l": 0, "r": 12, "t": 56, "b": 40},
        # An own background, so that the saved picture can be read on any page.
        "paper_bgcolor": ground,
        "plot_bgcolor": ground,
        "hoverlabel": {"namelength": -1},
        "title": {
            "text": DISCLAIMER,
            "font": {"size": 10, "color": faint(), "weight": 400},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 6},
        },
    }
    return themed(traces, height, dark(), 13, **looks | {"legend": None} | layout)


def lines(x: Any, y: Any, name: str, line: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A trace: a line through points."""
    found = {"type": "scatter", "x": x, "y": y, "mode": "lines", "name": name, "line": line}
    return found | more


def nth(place: int, shade: str) -> dict[str, Any]:
    """The looks of the nth of several lines, so that each differs from its neighbours: mode, line
    and marker of `lines`."""
    return {
        "mode": "lines+markers",
        "line": {"color": shade, "dash": DASHES[place % len(DASHES)]},
        "marker": {"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 9},
    }


def guide(at: float, words: str) -> dict[str, Any]:
    """Layout for a dotted upright line across a figure, with words at its top."""
    over_all = {"xref": "x", "yref": "paper"}
    looks = {"color": faint(), "dash": "dot"}
    ink = {"color": text_colour(dark()), "size": 12}
    line = {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "line": looks}
    note = {"text": words, "x": at, "y": 1, "showarrow": False, "yanchor": "bottom", "font": ink}
    return {"shapes": [line | over_all], "annotations": [note | over_all]}


def show(
    drawn: go.Figure, name: str, alt: str, reading: str, table: pd.DataFrame, **more: Any
) -> Any:
    """A chart with its reading help and its downloads.

    Args:
        drawn: as `figure` made it.
        name: of the files and of the widgets.
        alt: the chart in words, for screen readers.
        reading: one line on how to read it.
        table: its figures, for the CSV file.
        more: for `st.plotly_chart`.
    """
    event = st.plotly_chart(
        drawn,
        alt=alt,
        key=f"chart_{name}",
        config={
            "displayModeBar": True,
            "displaylogo": False,
            "scrollZoom": False,
            "modeBarButtons": [["toImage"]],
            "toImageButtonOptions": {"format": "png", "scale": 2, "filename": f"lesionlab-{name}"},
        },
        **more,
    )
    st.caption(f":material/menu_book: {reading} The camera above the chart saves it as PNG.")
    download(table, name)
    return event


def metric(name: str, value: str, ends: str, width: int, meaning: str | None = None) -> None:
    """A figure in large, its interval below, its meaning on asking."""
    st.metric(
        name,
        value,
        ends,
        delta_color="off",
        delta_arrow="off",
        border=True,
        width=width,
        help=meaning,
    )


def download(table: pd.DataFrame, name: str) -> None:
    """A button that saves a table as CSV; a column says that it is for teaching only."""
    files.download(
        "CSV",
        lambda: sheet(_apart(table)),
        f"lesionlab-{name}.csv",
        key=f"csv_{name}",
        help="The figures of this as a table",
    )


def _apart(table: pd.DataFrame) -> pd.DataFrame:
    """The same with a figure and the ends of its interval in columns of their own, as numbers; a
    lone dash, which stands for no figure, is empty, and other words stay."""
    columns = {}
    for name, cells in table.items():
        parts = cells.astype(str).str.replace("−", "-").str.extract(_INTERVAL)
        if parts["from"].isna().all():
            columns[name] = cells
        else:
            figures = parts["is"].fillna(cells.mask(cells == "–"))
            columns |= {name: figures, f"{name} from": parts["from"], f"{name} to": parts["to"]}
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class Row:
    """One line of a forest plot; its figure's value is None where there was nothing to measure."""

    label: str
    figure: Figure
    note: str
    colour: str
    symbol: str = "circle"

    @property
    def known(self) -> bool:
        """Whether there was something to measure."""
        return self.figure.value is not None


def forest(
    rows: Sequence[Row], measure: str, reference: float | None = None, name: str = ""
) -> go.Figure:
    """Values one below the other, with 95 % intervals where they have any; a dotted line for
    `reference`. The title fits on a phone."""
    shown = [r for r in rows if r.known]
    intervals = any(None not in (r.figure.low, r.figure.high) for r in rows)
    title = f"{measure},<br>with 95 % interval" if intervals else measure
    traces: list[dict[str, Any]] = []
    for row in shown:
        value = row.figure.value or 0.0
        low = value if row.figure.low is None else row.figure.low
        high = value if row.figure.high is None else row.figure.high
        traces.append(
            {
                "type": "scatter",
                "x": [value],
                "y": [row.label],
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [high - value],
                    "arrayminus": [value - low],
                    "color": row.colour,
                    "thickness": 2,
                    "width": 5,
                    "visible": None not in (row.figure.low, row.figure.high),
                },
                "mode": "markers",
                "marker": {"color": row.colour, "symbol": row.symbol, "size": 11},
                "hovertemplate": f"%{{y}}<br>{measure} {row.figure.text()}"
                f"<br>{row.note}<extra></extra>",
                "showlegend": False,
            }
        )
    return figure(
        traces,
        125 + 32 * max(len(shown), 2),
        xaxis=axis(title, range=SHARES),
        yaxis=axis("", autorange="reversed", ticksuffix=" "),
        **({} if reference is None else guide(reference, f"{name} {reference:.3f}")),
    )


def forest_table(rows: Sequence[Row]) -> pd.DataFrame:
    """The figures of a forest plot."""
    return pd.DataFrame(
        [(r.label, r.figure.value, r.figure.low, r.figure.high, r.note) for r in rows],
        columns=["what", "value", "low", "high", "n"],
    )
