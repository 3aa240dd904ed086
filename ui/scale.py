"""Millimetres, only where the student knows how much skin a photo shows."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.case import Case

WIDTH = "mm_"
"""Before a photo's digest, in the session: its width."""


def known_width_mm(case: Case) -> float | None:
    """The width that was typed for a photo on the Analyse page, if any."""
    return st.session_state.get(f"{WIDTH}{case.digest}")


def width_mm(case: Case, slot: str = "", place: DeltaGenerator | None = None) -> float | None:
    """Ask for the millimetres of skin that a photo's width spans; None where it is not known. It is
    remembered for each photo. `slot` as for `cases.pick`."""
    return (place or st).number_input(
        "Photo's width in mm",
        value=None,
        min_value=1.0,
        max_value=1000.0,
        step=1.0,
        format="%.1f",
        placeholder="not known",
        key=f"{slot}{WIDTH}{case.digest}",
        persist_state="session",
        help="How many millimetres of skin the photo's width spans: from a ruler in it, or from "
        "the dermatoscope's field of view.",
    )
