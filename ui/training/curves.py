"""What a run learned, epoch by epoch; for one run, and for several over each other."""

from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from core.evaluation.metrics import column_title
from ui.figures import option
from ui.performance import charts, learning
from ui.text import as_plain_html
from ui.training import words


def show(table: pd.DataFrame, live: pd.DataFrame, name: str, active: bool) -> None:
    """Losses above, measures of validation and the learning rate below.

    Args:
        table: rows of a run's `metrics.csv`, an epoch each; may be empty if `live` is not.
        live: points between the epochs, see `train.jobs.watch.read_live`.
        name: for its widgets and files.
        active: whether it may go on by itself.
    """
    ends = ", ".join(
        f"{column_title(c)} from {table[c].iloc[0]:.3f} to {table[c].iloc[-1]:.3f}"
        for c in columns({"": table})
    )
    alt = f"Learning curves over {len(table)} finished epochs. {ends}"
    said = "is the best so far" if active else "was kept"
    learning.show_curves(table, name, alt, said, live)


def columns(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Columns that can be drawn for at least one run, the most telling first."""
    found = dict.fromkeys(str(c) for table in tables.values() for c in table)
    measured = words.measures({c: 0.0 for c in found})
    return [*measured, *(c for c in ("train_loss",) if c in found)]


def overlaid(tables: Mapping[str, pd.DataFrame], column: str) -> go.Figure:
    """One column of several runs; each run's line has dashes and markers of its own.

    Args:
        tables: rows of `metrics.csv` by the run's name, in the order of the legend.
    """
    colours = option("chartCategoricalColors")
    traces = []
    for place, (name, table) in enumerate(tables.items()):
        if column not in table:
            continue
        looks = charts.nth(place, colours[place % len(colours)])
        label = as_plain_html(name)
        traces.append(charts.lines(table["epoch"], table[column], label, **looks))
    values = pd.concat([t[column] for t in tables.values() if column in t] or [pd.Series([0.0])])
    flat = {}
    if values.max() == values.min():  # where Plotly draws an axis of its own, far from the line
        around = max(0.1 * abs(values.max()), 0.01)
        flat = {"range": (values.min() - around, values.max() + around)}
    longest = max((len(table) for table in tables.values()), default=1)
    return charts.figure(
        traces,
        420,
        margin={"l": 0, "r": 12, "t": 48, "b": 20},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "title": None},
        xaxis=charts.axis("Epoch", dtick=max(1, longest // 10)),
        yaxis=charts.axis(column_title(column), **flat),
        showlegend=True,
    )
