"""One case, asked for the lesion's outline."""

import streamlit as st

from core.errors import DatasetError
from core.imaging.overlay import canvas_for
from core.learning.outlines import painted_grid, read_drawing
from core.learning.records import Profile, Quiz, Step
from core.learning.store import Store
from ui.learning import asking, material, problems
from ui.parts.draw import draw
from ui.state import SHOWN_PX
from ui.text import as_text

ALT = "Dermatoscopic photo of the lesion to outline"


def show(me: Profile, quiz: Quiz, step: Step) -> None:
    """Ask for it."""
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
    grid = painted_grid(canvas.shape[1], canvas.shape[0])
    draft = f"{quiz.id}_{step.position}"
    draw(canvas, ALT, draft, lambda sent: _confirm(me, quiz, step, sent, grid))
    st.caption(case.about)


def _confirm(me: Profile, quiz: Quiz, step: Step, sent: object, grid: tuple[int, int]) -> None:
    if sent is None:
        return
    with problems.action():
        drawing = read_drawing(sent, grid)
        seconds = asking.elapsed(quiz, step)
        Store.open().outline(me, quiz.id, step.position, drawing, seconds)
