"""The figures of single sections of the Analyse page."""

import textwrap

import cv2
import numpy as np
import plotly.graph_objects as go

from core.answer.threshold import Outcomes
from core.formatting import chance, percent
from core.imaging.image import to_jpeg
from core.imaging.overlay import canvas_for, draw
from core.lesion.colour import COLOURS, LEAST_SHARE
from core.lesion.measure import Measurements
from core.taxonomy import BY_KEY, ORDER
from ui.drawings import drawings
from ui.figures import (
    BROWN,
    LEGEND_ABOVE,
    TEAL,
    bar_figure,
    figure,
    is_dark,
    marks,
    text_colour,
    tick_label,
)
from ui.parts.files import data_url
from ui.state import ShownAnalysis


def contrast_chart(shown: ShownAnalysis, key: str, other: str) -> go.Figure:
    """The photo in grey under what speaks for one class (teal) rather than another (brown)."""
    dark = is_dark()
    name = ("contrast", key, other, dark)
    return drawings.of((shown,), name, lambda: _contrast_chart(shown, key, other, dark))


def _contrast_chart(shown: ShownAnalysis, key: str, other: str, dark: bool) -> go.Figure:
    values = shown.analysis.contrast(key, other)
    rows, columns = values.shape
    limit = max(float(np.abs(values).max()), 1e-6)
    small = canvas_for(shown.preview, 1, 640)
    height, width = small.shape[:2]
    grey = np.repeat(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    photo = data_url(to_jpeg(draw(grey, mask=shown.mask)), "jpeg")
    # As fine as the heatmaps on the photo, smoothed in the same way; hovering tells the places.
    fine = cv2.resize(values, (columns * 10, rows * 10), interpolation=cv2.INTER_CUBIC)
    text = {"color": text_colour(dark), "size": 14}
    names = ["<br>".join(textwrap.wrap(BY_KEY[k].name, 14)) for k in (other, key)]
    trace = go.Heatmap(
        z=fine,
        x0=0.05, dx=0.1, y0=0.05, dy=0.1,
        zmin=-limit,
        zmax=limit,
        colorscale=[
            [0, BROWN.format(0.75)],
            [0.25, BROWN.format(0.5)],
            [0.5, "rgba(255, 255, 255, 0)"],
            [0.75, TEAL.format(0.5)],
            [1, TEAL.format(0.75)],
        ],
        zsmooth="fast",
        hovertemplate="%{z:+.2f} points<extra></extra>",
        colorbar={
            "orientation": "h",
            "y": -0.02,
            "yanchor": "top",
            "thickness": 14,
            "len": 0.7,
            "tickvals": [-limit, 0, limit],
            "ticktext": [
                f"−{limit:.2f}<br>{names[0]}", "0", f"+{limit:.2f}<br>{names[1]}",
            ],
            "tickfont": text,
        },
    )  # fmt: skip
    axis = {"visible": False, "fixedrange": True, "constrain": "domain"}
    picture = {
        "source": photo,
        "xref": "x", "yref": "y", "x": 0, "y": 0,
        "sizex": columns, "sizey": rows, "sizing": "stretch", "layer": "below",
    }  # fmt: skip
    ratio = (height / rows) / (width / columns)
    return figure(
        [trace],
        440,
        dark,
        margin={"l": 8, "r": 8, "t": 8, "b": 72},
        images=[picture],
        xaxis={**axis, "range": [0, columns]},
        yaxis={**axis, "range": [rows, 0], "scaleanchor": "x", "scaleratio": ratio},
    )


def before_and_after(
    classes: tuple[str, ...], before: np.ndarray, after: np.ndarray, names: tuple[str, str]
) -> go.Figure:
    """Probabilities K of each class at two priors, in pairs: pale before, full after."""
    dark = is_dark()
    order = [classes.index(key) for key in ORDER]
    labels = [tick_label(classes[k]) for k in order]
    bars = [
        go.Bar(
            orientation="h",
            name=name,
            y=labels,
            x=[shares[k] for k in order],
            text=[f"{chance(float(shares[k]))} {name}" for k in order],
            textposition="outside",
            cliponaxis=False,
            showlegend=False,
            marker=marks([classes[k] for k in order], dark) | {"opacity": opacity},
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
        for name, shares, opacity in zip(names, (before, after), (0.45, 1.0), strict=True)
    ]
    return bar_figure(bars, 460, dark, 1.65, bargap=0.3, bargroupgap=0.08)


def outcome_bars(outcomes: Outcomes, sick: str) -> go.Figure:
    """Found and missed above false alarms and those correctly not called, each pair stacked."""
    dark = is_dark()
    text = {"color": text_colour(dark), "size": 14}
    good, bad = ("#3DB6BC", "#D5945E") if dark else ("#007E89", "#9D5C2C")
    rows = [sick.capitalize(), "All others"]
    parts = (
        ("Found", rows[0], outcomes.found, good, ""),
        ("Missed", rows[0], outcomes.missed, bad, "x"),
        ("Correctly not called", rows[1], outcomes.left_alone, good, "."),
        ("False alarms", rows[1], outcomes.false_alarms, bad, "/"),
    )
    bars = [
        go.Bar(
            orientation="h",
            name=f"{name}: {number}",
            y=[row],
            x=[number],
            marker={"color": shade, "pattern": {"shape": shape, "fillmode": "overlay", "size": 7}},
            hovertemplate=f"{name}: %{{x}}<extra></extra>",
        )
        for name, row, number, shade, shape in parts
    ]
    return figure(
        bars,
        220,
        dark,
        barmode="stack",
        bargap=0.35,
        legend={**LEGEND_ABOVE, "traceorder": "normal", "font": text},
        xaxis={"rangemode": "tozero"},
        yaxis={"autorange": "reversed", "ticksuffix": " "},
    )


def colour_bars(measured: Measurements) -> go.Figure:
    """The share of each of the six colours, as a bar of that colour with its name."""
    dark = is_dark()
    return drawings.of((measured,), ("colours", dark), lambda: _colour_bars(measured, dark))


def _colour_bars(measured: Measurements, dark: bool) -> go.Figure:
    shares = [getattr(measured, colour.key) for colour in COLOURS]
    bars = go.Bar(
        orientation="h",
        y=[colour.name for colour in COLOURS],
        x=shares,
        text=[_share_in_words(share) for share in shares],
        textposition="outside",
        cliponaxis=False,
        marker={
            "color": [colour.hex for colour in COLOURS],
            "line": {"color": text_colour(dark), "width": 1},
        },
        hoverinfo="skip",
    )
    names = {"autorange": "reversed", "ticksuffix": " "}
    hidden = {"range": [0, 1.5], "visible": False}
    return figure([bars], 250, dark, bargap=0.25, xaxis=hidden, yaxis=names)


def describe_colours(measured: Measurements) -> str:
    """The chart in words, for screen readers."""
    parts = [f"{c.name} {_share_in_words(getattr(measured, c.key))}" for c in COLOURS]
    return "Shares of the lesion by colour: " + ", ".join(parts)


def _share_in_words(share: float) -> str:
    if share >= LEAST_SHARE:
        return f"{percent(share)}, counted"
    return percent(share, 1) if share else "none"
