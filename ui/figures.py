"""Charts, the same everywhere."""

from __future__ import annotations

import textwrap
from functools import lru_cache

import plotly.graph_objects as go
import streamlit as st

from core.analyser import Analysis
from core.taxonomy import BY_KEY
from ui.frame import chance

PATTERNS = {"malignant": "/", "benign": ""}
"""Bars of the malignant group are hatched, so that colour is not the only sign."""


def colour(key: str, dark: bool) -> str:
    """A diagnosis' colour in a theme."""
    return BY_KEY[key].colour_on_dark if dark else BY_KEY[key].colour


def text_colour(dark: bool) -> str:
    """Colour of axis labels in a theme, with full contrast."""
    return "#E4EDEF" if dark else "#08161A"


def probability_bars(analysis: Analysis) -> go.Figure:
    """The seven probabilities, malignant group above benign, each sorted, hottest first."""
    return _probability_bars(analysis, st.context.theme.type == "dark")


@lru_cache(maxsize=64)
def _probability_bars(analysis: Analysis, dark: bool) -> go.Figure:
    """Plotly takes ten milliseconds for it, a fourth of a whole rerun."""
    text = {"color": text_colour(dark), "size": 14}
    bars = []
    for group in ("malignant", "benign"):
        keys = [k for k in analysis.classes if BY_KEY[k].group == group]
        keys.sort(key=analysis.probability, reverse=True)
        shares = [analysis.probability(k) for k in keys]
        bars.append(
            go.Bar(
                orientation="h",
                name=f"{group.capitalize()}: {chance(sum(shares))}",
                y=["<br>".join(textwrap.wrap(BY_KEY[k].name, 20)) for k in keys],
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
    layout = {
        "height": 400,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 8},
        "bargap": 0.25,
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
    return go.Figure(bars, layout)


def describe_bars(analysis: Analysis) -> str:
    """The chart in words, for screen readers."""
    order = sorted(analysis.classes, key=analysis.probability, reverse=True)
    parts = [f"{BY_KEY[k].name} {chance(analysis.probability(k), 1)}" for k in order]
    return "Class probabilities: " + ", ".join(parts)
