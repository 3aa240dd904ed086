"""The photo with its layers: outline, heatmap, and what can be downloaded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from core.answer.analyser import mask_of
from core.formatting import percent
from core.imaging.heatmaps import share_inside
from core.imaging.image import to_jpeg
from core.imaging.overlay import canvas_for, draw
from core.report.downloads import analysis_json, file_stem, mask_png, overlay_png
from core.taxonomy import BY_KEY, KEYS
from ui.case import Case
from ui.state import SHOWN_PX, ShownAnalysis

OVERLAY_PX = 2400
"""Longest side of a downloaded overlay: enough to print, without 40 megapixels to wait for."""


@dataclass(frozen=True)
class Layers:
    """What lies on a photo.

    Attributes:
        outline: the lesion's border.
        fill: opacity of the lesion's area, 0…1.
        heatmap: whether a heatmap is shown.
        heat: its opacity, 0…1.
    """

    outline: bool
    fill: float
    heatmap: bool
    heat: float

    def draw(self, rgb: np.ndarray, mask: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
        """Lay them on a photo; arrays as for `core.imaging.overlay.draw`."""
        return draw(
            rgb,
            mask=mask,
            outline=self.outline,
            fill=self.fill,
            heatmap=heatmap,
            heat=self.heat if self.heatmap else 0.0,
        )


def switches() -> Layers:
    """The switches of the layers; what is chosen holds on every page."""
    first, second = st.columns(2, gap="medium")
    outline = first.toggle("Outline", value=True, key="outline", persist_state="session")
    fill = first.slider(
        "Fill opacity", 0, 100, 0, 5, format="%d %%", key="fill", persist_state="session"
    )
    heatmap = second.toggle("Heatmap", value=True, key="heat_on", persist_state="session")
    heat = second.slider(
        "Heatmap opacity",
        0,
        100,
        60,
        5,
        format="%d %%",
        key="heat",
        disabled=not heatmap,
        persist_state="session",
    )
    return Layers(outline, fill / 100, heatmap, heat / 100)


@st.fragment
def photo(case: Case, shown: ShownAnalysis) -> None:
    """The photo, its switches and the downloads; a switch redraws only this, no network runs."""
    analysis = shown.analysis
    place = st.container()
    layers = switches()
    target = st.pills(
        "Heatmap for",
        sorted(KEYS, key=analysis.probability, reverse=True),
        format_func=lambda k: BY_KEY[k].name,
        default=analysis.prediction,
        required=True,
        key=f"target_{analysis.digest}",
        disabled=not layers.heatmap,
        help="Most probable class first.",
    )
    heatmap = analysis.heatmap(target)

    def large() -> np.ndarray:
        canvas = canvas_for(case.open(OVERLAY_PX).rgb, SHOWN_PX, OVERLAY_PX)
        mask = mask_of(analysis.mask_logits, canvas.shape[1], canvas.shape[0])
        return layers.draw(canvas, mask, heatmap)

    place.image(
        to_jpeg(layers.draw(shown.preview, shown.mask, heatmap)),
        width="stretch",
        alt=in_words(case, shown, layers, target),
    )
    notes(case, shown, layers, target)
    stem = file_stem(case.name)
    with st.container(horizontal=True):
        st.download_button(
            "Overlay",
            lambda: overlay_png(large()),
            f"{stem}_overlay.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Mask",
            lambda: mask_png(analysis.mask),
            f"{stem}_mask.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Figures (JSON)",
            lambda: analysis_json(case.name, analysis, shown.notes),
            f"{stem}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def _inside(heatmap: np.ndarray, mask: np.ndarray) -> str:
    share = share_inside(heatmap, mask) if mask.any() else None
    return "" if share is None else f" {percent(share)} of this heat lies inside the outline."


def notes(case: Case, shown: ShownAnalysis, layers: Layers, target: str) -> None:
    """Where the photo is from, and how to read what lies on it."""
    st.caption(case.about)
    if not shown.mask.any():
        st.caption(":material/info: The U-Net found no lesion, so there is no outline.")
    heatmap, name = shown.analysis.heatmap(target), BY_KEY[target].name
    if layers.heatmap and not heatmap.any():
        st.caption(f"No part of the photo speaks for “{name}”: the map is empty.")
    elif layers.heatmap:
        rows, columns = heatmap.shape
        st.caption(
            f"Brightest: the strongest evidence for “{name}” in this photo (Grad-CAM). The map has "
            f"only {columns} × {rows} cells; what lies between is smoothed. A heatmap does not "
            f"show that the answer is right.{_inside(heatmap, shown.mask)}"
        )


def in_words(case: Case, shown: ShownAnalysis, layers: Layers, target: str) -> str:
    """The photo with its layers in words, for screen readers."""
    parts = [f"Photo {case.name}"]
    measured = shown.analysis.measurements
    if layers.outline and measured:
        parts.append(f"lesion outlined, {percent(measured.area_share)} of the frame")
    if layers.heatmap:
        parts.append(f"heatmap for {BY_KEY[target].name}")
    return ", ".join(parts)
