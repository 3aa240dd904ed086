"""Class: the same cases for everybody at once, led by a teacher."""

import streamlit as st

from core.learning.database import LearningError
from ui.choices import choose_one
from ui.learning import taking_part, wall
from ui.text import as_text

try:
    if taking_part.linked_code():
        taking_part.show()
    elif code := wall.led():
        wall.wall(code)
    else:
        st.title(
            "Class", anchor=False, help="A teacher leads from case to case; everybody answers."
        )
        if choose_one("Role", ["Take part", "Lead"], "class_role") == "Lead":
            wall.show()
        else:
            taking_part.show()
except LearningError as error:
    st.error(as_text(str(error)), title="The class cannot be used")
