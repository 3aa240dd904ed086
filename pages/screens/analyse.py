"""Analyse: one photo, one explained answer."""

import streamlit as st

from ui import answer
from ui import case_picker as cases
from ui.analyse import address, first_visit, present, presentation, tools

first_visit.arrive()
address.read()
top = st.container(horizontal=True, vertical_alignment="center")
top.title(
    "Analyse a photo",
    anchor=False,
    help="See how two neural networks read a lesion: where it is, what it may be, and why.",
)
first_visit.show()
case = cases.pick()
shown = answer.attempt(case) if case is not None else None
if case is not None and shown is not None and present.asked():
    presentation.show(case, shown, cases.move)
elif case is not None and shown is not None:
    tools.show(top, case)
    answer.show(case, shown)
address.write(shown)
