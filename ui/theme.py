"""How every chart looks, in the theme of the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from core.taxonomy import BY_KEY

PATTERNS = {"malignant": "/", "benign": ""}
"""Bars of the malignant group are hatched, so that colour is not the only sign."""
LEGEND_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}


def is_dark() -> bool:
    """Whether the page is shown in the dark theme."""
    return st.context.theme.type == "dark"


def option(name: str) -> Any:
    """A setting of the theme that is shown, such as `backgroundColor`."""
    return st.get_option(f"theme.{'dark' if is_dark() else 'light'}.{name}")


def colour(key: str, dark: bool) -> str:
    """A diagnosis' colour in a theme."""
    return BY_KEY[key].colour_on_dark if dark else BY_KEY[key].colour


def text_colour(dark: bool) -> str:
    """Colour of axis labels in a theme, with full contrast."""
    return "#E4EDEF" if dark else "#08161A"


def marks(keys: Sequence[str], dark: bool) -> dict[str, Any]:
    """Colour and hatching of the bars of diagnoses."""
    shapes = [PATTERNS[BY_KEY[key].group] for key in keys]
    return {
        "color": [colour(key, dark) for key in keys],
        "pattern": {"shape": shapes, "fillmode": "overlay", "size": 7},
    }


def figure(
    traces: Sequence[Any], height: int, dark: bool, size: int = 14, **layout: Any
) -> go.Figure:
    """A figure with these looks.

    All at once: Plotly takes ten times as long to add traces and layout bit by bit.

    Args:
        size: of its words, in px.
        layout: joins the looks of the axes, and takes the place of all others.
    """
    words = {"color": text_colour(dark), "size": size}
    looks = {
        "height": height,
        "margin": {"l": 0, "r": 8, "t": 8, "b": 8},
        "legend": LEGEND_ABOVE,
        "dragmode": False,
        "font": words,
    }
    for axis in {"xaxis", "yaxis", *(name for name in layout if name[1:5] == "axis")}:
        looks[axis] = {"tickfont": words, "automargin": True, **layout.pop(axis, {})}
    return go.Figure(list(traces), looks | layout)
