"""What became of an outline: it lies beside the expert's and the model's."""

import numpy as np
import streamlit as st

from core.answer.analyser import mask_of
from core.errors import DatasetError
from core.formatting import percent
from core.imaging.overlay import canvas_for
from core.learning.cases import is_practice
from core.learning.outlines import (
    Difference,
    Drawn,
    OutlineScores,
    Painted,
    difference,
    painted_mask,
    score,
)
from core.learning.records import Profile, Quiz, Step
from core.learning.store import Store
from core.taxonomy import BY_KEY
from ui import state
from ui.answer import attempt
from ui.case import Case
from ui.learning import asking, feedback, links, material
from ui.parts.outlines import Line, outlines
from ui.state import SHOWN_PX
from ui.text import as_text

ONE_EXPERT = (
    "The expert's outline is one person's (Tschandl et al. 2020). Where a lesion fades into the "
    "skin another expert would draw it somewhat differently, so do not aim at an IoU of 1."
)
MEASURES = (
    "IoU: the area that both outlines enclose, divided by the area that at least one encloses. "
    "Dice: twice the area that both enclose, divided by the sum of their areas. 1: the same, "
    "0: nothing in common."
)
ALIKE = 0.1
"""Share of the expert's area below which what was missed, or drawn beyond it, is called little."""


def show(me: Profile, quiz: Quiz, step: Step) -> None:
    """One outline with its scores, and the way to the next case."""
    case = asking.open_case(me, quiz, step)
    if case is None or step.drawn is None:
        return
    shown = attempt(case, "quiz_")
    feedback.onward(me, quiz, step)
    try:
        expert = material.expert_outline(step.image)
    except (DatasetError, ValueError) as error:
        st.error(as_text(str(error)), title="The expert's outline cannot be read")
        return
    height, width = expert.shape
    model = mask_of(shown.analysis.mask_logits, width, height) if shown else None
    scores = score(step.drawn.drawing, expert, model)
    if step.drawn.scores is None or not step.drawn.scores.model:
        weights = state.model_server().analyser.segmenter_card.sha256 if shown else ""
        Store.open().outline_scored(me, quiz.id, step.position, scores, weights)
    left, right = st.columns([6, 5], gap="large")
    with left:
        picture(case, step.drawn, expert, model, is_practice(step.image))
        st.caption(case.about)
    with right:
        table(scores, "the lesion as drawn" if is_practice(step.image) else "the expert")
        st.write(in_words(difference(step.drawn.drawing, expert)))
        true = BY_KEY[step.truth]
        st.markdown(f"**The lesion:** {true.with_group}. {feedback.known(case)}")
        links.diagnosis(step.truth, f"outlined_{step.position}")
        if not is_practice(step.image):
            st.caption(ONE_EXPERT)


def picture(
    case: Case, drawn: Drawn, expert: np.ndarray, model: np.ndarray | None, practice: bool
) -> None:
    """The photo with the outlines, each in a line of its own."""
    lines = [Line("As drawn by the program" if practice else "Expert", "solid", expert)]
    if model is not None:
        lines.append(Line("Model", "dashed", model))
    mine = drawn.drawing
    lines.append(Line("You", "dotted", painted_mask(mine) if isinstance(mine, Painted) else mine))
    canvas = canvas_for(case.open(SHOWN_PX).rgb, SHOWN_PX, SHOWN_PX)
    said = ", ".join(f"{line.name} {line.style}" for line in lines)
    outlines(canvas, lines, f"The photo with its outlines: {said}")


def table(scores: OutlineScores, expert: str) -> None:
    """Who agrees with whom, and how far; `expert` says whom the true outline is of."""
    pairs = {
        f"You and {expert}": scores.student,
        "You and the model": scores.with_model,
        f"The model and {expert}": scores.model,
    }
    found = {name: pair for name, pair in pairs.items() if pair}
    st.table(
        {
            "Outlines": list(found),
            "IoU": [f"{pair.iou:.2f}" for pair in found.values()],
            "Dice": [f"{pair.dice:.2f}" for pair in found.values()],
        }
    )
    st.caption(MEASURES)


def in_words(found: Difference) -> str:
    """What a student might do otherwise."""
    missed = f"left out {percent(found.missed)} of the lesion"
    beyond = f"took in skin beyond it, {percent(found.beyond)} of its area"
    if found.missed < ALIKE and found.beyond < ALIKE:
        how = "Your outline fits well"
    elif found.missed < ALIKE:
        how = "Your outline is too wide"
    elif found.beyond < ALIKE:
        how = "Your outline is too narrow"
    else:
        how = "Your outline lies beside the lesion"
    return f"{how}: you {missed}, and {beyond}."
