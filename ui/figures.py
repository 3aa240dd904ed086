"""Charts, the same everywhere."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core.answer.analyser import Analysis
from core.answer.eight_views import EightViews
from core.formatting import chance, percent
from core.taxonomy import BY_KEY, ORDER
from ui.drawings import drawings

WITHOUT_TOOLS = {"displayModeBar": False, "scrollZoom": False}
"""Plotly's settings of a chart that is only looked at."""
QUARTERS = (0, 0.25, 0.5, 0.75, 1)
SHARE_TICKS = {"tickvals": QUARTERS, "ticktext": [percent(share) for share in QUARTERS]}
"""Of an axis of shares 0…1."""
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
    """Colour and hatching of the bars of diagnoses: those of the malignant group are hatched, so
    that colour is not the only sign."""
    shapes = ["/" if BY_KEY[key].malignant else "" for key in keys]
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


def frame_colour() -> tuple[int, int, int]:
    """Of what surrounds a photo that does not fill its place: the theme's second background."""
    return (22, 35, 39) if is_dark() else (239, 244, 245)


def tick_label(key: str) -> str:
    """A diagnosis' name beside its bar, in several lines."""
    return "<br>".join(textwrap.wrap(BY_KEY[key].name, 20))


def bar_figure(
    bars: Sequence[Any], height: int, dark: bool, most: float, **layout: Any
) -> go.Figure:
    """Horizontal bars of probabilities, on an axis that ends at `most`; see `figure`."""
    ticks = {"range": [0, most], **SHARE_TICKS}
    names = {"autorange": "reversed", "ticksuffix": " "}
    return figure(bars, height, dark, xaxis=ticks, yaxis=names, **layout)


def show_figure(drawn: go.Figure, alt: str, key: str) -> None:
    """Show a chart that is only looked at; `alt` says it in words."""
    st.plotly_chart(drawn, config=WITHOUT_TOOLS, alt=alt, key=key)


def paired_bars(left: Analysis | None, right: Analysis | None) -> go.Figure:
    """The seven probabilities of one or two photos, malignant group above benign. Bars of the left
    photo are filled, those of the right one pale within a line."""
    dark = is_dark()
    key = ("paired", left is None, right is None, dark)
    owners = tuple(analysis for analysis in (left, right) if analysis)
    return drawings.of(owners, key, lambda: _paired_bars(left, right, dark))


def _paired_bars(left: Analysis | None, right: Analysis | None, dark: bool) -> go.Figure:
    colours = [colour(k, dark) for k in ORDER]
    pale = [f"rgba{(*bytes.fromhex(c[1:]), 0.3)}" for c in colours]
    bars = []
    for label, analysis, filling in (("Left", left, colours), ("Right", right, pale)):
        if analysis is None:
            continue
        shares = [analysis.probability(k) for k in ORDER]
        bars.append(
            go.Bar(
                orientation="h",
                name=label,
                y=[tick_label(k) for k in ORDER],
                x=shares,
                text=[f"{label[0]} {chance(s)}" for s in shares],
                textposition="outside",
                cliponaxis=False,
                marker=marks(ORDER, dark)
                | {"color": filling, "line": {"color": colours, "width": 2}},
                customdata=[chance(s) for s in shares],
                hovertemplate=f"{label}, %{{y}}: %{{customdata}}<extra></extra>",
            )
        )
    # On the right is room for the longest label on a phone.
    return bar_figure(
        bars, 80 * len(ORDER), dark, 1.45, bargap=0.3, bargroupgap=0.15, showlegend=False
    )


def spread_bars(views: EightViews) -> go.Figure:
    """The probabilities of a photo as it is, with the range (whisker) and mean (diamond) of its
    eight views; malignant group above benign."""
    dark = is_dark()
    return drawings.of((views,), ("spread", dark), lambda: _spread_bars(views, dark))


def _spread_bars(views: EightViews, dark: bool) -> go.Figure:
    ticks = [tick_label(k) for k in ORDER]
    straight = [float(views.of(k)[0]) for k in ORDER]
    least, most = ([float(end(views.of(k))) for k in ORDER] for end in (np.min, np.max))
    means = [float(views.of(k).mean()) for k in ORDER]
    line = text_colour(dark)
    bars = go.Bar(
        orientation="h",
        name="Photo as it is",
        y=ticks,
        x=straight,
        # Pale, so that the whiskers stand out from every colour. The legend would show the first
        # one's colour: no box for them.
        marker=marks(ORDER, dark) | {"opacity": 0.55},
        showlegend=False,
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.subtract(most, straight),
            "arrayminus": np.subtract(straight, least),
            "color": line,
            "thickness": 2,
            "width": 6,
        },
        customdata=[[chance(s) for s in bar] for bar in zip(straight, least, most, strict=True)],
        hovertemplate="%{y}: %{customdata[0]} (%{customdata[1]} to %{customdata[2]})"
        "<extra></extra>",
    )
    diamonds = go.Scatter(
        mode="markers",
        cliponaxis=False,
        name="Mean of eight views",
        y=ticks,
        x=means,
        customdata=[chance(mean) for mean in means],
        marker={
            "symbol": "diamond",
            "size": 11,
            "color": "#0C1518" if dark else "#FFFFFF",
            "line": {"color": line, "width": 2},
        },
        hovertemplate="%{y}: %{customdata} on average<extra></extra>",
    )
    return bar_figure([bars, diamonds], 420, dark, 1.08, bargap=0.35)


def describe_spread(views: EightViews) -> str:
    """The chart of the spread in words, for screen readers."""
    parts = []
    for key in ORDER:
        seen = views.of(key)
        ends = " to ".join(chance(float(end)) for end in (seen.min(), seen.max()))
        parts.append(f"{BY_KEY[key].name} {ends}, on average {chance(float(seen.mean()))}")
    return "Class probabilities over eight views: " + "; ".join(parts)


def describe_bars(analysis: Analysis) -> str:
    """The chart in words, for screen readers."""
    parts = [f"{BY_KEY[k].name} {chance(analysis.probability(k))}" for k in ORDER]
    return "Class probabilities: " + ", ".join(parts)


BROWN, TEAL = "rgba(140, 81, 10, {})", "rgba(0, 128, 116, {})"
"""Ends of ColorBrewer's BrBG, which stay apart with red, green or blue blindness."""
