"""Analyse: one photo, one explained answer."""

import streamlit as st

from ui import answer
from ui import case_picker as cases
from ui.compare import pair

st.title(
    "Analyse a photo",
    anchor=False,
    help="See how two neural networks read a lesion: where it is, what it may be, and why.",
)

case = cases.pick()
if case is not None and (shown := answer.attempt(case)):
    if st.button("Compare with another photo", icon=":material/compare:", type="tertiary"):
        cases.carry(pair.slots()[0])
        st.switch_page("pages/screens/compare.py")
    answer.show(case, shown)
