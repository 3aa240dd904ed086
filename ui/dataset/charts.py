"""The charts of the Dataset page. Each bar or point knows which images it stands for."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from core.formatting import percent
from core.ham10000.explore import binned, counts, spread
from core.taxonomy import BY_KEY, DIAGNOSES, KEYS
from ui.dataset import words
from ui.dataset.selection import Chart
from ui.figures import SHARE_TICKS, colour, figure, is_dark, marks, option, text_colour

UNSELECTED = {"marker": {"opacity": 0.35}}
"""Bars beside the one that was clicked."""


def per_diagnosis(table: pd.DataFrame) -> Chart:
    """Images of each diagnosis, most first, with their share."""
    found = table["dx"].value_counts()
    found = found[found > 0].sort_values()
    total = int(found.sum())
    bars = go.Bar(
        orientation="h",
        y=[_wrapped(BY_KEY[k].name, 22) + f" ({k})" for k in found.index],
        x=found.to_numpy(),
        customdata=list(found.index),
        text=[f"{n:,} · {_share(n, total, 0)}" for n in found],
        textposition="outside",
        cliponaxis=False,
        marker=marks(list(found.index), is_dark()),
        unselected=UNSELECTED,
        hovertemplate="%{y}: %{text}<extra></extra>",
    )
    chart = _figure([bars], height=360)
    chart.update_xaxes(range=[0, 1.5 * max(found, default=1)], nticks=4)
    parts = [f"{BY_KEY[str(k)].name} {n:,}" for k, n in found.iloc[::-1].items()]
    return Chart(chart, f"Images of each diagnosis: {', '.join(parts)}", ("dx",))


def stacked(table: pd.DataFrame, column: str, shares: bool, what: str = "images") -> Chart:
    """Bars for the values of a column, split by diagnosis.

    Args:
        column: of categories, or of a few whole numbers.
        shares: draw each bar as 100 %.
        what: what the rows of the table are.
    """
    if not isinstance(table[column].dtype, pd.CategoricalDtype):
        table = table.assign(**{column: pd.Categorical(table[column])})
    found = counts(table, column)
    found = found.loc[found.sum(axis=1) > 0, found.sum() > 0]
    totals = found.sum(axis=1)
    heights = found.div(totals, axis=0) if shares else found
    labels = [_wrapped(str(words.short(column, v)), 14) for v in found.index]
    bars = [
        go.Bar(
            name=BY_KEY[k].name,
            x=labels,
            y=heights[k].to_numpy(),
            customdata=[[v, k] for v in found.index],
            text=[
                f"{n:,} {what} ({_share(n, total)})"
                for n, total in zip(found[k], totals, strict=True)
            ],
            textposition="none",
            marker=marks([k] * len(found), is_dark()),
            unselected=UNSELECTED,
            hovertemplate=f"{BY_KEY[k].name}, %{{x}}: %{{text}}<extra></extra>",
        )
        for k in found.columns
    ]
    chart = _figure(bars, height=320)
    chart.update_layout(barmode="stack")
    chart.update_xaxes(type="category")
    title = f"Share of {what}" if shares else what.capitalize()
    ticks = SHARE_TICKS if shares else {"tickformat": ",d", "nticks": 6}
    chart.update_yaxes(title=title, **ticks)
    parts = [f"{words.short(column, v)} {n:,}" for v, n in totals.items()]
    alt = f"{words.title(column)}, {what} by diagnosis: {', '.join(parts)}"
    return Chart(chart, alt, (column, "dx"))


def heat_table(table: pd.DataFrame, column: str) -> Chart:
    """A table of counts, column by diagnosis; the darker, the larger the share of the diagnosis.

    Its cells are bars of length one, laid side by side: a heat map cannot be clicked in plotly.
    """
    found = counts(table, column)
    found = found.loc[found.sum(axis=1) > 0, found.sum() > 0]
    found = found.iloc[::-1]  # plotly draws the first row at the bottom
    shares = (found / found.sum()).to_numpy()
    rows, columns = np.indices(found.shape).reshape(2, -1)
    sites = [words.short(column, v) for v in found.index]
    values = found.to_numpy().ravel()
    cells = go.Bar(
        orientation="h",
        y=[sites[r] for r in rows],
        base=columns - 0.5,
        x=np.ones(len(columns)),
        customdata=[[found.index[r], found.columns[c]] for r, c in zip(rows, columns, strict=True)],
        text=[f"{v:,}" if v else "" for v in values],
        hovertext=[
            f"{BY_KEY[found.columns[c]].name}, {sites[r]}: {v:,} images, "
            f"{_share(v, int(found.iloc[:, c].sum()))} of this diagnosis"
            for r, c, v in zip(rows, columns, values, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        unselected=UNSELECTED,
        marker={
            "color": shares.ravel(),
            "colorscale": option("chartSequentialColors"),
            "cmin": 0,
            "cmax": max(0.4, float(shares.max(initial=0))),
            "line": {"width": 1, "color": option("backgroundColor")},
        },
    )
    chart = _figure([cells], height=90 + 27 * len(found))
    chart.update_layout(bargap=0, barmode="overlay")
    chart.update_xaxes(
        tickvals=list(range(found.shape[1])),
        ticktext=list(found.columns),
        range=[-0.5, found.shape[1] - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
    )
    chart.update_yaxes(showgrid=False)
    alt = f"{words.title(column)} by diagnosis, a table of {values.sum():,} images: "
    most = [f"{BY_KEY[k].name} most often {found[k].idxmax()}" for k in found.columns]
    return Chart(chart, alt + ", ".join(most), (column, "dx"))


def boxes(table: pd.DataFrame, measure: str) -> tuple[go.Figure, str]:
    """How a measurement spreads in each diagnosis, and the same in words."""
    found = spread(table, measure).iloc[::-1]
    dark = is_dark()
    chart = _figure(
        [
            go.Box(
                orientation="h",
                y=[_wrapped(BY_KEY[k].name, 22)],
                lowerfence=[row[5]],
                q1=[row[25]],
                median=[row[50]],
                q3=[row[75]],
                upperfence=[row[95]],
                marker={"color": colour(k, dark)},
                hoverinfo="x",
            )
            for k, row in found.iterrows()
        ],
        height=360,
    )
    chart.update_xaxes(nticks=6)
    medians = [f"{BY_KEY[str(k)].name} {row[50]:.2f}" for k, row in found.iloc[::-1].iterrows()]
    return chart, f"{words.title(measure)}, median of each diagnosis: {', '.join(medians)}"


def histogram(table: pd.DataFrame, measure: str, shares: bool) -> tuple[Chart, pd.DataFrame]:
    """A measurement in bins, split by diagnosis; with the table that has the bins as a column."""
    column = measure + words.IN_BINS
    table = table.assign(**{column: binned(table[measure])})
    return stacked(table, column, shares), table


def scatter(table: pd.DataFrame, by: str) -> Chart:
    """The map: a point for each image that has a place on it, coloured by a column."""
    table = table[table["x"].notna()]
    values = table[by]
    chart = _figure([], height=620, legend=True)
    if isinstance(values.dtype, pd.CategoricalDtype):
        for place, value in enumerate(values.cat.categories):
            rows = table[(values == value).to_numpy()]
            if len(rows):
                chart.add_trace(_points(rows, words.name(by, value), _style(by, value, place)))
    else:
        numbers = pd.to_numeric(values, errors="coerce").astype(np.float32)
        known = numbers.notna().to_numpy()
        style = {
            "color": numbers[known].to_numpy(),
            "colorscale": option("chartSequentialColors"),
            "showscale": True,
            "colorbar": {"thickness": 12, "len": 0.6, "title": None},
        }
        chart.add_trace(_points(table[known], words.title(by), style))
        if not known.all():
            grey = {"color": _grey(is_dark()), "symbol": "x"}
            chart.add_trace(_points(table[~known], "unknown", grey))
    chart.update_xaxes(visible=False, fixedrange=False)
    chart.update_yaxes(visible=False, fixedrange=False)
    chart.update_layout(legend={"itemsizing": "constant", "y": -0.02, "yanchor": "top"})
    alt = (
        f"Map of {len(table):,} images by how alike the classifier sees them, coloured by "
        f"{words.title(by).lower()}. Images close together are alike."
    )
    return Chart(chart, alt, ("number",))


def leak_bars(random: pd.DataFrame, ours: pd.DataFrame) -> tuple[go.Figure, str]:
    """Share of test images whose lesion was also learned from, of each diagnosis: under a random
    split (bars) and under LesionLab's (diamonds); and the same in words."""
    shares, shares_of_ours = ((t["leaked"] / t["test"]).fillna(0.0) for t in (random, ours))
    order = sorted(KEYS, key=lambda k: shares[k])
    labels = [_wrapped(BY_KEY[k].name, 22) for k in order]
    bars = go.Bar(
        orientation="h",
        name="Split image by image",
        y=labels,
        x=[shares[k] for k in order],
        text=[f"{random.at[k, 'leaked']:,} of {random.at[k, 'test']:,}" for k in order],
        textposition="outside",
        cliponaxis=False,
        marker=marks(order, is_dark()),
        customdata=[percent(shares[k]) for k in order],
        hovertemplate="%{y}: %{customdata}, %{text}<extra></extra>",
    )
    diamonds = go.Scatter(
        mode="markers",
        name="LesionLab's split, by lesion",
        y=labels,
        x=[shares_of_ours[k] for k in order],
        cliponaxis=False,
        marker={"symbol": "diamond", "size": 11, "color": text_colour(is_dark())},
        customdata=[percent(shares_of_ours[k]) for k in order],
        hovertemplate="%{y}, LesionLab's split: %{customdata}<extra></extra>",
    )
    chart = _figure([bars, diamonds], height=360, legend=True)
    chart.update_xaxes(range=[0, 1.3], **SHARE_TICKS)
    parts = [f"{BY_KEY[k].name} {percent(shares[k])}" for k in reversed(order)]
    return chart, "Test images whose lesion is also in training, split at random: " + ", ".join(
        parts
    )


def _figure(traces: Sequence[Any], height: int, legend: bool = False) -> go.Figure:
    fixed = {"fixedrange": True, "title": None}
    return figure(
        traces,
        height,
        is_dark(),
        13,
        showlegend=legend,
        xaxis=fixed,
        yaxis={**fixed, "ticksuffix": " "},
        bargap=0.2,
        dragmode=None,
    )


def _points(rows: pd.DataFrame, name: str, style: dict[str, Any]) -> go.Scattergl:
    return go.Scattergl(
        name=name,
        mode="markers",
        x=rows["x"].to_numpy(np.float32),
        y=rows["y"].to_numpy(np.float32),
        customdata=rows["number"].to_numpy(),
        text=[BY_KEY[k].name for k in rows["dx"]],
        hovertemplate="ISIC_%{customdata:07d}<br>%{text}<extra></extra>",
        marker={"size": 6, "opacity": 0.8, **style},
        unselected={"marker": {"opacity": 0.12}},
    )


def _style(by: str, value: str, place: int) -> dict[str, Any]:
    """Colour and symbol of a category: every one differs from all others in at least one."""
    dark = is_dark()
    if by == "right":
        return {
            "color": _grey(dark) if value == "right" else colour("mel", dark),
            "symbol": "circle" if value == "right" else "x",
        }
    if by in ("dx", "answer"):
        return {"color": colour(value, dark), "symbol": BY_KEY[value].marker}
    turn = place + place // len(KEYS)
    marker = DIAGNOSES[turn % len(DIAGNOSES)].marker
    return {"color": colour(KEYS[place % len(KEYS)], dark), "symbol": marker}


def _grey(dark: bool) -> str:
    return "#6E8087" if dark else "#A3B1B6"


def _share(part: int, whole: int, digits: int = 1) -> str:
    return percent(part / whole, digits) if whole else "none"


def _wrapped(text: str, width: int) -> str:
    return "<br>".join(textwrap.wrap(text, width))
