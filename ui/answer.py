"""The parts of the Analyse page that show one analysis."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.analyser import mask_of
from core.export import analysis_json, file_stem, mask_png, overlay_png
from core.imaging import to_jpeg
from core.overlay import canvas_for, draw
from core.taxonomy import BY_KEY, KEYS
from ui.case import Case
from ui.figures import describe_bars, probability_bars
from ui.frame import chance, percent
from ui.state import SHOWN_PX, Shown

OVERLAY_PX = 2400
"""Longest side of a downloaded overlay: enough to print, without 40 megapixels to wait for."""

HOW_CONFIRMED = {
    "histo": "confirmed by histopathology",
    "follow_up": "confirmed by follow-up: unchanged over time",
    "consensus": "by consensus of experts",
    "confocal": "confirmed by in-vivo confocal microscopy",
}


def show(case: Case, shown: Shown) -> None:
    """The whole answer: warnings, photo with its layers beside the probabilities, downloads."""
    analysis = shown.analysis
    if not analysis.in_domain:
        st.warning(
            "The models know dermoscopy of single lesions only. For a photo like this, "
            "the figures below mean little: read them as a guess.",
            title="This photo is unlike the training images",
            icon=":material/warning:",
        )
    for note in shown.notes:
        st.caption(f":material/info: {note}")
    left, right = st.columns([6, 5], gap="large")
    with left:
        photo(case, shown)
    with right:
        _headline(shown)
        st.plotly_chart(
            probability_bars(analysis),
            config={"displayModeBar": False, "scrollZoom": False},
            alt=describe_bars(analysis),
            key="bars",
        )
        st.caption(
            "Seven answers are all the model knows; they always sum to 100 %, even for a photo of "
            "something else. Calibrated at the share of each diagnosis in HAM10000."
        )
        if case.record is not None:
            _truth(case, shown)
        _measurements(shown)


@st.fragment
def photo(case: Case, shown: Shown) -> None:
    """The photo, its switches and the downloads; a switch redraws only this, no network runs."""
    analysis = shown.analysis
    place = st.container()
    first, second = st.columns(2, gap="medium")
    outline = first.toggle("Outline", value=True, key="outline", persist_state="session")
    fill = first.slider(
        "Fill opacity", 0, 100, 0, 5, format="%d %%", key="fill", persist_state="session"
    )
    heat_on = second.toggle("Heatmap", value=True, key="heat_on", persist_state="session")
    heat = second.slider(
        "Heatmap opacity",
        0,
        100,
        60,
        5,
        format="%d %%",
        key="heat",
        disabled=not heat_on,
        persist_state="session",
    )
    target = st.pills(
        "Heatmap for",
        sorted(KEYS, key=analysis.probability, reverse=True),
        format_func=lambda k: BY_KEY[k].name,
        default=analysis.prediction,
        required=True,
        key=f"target_{analysis.digest}",
        disabled=not heat_on,
        help="Most probable class first.",
    )

    heatmap = analysis.heatmap(target)

    def drawn(rgb: np.ndarray, mask: np.ndarray) -> np.ndarray:
        return draw(
            rgb,
            mask=mask,
            outline=outline,
            fill=fill / 100,
            heatmap=heatmap,
            heat=heat / 100 if heat_on else 0.0,
        )

    def large() -> np.ndarray:
        canvas = canvas_for(case.open(OVERLAY_PX).rgb, SHOWN_PX, OVERLAY_PX)
        return drawn(canvas, mask_of(analysis.mask_logits, canvas.shape[1], canvas.shape[0]))

    place.image(
        to_jpeg(drawn(shown.preview, shown.mask)),
        width="stretch",
        alt=_in_words(case, shown, outline, target if heat_on else None),
    )
    st.caption(case.about)
    if not shown.mask.any():
        st.caption(":material/info: The U-Net found no lesion, so there is no outline.")
    if heat_on and not heatmap.any():
        st.caption(f"No part of the photo speaks for “{BY_KEY[target].name}”: the map is empty.")
    elif heat_on:
        rows, columns = heatmap.shape
        st.caption(
            f"Bright: where the evidence for “{BY_KEY[target].name}” lies (Grad-CAM), from least "
            f"to most within this map of {columns} × {rows} places, smoothed. A heatmap does not "
            "show that the answer is right."
        )
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


def _in_words(case: Case, shown: Shown, outline: bool, target: str | None) -> str:
    parts = [f"Photo {case.name}"]
    measured = shown.analysis.measurements
    if outline and measured:
        parts.append(f"lesion outlined, {percent(measured.area_share)} of the frame")
    if target:
        parts.append(f"heatmap for {BY_KEY[target].name}")
    return ", ".join(parts)


def _headline(shown: Shown) -> None:
    analysis = shown.analysis
    top = BY_KEY[analysis.prediction]
    st.caption("The model's answer, of seven")
    st.subheader(
        f"{top.name} · {chance(analysis.probability(top.key))}", anchor=False, help=top.text
    )
    if (likeliest := analysis.most_probable) != top.key:
        st.caption(
            f":material/info: {BY_KEY[likeliest].name} is more probable "
            f"({chance(analysis.probability(likeliest))}), but it is also far more common. The "
            "answer makes up for that, so that rare diagnoses are not missed."
        )
    malignant = sum(analysis.probability(k) for k in KEYS if BY_KEY[k].malignant)
    st.markdown(
        f":gray-badge[{top.group} group] The three malignant diagnoses together: "
        f"**{chance(malignant)}**",
        help="Melanoma, basal cell carcinoma, actinic keratosis / Bowen's disease.",
    )
    if top.malignant != (malignant > 0.5):
        st.caption(":material/info: The answer and the more probable group differ.")


def _truth(case: Case, shown: Shown) -> None:
    record = case.record
    assert record is not None
    revealed = st.toggle("Reveal the true diagnosis", key=f"reveal_{case.name}")
    if not revealed:
        st.caption("Think first: what would you have said?")
        return
    truth = BY_KEY[record["dx"]]
    agrees = truth.key == shown.analysis.prediction
    how = HOW_CONFIRMED.get(record["dx_type"], record["dx_type"])
    age = "age unknown" if record["age"] != record["age"] else f"about {record['age']:.0f} years"
    box = st.success if agrees else st.error
    box(
        f"{how.capitalize()}. {record['localization'].capitalize()}, {record['sex']}, {age}. "
        + ("The model agrees." if agrees else "The model is wrong here."),
        title=truth.name,
        icon=":material/check_circle:" if agrees else ":material/cancel:",
    )


def _measurements(shown: Shown) -> None:
    measured = shown.analysis.measurements
    with st.expander("Measurements of the outlined lesion", icon=":material/straighten:"):
        if measured is None:
            st.write("No lesion was outlined, so there is nothing to measure.")
            return
        st.table(
            {
                "Measure": [
                    "Area", "Equivalent diameter", "Asymmetry of shape", "Border: compactness",
                    "Border: solidity",
                ],
                "Value": [
                    f"{percent(measured.area_share, 1)} of the frame",
                    f"{measured.equivalent_diameter_px:.0f} px",
                    f"{measured.asymmetry:.2f}",
                    f"{measured.compactness:.2f}",
                    f"{measured.solidity:.2f}",
                ],
                "How to read it": [
                    "without a ruler in the photo there are no millimetres",
                    "of a disc of the same area",
                    "0 symmetric about both axes, 1 not at all",
                    "1 a smooth disc, more: ragged or elongated",
                    "1 no notches, less: notched",
                ],
            }
        )  # fmt: skip
        if measured.touches_border:
            st.caption(":material/info: The lesion reaches the frame and may be cut off.")
