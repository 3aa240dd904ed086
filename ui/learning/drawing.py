"""One case, asked for the lesion's outline."""

import streamlit as st

from core.errors import DatasetError
from core.imaging.overlay import canvas_for
from core.learning.outlines import read_outline
from core.learning.records import Profile, Quiz, Step
from core.learning.store import Store
from ui.learning import asking, material, problems
from ui.parts.draw import draw
from ui.state import SHOWN_PX
from ui.text import as_text

ALT = "Dermatoscopic photo of the lesion to outline"


def show(me: Profile, quiz: Quiz, step: Step) -> None:
    """Ask for it."""
    asking.head(me, quiz, step)
    case = asking.open_case(me, quiz, step)
    if case is None:
        return
    try:
        material.expert_outline(step.image)
    except (DatasetError, ValueError) as error:
        st.error(as_text(str(error)), title="This case has no expert's outline")
        asking.skip_button(me, quiz, step)
        return
    asking.started(quiz, step)
    st.header("Where does the lesion end?", anchor=False)
    canvas = canvas_for(case.open(SHOWN_PX).rgb, SHOWN_PX, SHOWN_PX)
    draw(canvas, ALT, f"{quiz.id}_{step.position}", lambda sent: _confirm(me, quiz, step, sent))
    st.caption(case.about)


def _confirm(me: Profile, quiz: Quiz, step: Step, sent: object) -> None:
    if sent is None:
        return
    with problems.action():
        outline = read_outline(sent)
        seconds = asking.elapsed(quiz, step)
        Store.open().outline(me, quiz.id, step.position, outline, seconds)
