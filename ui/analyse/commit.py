"""Let me answer first: a case's answer stays hidden until the student has given their own."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.formatting import chance
from core.taxonomy import BY_KEY, ORDER
from ui.case import Case
from ui.choices import choose_one
from ui.parts import scroll
from ui.state import ShownAnalysis
from ui.text import as_text

SURE = {"guess": "A guess", "unsure": "Unsure", "fairly": "Fairly sure", "sure": "Sure"}
QUESTION = "What is your diagnosis?"
_ANSWERS = "answers"
"""Of the session: diagnosis and confidence by the photo's digest."""


def answer_of(case: Case) -> tuple[str, str] | None:
    """What the student said of a case: a diagnosis' key and one of `SURE`."""
    return st.session_state.get(_ANSWERS, {}).get(case.digest)


def switch(place: DeltaGenerator | None = None) -> None:
    """Whether the student answers first, here and for the cases to come."""
    (place or st).toggle(
        "Let me answer first",
        key="first",
        persist_state="session",
        on_change=scroll.ask_control,
        args=("first",),
    )


def pending(case: Case) -> bool:
    """Whether the model's answer must not be seen yet."""
    wanted = case.record is not None and st.session_state.get("first", False)
    return bool(wanted) and answer_of(case) is None


def ask(case: Case) -> None:
    """The student's own diagnosis, and how sure they are."""
    said = st.pills(
        QUESTION,
        ORDER,
        format_func=lambda key: BY_KEY[key].name,
        key=f"said_{case.digest}",
        wrap=True,
    )
    sure = choose_one("How sure are you?", SURE, f"sure_{case.digest}", default="unsure")
    st.button(
        "Show the model's answer and the truth",
        type="primary",
        icon=":material/visibility:",
        key="commit",
        disabled=said is None,
        on_click=_keep,
        args=(case.digest, said, sure),
    )


def _keep(digest: str, said: str, sure: str) -> None:
    st.session_state.setdefault(_ANSWERS, {})[digest] = (said, sure)
    scroll.ask(scroll.ANSWER)


def side_by_side(case: Case, shown: ShownAnalysis) -> None:
    """The student's answer, the model's and the truth."""
    said = answer_of(case)
    assert said is not None
    assert case.record is not None
    analysis, true = shown.analysis, str(case.record["dx"])
    named = (said[0], analysis.prediction)
    signs = [":material/check: right" if key == true else ":material/close: wrong" for key in named]
    st.table(
        {
            "": ["You", "The model", "Truth"],
            "Diagnosis": [BY_KEY[key].name for key in (*named, true)],
            "How sure": [SURE[said[1]], as_text(chance(analysis.probability(named[1]))), ""],
            " ": [*signs, ""],
        },
    )
