"""The seven diagnoses, one at a time: looks, frequency, examples, and how the model does."""

import streamlit as st

from core.taxonomy import BY_KEY, DIAGNOSES
from ui.choices import choose_one
from ui.learning import diagnosis

SHOWN, ASKED = "diagnosis_shown", "diagnosis_asked"


def remember() -> None:
    """The address names what is shown, so that it can be kept and handed on."""
    st.query_params["diagnosis"] = st.session_state[ASKED] = st.session_state[SHOWN]


st.title(
    "The seven diagnoses",
    anchor=False,
    help="What each looks like through a dermatoscope, how common it is, and where the AI errs.",
)
asked = st.query_params.get("diagnosis", "")
if asked in BY_KEY and asked != st.session_state.get(ASKED):
    st.session_state[SHOWN] = st.session_state[ASKED] = asked
choose_one("Diagnosis", {d.key: d.name for d in DIAGNOSES}, SHOWN, on_change=remember)
diagnosis.show(st.session_state[SHOWN])
st.caption(
    "For teaching only: the usual looks, from which single lesions differ. Whoever worries about a "
    "mole should see a doctor."
)
