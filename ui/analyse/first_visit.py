"""A first visit in four steps, above the Analyse page: what you see, what it means, what it cannot
do, and one to try. Shown to a browser once, and never to somebody who comes by a link to a case."""

import contextlib

import streamlit as st

from core.evaluation.files import EvaluationError
from core.models.weights import WeightsError
from ui import case_picker, state
from ui.analyse import address
from ui.parts import scroll
from ui.parts.tour import tour
from ui.performance.evaluations import report_in_use

COOKIE = "lesionlab_visited"
"""Of a browser that has seen it."""
_OPEN = "first_visit"
"""Of the session: whether it is shown."""
OFFERS = {"another": "Another lesion", "quiz": "To the quiz", "close": "Close"}


def arrive() -> None:
    """Decide, before the address is read, whether this visitor is shown it."""
    st.session_state.setdefault(
        _OPEN, not st.query_params.to_dict() and COOKIE not in st.context.cookies
    )


def again() -> None:
    """Show it once more, on the Analyse page."""
    st.session_state[_OPEN] = True
    address.open_analyse()


def show() -> None:
    """The card, as long as it is open."""
    if st.session_state.pop("first_visit_to_quiz", False):
        st.switch_page("pages/screens/quiz.py")
    if st.session_state.get(_OPEN):
        tour(stops(), OFFERS, COOKIE, _leave)


def _leave(to: str) -> None:
    st.session_state[_OPEN] = False
    if to == "quiz":
        st.session_state["first_visit_to_quiz"] = True
        return
    if to == "another":
        case_picker.move(1)
    scroll.ask(scroll.ANSWER)


def stops() -> list[tuple[str, str]]:
    """The four steps."""
    return [
        (
            "What you see",
            "A photo taken through a dermatoscope. One network outlines the lesion, one weighs "
            "seven diagnoses: the bars. A heatmap shows where in the photo the evidence for a "
            "diagnosis lies. The switches for outline and heatmap are below the photo.",
        ),
        (
            "What it means",
            "A bar of 70 %: of 100 photos that get such an answer, some 70 should show that "
            "diagnosis. That nearly holds where photos come from clinics like those it learned "
            "from; Performance, Calibration, shows how nearly. The tick on each bar is how common "
            "the diagnosis is there. A heatmap does not show that an answer is right.",
        ),
        (
            "What it cannot do",
            "It never diagnoses. It knows seven diagnoses, dermoscopy only, and mostly light skin; "
            f"and it errs{_misses()}. If a mole worries you, see a doctor, whatever the bars say.",
        ),
        (
            "Try one",
            f"{_think_first()} Then ask why it answers so: below the photo you find similar cases, "
            "measurements, and how sure it is. The quiz asks about lesions one after another.",
        ),
    ]


def _think_first() -> str:
    """Practice lesions have no true diagnosis, and so no question."""
    if isinstance(state.dataset(), str):
        return "Say what you think before you look at the bars."
    return (
        "Switch on “Let me answer first”, below the bars, and say what you think before you see "
        "them."
    )


def _misses() -> str:
    """How many melanomas it finds, as measured."""
    with contextlib.suppress(EvaluationError, WeightsError, KeyError):
        found = report_in_use("test").figures.classes["mel"].figures["recall"].value
        if found is not None:
            return f": of 100 melanomas that it had not seen it named {found * 100:.0f}"
    return ""
