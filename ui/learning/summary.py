"""The end of a quiz: how right, how sure, how quick, and what the AI did."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.figures import Figure
from core.evaluation.shares import Share
from core.formatting import percent
from core.learning.draw import LEVELS
from core.learning.export import answers_csv
from core.learning.records import MODES, Answered, Profile, Quiz
from core.learning.scores import (
    WHO,
    accuracy,
    calibration,
    confusions,
    counted,
    influence,
    mistakes,
    of_model,
    of_student,
    overconfidence,
    would_have,
)
from core.learning.store import Store
from core.taxonomy import BY_KEY, KEYS
from ui import files
from ui.learning import choosing
from ui.performance import charts

EFFECTS = {
    "helped": "The AI helped: wrong at first, right after seeing it",
    "misled": "The AI misled: right at first, wrong after seeing it",
    "resisted": "You kept a right answer against a wrong AI",
    "ignored": "You kept a wrong answer although the AI was right",
}


def show(store: Store, me: Profile, quiz: Quiz) -> None:
    """All of one finished quiz."""
    given = store.answers(me, quiz.id)
    answers = counted(given)
    st.header(f"Summary · {MODES[quiz.mode]} · {LEVELS.get(quiz.level, quiz.level)}", anchor=False)
    if not answers:
        st.write("No case of this quiz was answered.")
        return
    headline(answers)
    buttons(me, quiz, given)
    compare(answers)
    effects(answers)
    sureness(answers)
    confusion(answers)


def headline(answers: Sequence[Answered]) -> None:
    """The figures one looks for first."""
    found = accuracy(answers, of_student)
    after = accuracy(answers, WHO["You, after seeing the AI"])
    with st.container(horizontal=True):
        st.metric("Right", f"{found.hits} of {found.of}", border=True)
        if after.of:
            st.metric("Right after seeing the AI", f"{after.hits} of {after.of}", border=True)
        model = accuracy(answers, of_model)
        if model.of:
            st.metric("Model right", f"{model.hits} of {model.of}", border=True)
        st.metric(
            "Median time", f"{np.median([a.seconds for a in answers]):.0f} s a case", border=True
        )


def buttons(me: Profile, quiz: Quiz, answers: list[Answered]) -> None:
    """What to do next."""
    wrong = mistakes(answers)
    with st.container(horizontal=True):
        if wrong:
            st.button(
                f"Again: my mistakes ({len(wrong)})",
                key="quiz_again",
                type="primary",
                icon=":material/replay:",
                on_click=choosing.again,
                args=(me, quiz.mode, quiz.level, wrong),
            )
        made = partial(answers_csv, answers)
        files.download("Answers (CSV)", made, "lesionlab-quiz.csv", key="quiz_csv")


def interval(found: Share) -> str:
    """An interval as `44 to 97 %`."""
    return f"{found.low * 100:.0f} to {found.high * 100:.0f} %"


def counted_cases(number: int) -> str:
    """`1 case`, `10 cases`."""
    return "1 case" if number == 1 else f"{number:,} cases"


def row(label: str, found: Share) -> charts.Row:
    """A share in a forest plot."""
    figure = Figure(value=found.value, low=found.low, high=found.high)
    return charts.Row(label, figure, f"{found.hits} of {found.of}", charts.accent())


def compare(answers: Sequence[Answered]) -> None:
    """Student, model, and both."""
    shares = {who: accuracy(answers, answer) for who, answer in WHO.items()}
    rows = [row(who, share) for who, share in shares.items() if share.of]
    charts.show(
        charts.forest(rows, "Share right"),
        "quiz",
        "Share right: "
        + ", ".join(f"{r.label} {percent(r.figure.value or 0)} ({r.note})" for r in rows),
        f"{counted_cases(len(answers))}: with so few the intervals are wide, and a difference of "
        "one or two says little. “Both together”: where you and the model differ, the diagnosis "
        "with the highest mean of your confidence and its probability.",
        charts.forest_table(rows),
    )


def effects(answers: Sequence[Answered]) -> None:
    """What seeing the AI did, or would have done."""
    found = influence(answers)
    if any(a.second for a in answers):
        st.header("How the AI changed your answers", anchor=False)
        for name, words in EFFECTS.items():
            cases = ", ".join(
                f"{BY_KEY[a.truth].name} (AI: {BY_KEY[a.said.named].name})"
                for a in found[name]
                if a.said
            )
            st.markdown(f"- **{len(found[name])}** {words}{f': {cases}' if cases else ''}")
    else:
        better, worse = would_have(answers)
        st.caption(
            f"The model was right where you were wrong in {better} of the cases, and wrong where "
            f"you were right in {worse}. “With the AI” shows what its answer does to yours."
        )


def sureness(answers: Sequence[Answered]) -> None:
    """Whether the confidence was deserved."""
    levels = calibration(answers)
    if not levels:
        return
    st.header("How sure, and how often right", anchor=False)
    over = overconfidence(answers) or 0.0
    wrong, side = ("over", "above") if over > 0 else ("under", "below")
    st.write(
        "On average, you were right about as often as you expected."
        if abs(over) < 0.05
        else f"On average, you were {wrong}confident: your confidence was {abs(over) * 100:.0f} "
        f"percentage points {side} your share of right answers."
    )
    st.table(
        {
            "You said": [percent(confidence) for confidence in levels],
            "Right": [f"{right.hits} of {right.of}" for right in levels.values()],
            "95 % interval": [interval(right) for right in levels.values()],
        }
    )


def confusion(answers: Sequence[Answered]) -> None:
    """Who took what for what."""
    shown = [(w, confusions(answers, answer)) for w, answer in WHO.items()]
    shown = [(who, counts) for who, counts in shown if counts.sum()]
    if not shown:
        return
    st.header("Which diagnoses were confused", anchor=False)
    mixed: dict[tuple[str, str], dict[str, int]] = {}
    for who, counts in shown:
        for row, column in zip(*np.nonzero(counts), strict=True):
            if row != column:
                pair = (BY_KEY[KEYS[row]].name, BY_KEY[KEYS[column]].name)
                mixed.setdefault(pair, dict.fromkeys([w for w, _ in shown], 0))[who] = int(
                    counts[row, column]
                )
    if not mixed:
        st.write("None: all answers were right.")
        return
    st.dataframe(
        pd.DataFrame(
            [{"True diagnosis": t, "Taken for": n, **by} for (t, n), by in sorted(mixed.items())]
        ),
        hide_index=True,
        alt="Mistakes: the true diagnosis, what it was taken for, and by whom how often",
    )
