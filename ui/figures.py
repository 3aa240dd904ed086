"""Charts, the same everywhere."""

from __future__ import annotations

import base64
import textwrap

import cv2
import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.answer.analyser import Analysis
from core.answer.eight_views import EightViews
from core.answer.threshold import Outcomes
from core.formatting import chance, percent
from core.imaging.image import to_jpeg
from core.imaging.overlay import canvas_for, draw
from core.lesion.colour import COLOURS, LEAST_SHARE
from core.lesion.measure import Measurements
from core.taxonomy import BY_KEY, KEYS
from ui.drawings import drawings
from ui.state import Shown

PATTERNS = {"malignant": "/", "benign": ""}
"""Bars of the malignant group are hatched, so that colour is not the only sign."""


def colour(key: str, dark: bool) -> str:
    """A diagnosis' colour in a theme."""
    return BY_KEY[key].colour_on_dark if dark else BY_KEY[key].colour


def text_colour(dark: bool) -> str:
    """Colour of axis labels in a theme, with full contrast."""
    return "#E4EDEF" if dark else "#08161A"


def frame_colour() -> tuple[int, int, int]:
    """Of what surrounds a photo that does not fill its place: the theme's second background."""
    return (22, 35, 39) if st.context.theme.type == "dark" else (239, 244, 245)


def probability_bars(analysis: Analysis) -> go.Figure:
    """The seven probabilities, malignant group above benign, each sorted, hottest first."""
    dark = st.context.theme.type == "dark"
    return drawings.of(
        (analysis,), ("probabilities", dark), lambda: _probability_bars(analysis, dark)
    )


def _probability_bars(analysis: Analysis, dark: bool) -> go.Figure:
    """Plotly takes ten milliseconds for it, a fourth of a whole rerun."""
    bars = []
    for group in ("malignant", "benign"):
        keys = [k for k in analysis.classes if BY_KEY[k].group == group]
        keys.sort(key=analysis.probability, reverse=True)
        shares = [analysis.probability(k) for k in keys]
        bars.append(
            go.Bar(
                orientation="h",
                name=f"{group.capitalize()}: {chance(sum(shares))}",
                y=[_tick(k) for k in keys],
                x=shares,
                text=[chance(s, 1) for s in shares],
                textposition="outside",
                cliponaxis=False,
                marker={
                    "color": [colour(k, dark) for k in keys],
                    "pattern": {"shape": PATTERNS[group], "fillmode": "overlay", "size": 7},
                },
                hovertemplate="%{y}: %{x:.1%}<extra></extra>",
            )
        )
    return go.Figure(bars, {**_layout(dark), "height": 400, "bargap": 0.25})


def _tick(key: str) -> str:
    return "<br>".join(textwrap.wrap(BY_KEY[key].name, 20))


def _layout(dark: bool) -> dict:
    """Of horizontal bars of probabilities."""
    text = {"color": text_colour(dark), "size": 14}
    return {
        "margin": {"l": 0, "r": 8, "t": 8, "b": 8},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        "xaxis": {
            "range": [0, 1.16],
            "tickformat": ".0%",
            "tickvals": [0, 0.25, 0.5, 0.75, 1],
            "tickfont": text,
        },
        "yaxis": {"autorange": "reversed", "automargin": True, "ticksuffix": " ", "tickfont": text},
        "dragmode": False,
        "font": text,
    }


def paired_bars(left: Analysis | None, right: Analysis | None) -> go.Figure:
    """The seven probabilities of one or two photos, malignant group above benign, each sorted by
    the larger one. Bars of the left photo are filled, those of the right one pale within a line."""
    dark = st.context.theme.type == "dark"
    key = ("paired", left is None, right is None, dark)
    owners = tuple(analysis for analysis in (left, right) if analysis)
    return drawings.of(owners, key, lambda: _paired_bars(left, right, dark))


def _paired_bars(left: Analysis | None, right: Analysis | None, dark: bool) -> go.Figure:
    def largest(key: str) -> float:
        return max(analysis.probability(key) for analysis in (left, right) if analysis)

    keys = sorted(KEYS, key=lambda k: (not BY_KEY[k].malignant, -largest(k)))
    colours = [colour(k, dark) for k in keys]
    pale = [f"rgba{(*bytes.fromhex(c[1:]), 0.3)}" for c in colours]
    bars = []
    for label, analysis, filling in (("Left", left, colours), ("Right", right, pale)):
        if analysis is None:
            continue
        shares = [analysis.probability(k) for k in keys]
        bars.append(
            go.Bar(
                orientation="h",
                name=label,
                y=[_tick(k) for k in keys],
                x=shares,
                text=[f"{label[0]} {chance(s, 1)}" for s in shares],
                textposition="outside",
                cliponaxis=False,
                marker={
                    "color": filling,
                    "line": {"color": colours, "width": 2},
                    "pattern": {
                        "shape": [PATTERNS[BY_KEY[k].group] for k in keys],
                        "fillmode": "overlay",
                        "size": 7,
                    },
                },
                hovertemplate=f"{label}, %{{y}}: %{{x:.1%}}<extra></extra>",
            )
        )
    figure = go.Figure(bars, _layout(dark))
    figure.update_layout(height=80 * len(keys), bargap=0.3, bargroupgap=0.15, showlegend=False)
    figure.update_xaxes(range=[0, 1.45])  # room for the longest label on a phone
    return figure


def spread_bars(views: EightViews) -> go.Figure:
    """The probabilities of a photo as it is, with the range (whisker) and mean (diamond) of its
    eight views; malignant group above benign, each sorted by the mean."""
    dark = st.context.theme.type == "dark"
    return drawings.of((views,), ("spread", dark), lambda: _spread_bars(views, dark))


def _spread_bars(views: EightViews, dark: bool) -> go.Figure:
    mean = dict(zip(views.classes, views.mean, strict=True))
    keys = sorted(views.classes, key=lambda k: (not BY_KEY[k].malignant, -mean[k]))
    ticks = [_tick(k) for k in keys]
    straight = [float(views.of(k)[0]) for k in keys]
    least, most = ([float(end(views.of(k))) for k in keys] for end in (np.min, np.max))
    line = text_colour(dark)
    bars = go.Bar(
        orientation="h",
        name="Photo as it is",
        y=ticks,
        x=straight,
        marker={
            "color": [colour(k, dark) for k in keys],
            "opacity": 0.55,  # so that the whiskers stand out from every colour
            "pattern": {
                "shape": [PATTERNS[BY_KEY[k].group] for k in keys],
                "fillmode": "overlay",
                "size": 7,
            },
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.subtract(most, straight),
            "arrayminus": np.subtract(straight, least),
            "color": line,
            "thickness": 2,
            "width": 6,
        },
        customdata=np.stack([least, most], axis=1),
        hovertemplate="%{y}: %{x:.1%} (%{customdata[0]:.1%} to %{customdata[1]:.1%})"
        "<extra></extra>",
    )
    diamonds = go.Scatter(
        mode="markers",
        cliponaxis=False,
        name="Mean of eight views",
        y=ticks,
        x=[mean[k] for k in keys],
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": "#0C1518" if dark else "#FFFFFF",
            "line": {"color": line, "width": 2},
        },
        hovertemplate="%{y}: %{x:.1%} on average<extra></extra>",
    )
    layout = {"height": 420, "bargap": 0.35}
    figure = go.Figure([bars, diamonds], {**_layout(dark), **layout})
    # The bars have a colour each, so the legend would show the first one's: no box for them.
    figure.update_traces(showlegend=False, selector={"type": "bar"})
    return figure.update_xaxes(range=[0, 1.08])


def describe_spread(views: EightViews) -> str:
    """The chart of the spread in words, for screen readers."""
    order = np.argsort(-views.mean)
    parts = []
    for k in order:
        seen = views.probabilities[:, k]
        ends = " to ".join(chance(float(end), 1) for end in (seen.min(), seen.max()))
        name = BY_KEY[views.classes[k]].name
        parts.append(f"{name} {ends}, on average {chance(float(views.mean[k]), 1)}")
    return "Class probabilities over eight views: " + "; ".join(parts)


def describe_bars(analysis: Analysis) -> str:
    """The chart in words, for screen readers."""
    order = sorted(analysis.classes, key=analysis.probability, reverse=True)
    parts = [f"{BY_KEY[k].name} {chance(analysis.probability(k), 1)}" for k in order]
    return "Class probabilities: " + ", ".join(parts)


def contrast_chart(shown: Shown, key: str, other: str) -> go.Figure:
    """The photo in grey under what speaks for one class (teal) rather than another (brown)."""
    dark = st.context.theme.type == "dark"
    name = ("contrast", key, other, dark)
    return drawings.of((shown,), name, lambda: _contrast_chart(shown, key, other, dark))


BROWN, TEAL = "rgba(140, 81, 10, {})", "rgba(0, 128, 116, {})"
"""Ends of ColorBrewer's BrBG, which stay apart with red, green or blue blindness."""


def _contrast_chart(shown: Shown, key: str, other: str, dark: bool) -> go.Figure:
    values = shown.analysis.contrast(key, other)
    rows, columns = values.shape
    limit = max(float(np.abs(values).max()), 1e-6)
    small = canvas_for(shown.preview, 1, 640)
    height, width = small.shape[:2]
    grey = np.repeat(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)
    photo = base64.b64encode(to_jpeg(draw(grey, mask=shown.mask))).decode()
    # As fine as the heatmaps on the photo, smoothed in the same way; hovering tells the places.
    fine = cv2.resize(values, (columns * 10, rows * 10), interpolation=cv2.INTER_CUBIC)
    text = {"color": text_colour(dark), "size": 14}
    names = ["<br>".join(textwrap.wrap(BY_KEY[k].name, 14)) for k in (other, key)]
    span = {"x0": 0.05, "dx": 0.1, "y0": 0.05, "dy": 0.1}
    trace = go.Heatmap(
        z=fine,
        **span,
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
    layout = {
        "height": 440,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 72},
        "dragmode": False,
        "font": text,
        "images": [
            {
                "source": f"data:image/jpeg;base64,{photo}",
                "xref": "x", "yref": "y", "x": 0, "y": 0,
                "sizex": columns, "sizey": rows, "sizing": "stretch", "layer": "below",
            }
        ],
        "xaxis": {**axis, "range": [0, columns]},
        "yaxis": {
            **axis,
            "range": [rows, 0],
            "scaleanchor": "x",
            "scaleratio": (height / rows) / (width / columns),
        },
    }  # fmt: skip
    return go.Figure(trace, layout)


def before_and_after(
    classes: tuple[str, ...], before: np.ndarray, after: np.ndarray, names: tuple[str, str]
) -> go.Figure:
    """Probabilities K of each class at two priors, in pairs: pale before, full after."""
    dark = st.context.theme.type == "dark"
    order = sorted(range(len(classes)), key=lambda k: (not BY_KEY[classes[k]].malignant, -after[k]))
    labels = [_tick(classes[k]) for k in order]
    bars = [
        go.Bar(
            orientation="h",
            name=name,
            y=labels,
            x=[shares[k] for k in order],
            text=[f"{chance(float(shares[k]), 1)} {name}" for k in order],
            textposition="outside",
            cliponaxis=False,
            showlegend=False,
            marker={
                "color": [colour(classes[k], dark) for k in order],
                "opacity": opacity,
                "pattern": {
                    "shape": [PATTERNS[BY_KEY[classes[k]].group] for k in order],
                    "fillmode": "overlay",
                    "size": 7,
                },
            },
            hovertemplate="%{y}: %{x:.1%}<extra>" + name + "</extra>",
        )
        for name, shares, opacity in zip(names, (before, after), (0.45, 1.0), strict=True)
    ]
    figure = go.Figure(bars, _layout(dark))
    figure.update_layout(height=460, bargap=0.3, bargroupgap=0.08)
    return figure.update_xaxes(range=[0, 1.3])


def outcome_bars(outcomes: Outcomes, sick: str) -> go.Figure:
    """Found and missed above false alarms and those correctly not called, each pair stacked."""
    dark = st.context.theme.type == "dark"
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
    layout = {
        "barmode": "stack",
        "height": 220,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 8},
        "bargap": 0.35,
        "legend": {
            "orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal",
            "title": None, "font": text,
        },
        "xaxis": {"tickfont": text, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed", "automargin": True, "ticksuffix": " ", "tickfont": text},
        "dragmode": False,
        "font": text,
    }  # fmt: skip
    return go.Figure(bars, layout)


def colour_bars(measured: Measurements) -> go.Figure:
    """The share of each of the six colours, as a bar of that colour with its name."""
    dark = st.context.theme.type == "dark"
    return drawings.of((measured,), ("colours", dark), lambda: _colour_bars(measured, dark))


def _colour_bars(measured: Measurements, dark: bool) -> go.Figure:
    text = {"color": text_colour(dark), "size": 14}
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
    layout = {
        "height": 250,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 8},
        "bargap": 0.25,
        "xaxis": {"range": [0, 1.5], "visible": False},
        "yaxis": {"autorange": "reversed", "automargin": True, "ticksuffix": " ", "tickfont": text},
        "dragmode": False,
        "font": text,
    }
    return go.Figure(bars, layout)


def describe_colours(measured: Measurements) -> str:
    """The chart in words, for screen readers."""
    parts = [f"{c.name} {_share_in_words(getattr(measured, c.key))}" for c in COLOURS]
    return "Shares of the lesion by colour: " + ", ".join(parts)


def _share_in_words(share: float) -> str:
    if share >= LEAST_SHARE:
        return f"{percent(share)}, counted"
    return percent(share, 1) if share else "none"
