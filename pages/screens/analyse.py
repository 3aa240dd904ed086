"""Analyse: one photo, one explained answer."""

import streamlit as st

from core.imaging import ImageError
from core.settings import SettingsError
from core.turns import BusyError
from core.weights import WeightsError
from ui import answer, cases, state
from ui.frame import as_text

st.title(
    "Analyse a photo",
    anchor=False,
    help="See how two neural networks read a lesion: where it is, what it may be, and why.",
)

case = cases.pick()
if case is not None:
    try:
        shown = state.analyse(case)
    except ImageError as error:
        remedy = "" if case.record is None else " Import the dataset again to repair it."
        st.error(f"{error}{remedy}", title=f"{as_text(case.name)} cannot be analysed")
    except BusyError as error:
        st.warning(str(error), title="Busy", icon=":material/hourglass_top:")
        st.button("Try again", icon=":material/refresh:")
    except (WeightsError, SettingsError) as error:
        st.error(str(error), title="The models cannot be used")
    else:
        answer.show(case, shown)
