"""Measurements of the outlined lesion, after the letters A, B and C of the ABCD rule."""

import streamlit as st

from core.formatting import percent
from core.imaging.image import to_jpeg
from core.lesion.border import ABRUPT
from core.lesion.colour import COLOURS, LEAST_SHARE
from core.lesion.diagram import draw_anatomy
from core.lesion.measure import Measurements
from core.lesion.measure_words import Row, described
from ui.case import Case
from ui.drawings import drawings
from ui.figures import show_figure
from ui.scale import width_mm
from ui.sections.charts import colour_bars, describe_colours
from ui.state import ShownAnalysis

TITLE = ":material/straighten: Measurements"


def show(case: Case, shown: ShownAnalysis) -> None:
    """The lesion with its axes and segments, and what was measured, letter by letter."""
    measured = shown.analysis.measurements
    if measured is None:
        st.write("No lesion was outlined, so there is nothing to measure.")
        return
    if not shown.analysis.in_domain:
        st.caption(
            ":material/warning: This does not look like a dermatoscopic photo, so what is outlined "
            "may be no lesion."
        )
    st.caption(
        ":material/info: After the ABCD rule of dermoscopy (Stolz, 1994): asymmetry, border, "
        "colour. This is not the rule's total score: D (structures) cannot be measured from "
        "an outline, and A to C are normally judged by eye. Similar figures do not mean similar "
        "lesions."
    )
    left, right = st.columns(2, gap="large")
    with left:
        _picture(case, shown, measured)
        _size(case, shown, measured)
    rows = described(measured)
    with right:
        st.subheader("A · Asymmetry", anchor=False)
        st.caption(
            "The lesion is mirrored about two axes at a right angle, laid where it is least "
            "asymmetric."
        )
        _table(rows["asymmetry"], rows["colour_asymmetry"])
        st.subheader("B · Border", anchor=False)
        st.caption(
            f"The rule counts segments with an abrupt border; here, where the colour changes by "
            f"{ABRUPT:.0f} ΔE or more over a tenth of the lesion's radius. That limit is "
            "LesionLab's: the rule has none."
        )
        _table(rows["abrupt_segments"], rows["compactness"], rows["solidity"])
        st.subheader("C · Colour", anchor=False)
        _colour(measured)


def _picture(case: Case, shown: ShownAnalysis, measured: Measurements) -> None:
    anatomy = shown.analysis.anatomy
    assert anatomy is not None
    place = st.empty()
    with st.container(horizontal=True):
        axes = st.toggle("Axes", value=True, key="measure_axes", persist_state="session")
        segments = st.toggle(
            "Segments", value=True, key="measure_segments", persist_state="session"
        )
    words = [f"Measurements of {case.name}"]
    if axes:
        words.append("two axes of least asymmetry")
    if segments:
        which = [str(i + 1) for i, abrupt in enumerate(anatomy.abrupt) if abrupt]
        words.append("eight segments, abrupt border in " + (", ".join(which) or "none"))

    def drawn() -> bytes:
        return to_jpeg(draw_anatomy(shown.preview, anatomy, axes=axes, segments=segments))

    # Drawing takes ten milliseconds, saved while other switches are turned.
    picture = drawings.of((shown,), ("anatomy", axes, segments), drawn)
    place.image(picture, width="stretch", alt=", ".join(words))
    if segments:
        st.caption(
            "Thick line and number on a disc: the border is abrupt. Thin dashes: it fades into "
            "the skin."
        )
    if measured.touches_border:
        st.caption(
            ":material/warning: The lesion reaches the frame and may be cut off, so its size, "
            "shape and symmetry are those of the visible part. Segments that mostly end at the "
            "frame are not judged."
        )


def _size(case: Case, shown: ShownAnalysis, measured: Measurements) -> None:
    st.subheader("Size", anchor=False)
    width = width_mm(case)
    rows = described(measured, width and width / shown.analysis.width)
    _table(rows["equivalent_diameter_px"], rows["area_share"])


def _colour(measured: Measurements) -> None:
    if not measured.in_colour:
        st.write("The photo has no colours, so none of the six can be identified.")
        return
    none = 1 - sum(getattr(measured, colour.key) for colour in COLOURS)
    rest = f" {percent(none)} of the lesion counts as none of them." if none >= LEAST_SHARE else ""
    is_are = "is" if measured.colours == 1 else "are"
    st.write(f"{measured.colours} of the rule's six colours {is_are} present.{rest}")
    st.caption(
        f"Each pixel counts for the nearest of the six, once the tint of the light is taken off by "
        f"the skin around; a colour counts once it covers at least {percent(LEAST_SHARE)} of the "
        "lesion. White must be lighter than that skin. Cameras differ: look for yourself."
    )
    show_figure(colour_bars(measured), describe_colours(measured), "colours")


def _table(*rows: Row) -> None:
    measures, values, readings = zip(*rows, strict=True)
    st.table({"Measure": measures, "Value": values, "How to read it": readings})
