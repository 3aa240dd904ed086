"""Quiz: name the diagnosis of cases that neither you nor the models have seen."""

import streamlit as st

from core.learning.database import LearningError
from core.learning.store import Store
from ui.learning import (
    asking,
    choosing,
    drawing,
    feedback,
    outline_summary,
    outlined,
    problems,
    summary,
    visitor,
)
from ui.text import as_text


def play() -> None:
    """Where the visitor is: choosing, answering, reading what it was, or at the end."""
    store = Store.open()
    known = visitor.profiles(store)
    problems.show_problem()
    if not known:
        st.write(
            "Look at a lesion, commit to a diagnosis and to how sure you are, then see what it "
            "was, what the AI says and why. Many short rounds with feedback teach best; My "
            "progress tells which diagnoses to practise again, and when."
        )
        visitor.ask()
        _to_the_class("Take part in a class, or lead one")
        return
    me, *others = known
    quiz = store.unfinished(me)
    if quiz and (step := quiz.current):
        answered = step.first is not None and (quiz.mode != "with_ai" or step.second is not None)
        ask, reveal = (drawing, outlined) if quiz.mode == "draw" else (asking, feedback)
        (reveal if answered else ask).show(me, quiz, step)
        return
    with st.container(horizontal=True):
        visitor.bar(me, others)
        st.page_link(
            "pages/screens/progress.py", label="My progress", icon=":material/trending_up:"
        )
        _to_the_class("Class")
    done = store.quiz(me, str(st.session_state.get("quiz", "")))
    if done is not None:
        (outline_summary if done.mode == "draw" else summary).show(store, me, done)
        st.header("Next quiz", anchor=False)
    choosing.show(store, me)


def _to_the_class(label: str) -> None:
    st.page_link("pages/screens/classroom.py", label=label, icon=":material/co_present:")


st.title(
    "Quiz",
    anchor=False,
    help="Name lesions that the models have never seen, alone or with the AI, and learn from each.",
)
try:
    play()
except LearningError as error:
    st.error(as_text(str(error)), title="The quiz cannot be used")
