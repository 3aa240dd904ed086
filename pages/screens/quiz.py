"""Quiz: name the diagnosis of cases that neither you nor the models have seen."""

import streamlit as st

from core.learning.database import LearningError
from core.learning.records import Quiz, Step
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
from ui.parts import scroll
from ui.text import as_text


def play() -> None:
    """Where the visitor is: choosing, answering, reading what it was, or at the end."""
    store = Store.open()
    known = visitor.profiles(store)
    quiz = store.unfinished(known[0]) if known else None
    step = quiz.current if quiz else None
    scroll.follow(" ".join([*(me.id for me in known[:1]), _stage(quiz, step)]), focus=True)
    problems.show_problem()
    if not known:
        st.write(
            "Look at a lesion, commit to a diagnosis and to how sure you are, then see what it "
            "was, what the AI says and why. Many short rounds with feedback teach best; My "
            "progress tells which diagnoses to practise again, and when."
        )
        visitor.ask()
        _links("Take part in a class, or lead one")
        return
    me, *others = known
    if quiz and step:
        ask, reveal = (drawing, outlined) if quiz.mode == "draw" else (asking, feedback)
        (reveal if _answered(quiz, step) else ask).show(me, quiz, step)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        visitor.bar(me, others)
        _links("Class")
    done = store.quiz(me, str(st.session_state.get("quiz", "")))
    if done is not None:
        (outline_summary if done.mode == "draw" else summary).show(store, me, done)
        st.header("Next quiz", anchor=False)
    choosing.show(store, me)


def _answered(quiz: Quiz, step: Step) -> bool:
    """Whether all was answered that a case asks."""
    return step.first is not None and (quiz.mode != "with_ai" or step.second is not None)


def _stage(quiz: Quiz | None, step: Step | None) -> str:
    """Tells what is asked or told now from what is before and after it; empty between quizzes."""
    if not (quiz and step):
        return ""
    return f"{quiz.id} {step.position} {step.first is None} {_answered(quiz, step)}"


def _links(class_label: str) -> None:
    """The ways to one's progress and to a class."""
    st.page_link("pages/screens/progress.py", label="My progress", icon=":material/trending_up:")
    st.page_link("pages/screens/classroom.py", label=class_label, icon=":material/co_present:")


st.title(
    "Quiz",
    anchor=False,
    help="Name lesions that the models have never seen, alone or with the AI, and learn from each.",
)
try:
    play()
except LearningError as error:
    st.error(as_text(str(error)), title="The quiz cannot be used")
