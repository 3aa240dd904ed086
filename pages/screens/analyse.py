"""Analyse: one photo, one explained answer."""

import streamlit as st

from core.settings import SettingsError
from core.weights import WeightsError
from ui import answer, cases, state

st.title(
    "Analyse a photo",
    anchor=False,
    help="See how two neural networks read a lesion: where it is, what it may be, and why.",
)

case = cases.pick()
if case is not None:
    try:
        shown = state.analyse(case.image)
    except (WeightsError, SettingsError) as error:
        st.error(str(error), title="The models cannot be used")
    else:
        answer.show(case, shown)
