"""Progress: one's own history, what is due, and one's data."""

import streamlit as st

from core.learning.database import LearningError
from core.learning.store import Store
from ui.learning import problems, progress, visitor
from ui.text import as_text


def own() -> None:
    """Of whoever practises in this browser."""
    store = Store.open()
    known = visitor.profiles(store)
    problems.show_problem()
    if not known:
        st.info(
            "No answer of this browser is kept: nobody has practised here yet, or all was deleted.",
            icon=":material/school:",
        )
        st.page_link("pages/screens/quiz.py", label="To the quiz", icon=":material/quiz:")
        return
    me, *others = known
    with st.container(horizontal=True, vertical_alignment="center"):
        visitor.bar(me, others)
        st.page_link("pages/screens/quiz.py", label="To the quiz", icon=":material/quiz:")
    progress.show(store, me)
    st.caption(visitor.WHERE)


st.title("My progress", anchor=False, help="Your quizzes over time, and what is due.")
try:
    own()
except LearningError as error:
    st.error(as_text(str(error)), title="Your progress cannot be read")
