"""What can be done with the view as a whole: hand it on, compare, show it to a hall."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui import case_picker as cases
from ui.analyse import present
from ui.case import Case
from ui.compare import pair
from ui.parts.copy import copy_link


def show(place: DeltaGenerator, case: Case) -> None:
    """The buttons, in one popover."""
    with place.popover("Share", icon=":material/ios_share:", key="tools"):
        if case.own:
            st.caption(
                "A photo of your own has no link to hand on. Keep the address of this page to "
                "yourself: whoever has it sees the photo."
            )
        else:
            copy_link()
        st.button(
            "Present :small[(P)]",
            icon=":material/slideshow:",
            key="present_now",
            on_click=present.ask,
            width="stretch",
        )
        if st.button(
            "Compare with another photo",
            icon=":material/compare:",
            key="compare",
            width="stretch",
        ):
            cases.carry(pair.slots()[0])
            st.switch_page("pages/screens/compare.py")
