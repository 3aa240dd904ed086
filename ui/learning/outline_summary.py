"""The end of a quiz of outlines: how near to the expert's, beside the model."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.figures import Figure
from core.evaluation.metrics import FAILED_BELOW
from core.learning.draw import LEVELS
from core.learning.outlines import OutlineScores
from core.learning.records import MODES, Answered, Profile, Quiz
from core.learning.scores import outline_means, outlined
from core.learning.store import Store
from core.taxonomy import BY_KEY
from ui.learning.outlined import MEASURES
from ui.learning.summary import buttons, counted_cases
from ui.performance import charts


def show(store: Store, me: Profile, quiz: Quiz) -> None:
    """All outlines of one finished quiz."""
    given = store.answers(me, quiz.id)
    found = outlined(given)
    st.header(f"Summary · {MODES[quiz.mode]} · {LEVELS.get(quiz.level, quiz.level)}", anchor=False)
    if not found:
        st.write("No outline of this quiz was compared.")
        return
    means = outline_means(given)
    with st.container(horizontal=True):
        st.metric("Outlines", f"{len(found)}", border=True)
        st.metric("Your mean IoU", means["You"].number(2), border=True)
        if means["Model"].value is not None:
            st.metric("The model's mean IoU", means["Model"].number(2), border=True)
        seconds = float(np.median([a.seconds for a, _ in found]))
        st.metric("Median time", f"{seconds:.0f} s a case", border=True)
    buttons(me, quiz, given)
    compare(means, len(found))
    each(found)


def compare(means: dict[str, Figure], cases: int) -> None:
    """Student and model, with intervals."""
    names = {
        "You": "You with the expert",
        "Model": "Model with the expert",
        "You with the model": "You with the model",
    }
    rows = [
        charts.Row(name, means[key], counted_cases(cases), charts.accent())
        for key, name in names.items()
        if means[key].value is not None
    ]
    charts.show(
        charts.forest(rows, "Mean IoU"),
        "quiz-outlines",
        "Mean IoU: " + ", ".join(f"{r.label} {r.figure.text(2)}" for r in rows),
        "IoU of one lesion; an interval needs two."
        if cases == 1
        else f"Mean IoU of {cases} lesions with Student's 95 % interval.",
        charts.forest_table(rows),
    )
    against_model(means["Difference"])


def against_model(apart: Figure) -> None:
    """In words, by how much the student's mean IoU is larger than the model's, if that is known."""
    if apart.value is not None and apart.low is not None and apart.high is not None:
        more = "larger" if apart.value >= 0 else "smaller"
        sure = (
            "which chance does not explain"
            if apart.low > 0 or apart.high < 0
            else "which may be chance"
        )
        st.write(
            f"On the same cases your IoU with the expert is on average {abs(apart.value):.2f} "
            f"{more} than the model's (95 % interval {apart.ends(2)}), {sure}."
        )


def each(found: Sequence[tuple[Answered, OutlineScores]]) -> None:
    """Every case."""
    st.header("Your outlines", anchor=False)
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Case": number,
                    "Diagnosis": BY_KEY[a.truth].name,
                    "Your IoU": round(s.student.iou, 2),
                    "Your Dice": round(s.student.dice, 2),
                    "The model's IoU": round(s.model.iou, 2) if s.model else None,
                    "With the model's": round(s.with_model.iou, 2) if s.with_model else None,
                    "Seconds": round(a.seconds),
                }
                for number, (a, s) in enumerate(found, start=1)
            ]
        ),
        hide_index=True,
        alt="Each case with the IoU and Dice of your outline and the IoU of the model's",
    )
    st.caption(f"{MEASURES} Below an IoU of {FAILED_BELOW} an outline counts as failed.")
