"""The photo with its layers: outline, heatmap, and what can be downloaded."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.answer.analyser import mask_of
from core.formatting import percent
from core.imaging.overlay import canvas_for, draw
from core.report.downloads import analysis_json, file_stem, mask_png, overlay_png
from core.taxonomy import BY_KEY
from ui.analyse import address, present
from ui.case import Case
from ui.files import download
from ui.parts.controls import choose_diagnosis, percent_slider
from ui.parts.photo import layers_of
from ui.parts.photo import photo as photo_part
from ui.state import SHOWN_PX, ShownAnalysis

OVERLAY_PX = 2400
"""Longest side of a downloaded overlay: enough to print, without 40 megapixels to wait for."""


@dataclass(frozen=True)
class Layers:
    """What lies on a photo; `fill` of the lesion's area and `heat` are opacities, 0…1."""

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


PLAIN = Layers(outline=False, fill=0.0, heatmap=False, heat=0.0)
"""Nothing on the photo."""
KEYBOARD = {"o": "outline", "h": "heat_on"}
"""Keys that turn a layer on and off, with the names of the switches in the session. `frame.css`
shows them: a switch's label is also what a screen reader calls it, without any markup."""


def switches(row: DeltaGenerator) -> Layers:
    """The switches of the layers, in a row; what is chosen holds on every page. At first the photo
    is plain."""
    outline = _outline(row)
    heatmap = row.toggle("Heatmap", key="heat_on", persist_state="session")
    with row.popover("Adjust", icon=":material/tune:"):
        heat = percent_slider("Heatmap opacity", 5, 100, 60, 5, key="heat", disabled=not heatmap)
        fill = percent_slider("Fill opacity of the lesion", 0, 100, 0, 5, key="fill")
    return Layers(outline, fill, heatmap, heat)


@st.fragment
def photo(case: Case, shown: ShownAnalysis, hidden: bool = False, analyse: bool = False) -> None:
    """The photo, its switches and the downloads; a switch redraws only this, no network runs.

    Args:
        hidden: nothing may tell the model's answer yet.
        analyse: this is the Analyse page: its address tells the view, and it can be presented.
    """
    analysis = shown.analysis
    place = st.container()
    row = st.container(horizontal=True, vertical_alignment="center", key="switches_with_keys")
    layers = Layers(_outline(row), 0.0, False, 0.0) if hidden else switches(row)
    target = analysis.prediction
    if layers.heatmap:
        address.take_class(shown)
        target = choose_diagnosis(
            "Heatmap for",
            address.target_key(shown),
            analysis.prediction,
            row,
            persist_state="session",
            label_visibility="collapsed",
            width=230,
        )
    heatmap = analysis.heatmap(target)
    hot = layers.heatmap and bool(heatmap.any())
    with place:
        photo_part(
            layers_of(shown, heatmap if hot else None, target),
            in_words(case, shown, layers, target),
            outline=layers.outline,
            fill=layers.fill,
            heat=layers.heat if hot else 0.0,
            on_pressed=partial(_pressed, hidden, analyse),
        )
    if not hidden:
        with row.popover("Download", icon=":material/download:"):
            _downloads(case, shown, layers, heatmap)
    notes(case, shown, layers, target)
    if analyse:
        address.write(shown)
        if present.asked():
            st.rerun()


def _outline(row: DeltaGenerator) -> bool:
    return row.toggle("Outline", key="outline", persist_state="session")


def _pressed(hidden: bool, analyse: bool, key: str) -> None:
    """A key of the keyboard that the browser passed on."""
    if key == "p" and analyse:
        present.ask()
    elif key == "o" or (key == "h" and not hidden):
        switch = KEYBOARD[key]
        st.session_state[switch] = not st.session_state.get(switch, False)


def _downloads(case: Case, shown: ShownAnalysis, layers: Layers, heatmap: np.ndarray) -> None:
    analysis, stem = shown.analysis, file_stem(case.name)

    def large() -> np.ndarray:
        canvas = canvas_for(case.open(OVERLAY_PX).rgb, SHOWN_PX, OVERLAY_PX)
        mask = mask_of(analysis.mask_logits, canvas.shape[1], canvas.shape[0])
        return layers.draw(canvas, mask, heatmap)

    def figures() -> str:
        return analysis_json(case.name, analysis, shown.notes)

    for label, data, name in (
        ("Photo as shown", lambda: overlay_png(large()), f"{stem}_overlay.png"),
        ("Mask", lambda: mask_png(analysis.mask), f"{stem}_mask.png"),
        ("Figures (JSON)", figures, f"{stem}.json"),
    ):
        download(label, data, name, width="stretch")


def notes(case: Case, shown: ShownAnalysis, layers: Layers, target: str) -> None:
    """Where the photo is from, and how to read what lies on it."""
    st.markdown(f":small[{case.about}]")  # as a caption, its badge would be too faint to read
    if layers.outline and not shown.mask.any():
        st.caption(":material/info: The U-Net found no lesion, so there is no outline.")
    heatmap, name = shown.analysis.heatmap(target), BY_KEY[target].name
    if layers.heatmap and not heatmap.any():
        st.caption(f"No part of the photo supports “{name}”: the map is empty.")
    elif layers.heatmap:
        rows, columns = heatmap.shape
        share = shown.heat_inside(heatmap)
        inside = "" if share is None else f" {percent(share)} of this heat lies inside the outline."
        st.caption(
            f"Brightest: the strongest evidence for “{name}” in this photo (Grad-CAM). The map has "
            f"only {columns} × {rows} cells; what lies between is smoothed. A heatmap does not "
            f"show that the answer is right.{inside}"
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
