"""How somebody does over weeks: charts, what is due, the answers to take home or delete."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from core.evaluation.shares import share
from core.formatting import percent
from core.learning.export import answers_csv
from core.learning.records import MODES, Answered, Profile
from core.learning.schedule import Standing, in_days, standings
from core.learning.scores import accuracy as accuracy_of
from core.learning.scores import by_quiz, counted, of_student, outlined
from core.learning.store import Store
from core.taxonomy import BY_KEY
from ui import files
from ui.browser import by_clock
from ui.figures import LEGEND_ABOVE, SHARE_TICKS
from ui.learning import choosing, links, outline_progress, problems, summary
from ui.parts.controls import confirm
from ui.performance import charts
from ui.text import as_text


def show(store: Store, me: Profile) -> None:
    """All of one profile."""
    given = store.answers(me)
    answers = counted(given)
    drawn = outlined(given)
    if not answers and not drawn:
        st.info(
            "Nothing yet. Answer a first quiz: your history and what is due show here then.",
            icon=":material/school:",
        )
    if answers:
        found = standings(answers, datetime.now(UTC))
        choosing.due(found)
        over_time(answers)
        by_diagnosis(found, answers)
    if answers or drawn:
        outline_progress.show(drawn)
    keep(me, given)


def over_time(answers: Sequence[Answered]) -> None:
    """Each quiz, in the order they were played."""
    rows = []
    for of_quiz in by_quiz(answers):
        first, found = of_quiz[0], accuracy_of(of_quiz, of_student)
        mode = MODES.get(first.mode, first.mode)
        rows.append((by_clock(first.at), mode, found.value, found.low, found.high, found.of))
    table = pd.DataFrame(rows, columns=["when", "mode", "right", "low", "high", "cases"])
    st.header("Your quizzes", anchor=False)
    with st.container(horizontal=True):
        whole = accuracy_of(answers, of_student)
        st.metric("Cases answered", f"{len(answers):,}", border=True)
        st.metric("Right", percent(whole.value or 0), border=True)
        st.metric("Days practised", len({by_clock(a.at).date() for a in answers}), border=True)
    named = [name for key, name in MODES.items() if key != "draw"]
    symbols = dict(zip(named, ("circle", "square", "diamond"), strict=True))
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": mode,
            "x": part.index,
            "y": part["right"],
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": part["high"] - part["right"],
                "arrayminus": part["right"] - part["low"],
                "color": charts.accent(),
                "thickness": 1.5,
            },
            "marker": {"color": charts.accent(), "symbol": symbols.get(str(mode)), "size": 10},
            "customdata": part[["when", "cases"]].assign(right=part["right"].map(percent)),
            "hovertemplate": "%{customdata[0]|%d %b %Y, %H:%M}: %{customdata[2]} of "
            "%{customdata[1]}<extra></extra>",
        }
        for mode, part in table.groupby("mode", sort=False)
    ]
    charts.show(
        charts.figure(
            traces,
            320,
            xaxis=charts.in_order(list(table["when"])),
            yaxis=charts.axis("Share right", range=charts.SHARES, **SHARE_TICKS),
            legend=LEGEND_ABOVE,
            margin={"l": 0, "r": 12, "t": 70, "b": 40},
            showlegend=True,
        ),
        "progress",
        "Share right of each quiz, in order: "
        + ", ".join(f"{percent(r)} of {n}" for r, n in table[["right", "cases"]].to_numpy()),
        "A point is a quiz, with its 95 % interval. Sets differ in difficulty: compare like with "
        "like.",
        table.assign(when=table["when"].astype(str)),
    )


def by_diagnosis(found: Sequence[Standing], answers: Sequence[Answered]) -> None:
    """Each diagnosis: how often it was recognised, how often the word was right, and when it is
    due."""
    if not any(s.answers for s in found):
        return
    now = by_clock(datetime.now(UTC))
    st.header("Your diagnoses", anchor=False)
    rows = [summary.row(BY_KEY[s.key].name, share(s.right, s.answers)) for s in found]
    charts.show(
        charts.forest(rows, "Share right"),
        "progress-diagnoses",
        "Share right by diagnosis: " + ", ".join(f"{r.label} {r.note}" for r in rows if r.known),
        "Of the cases of each true diagnosis, how many you named.",
        charts.forest_table(rows),
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Diagnosis": [BY_KEY[s.key].name for s in found],
                "Recognised": [f"{s.right} of {s.answers}" for s in found],
                "Right when you said it": [_when_said(s.key, answers) for s in found],
                "Due": [
                    "not practised yet"
                    if s.due is None
                    else "today"
                    if s.is_due(now)
                    else choosing.after(in_days(s.due, now))
                    for s in found
                ],
            }
        ),
        hide_index=True,
        alt="Each diagnosis, how many cases of it you recognised, how often you were right in "
        "saying it, and when it is due again",
    )
    most = max(s.weakness for s in found)
    st.write("Needs practice most:")
    for weak in found:
        if weak.weakness == most:
            links.diagnosis(weak.key, f"weakest_{weak.key}")


def _when_said(key: str, answers: Sequence[Answered]) -> str:
    """Of the answers that name a diagnosis, how many were right."""
    true = [a.truth == key for a in answers if a.first == key]
    return f"{sum(true)} of {len(true)}" if true else "–"


def keep(me: Profile, answers: list[Answered]) -> None:
    """Take the answers home, or delete them."""
    st.header("Your data", anchor=False)
    with st.container(horizontal=True):
        files.download(
            "All answers (CSV)",
            lambda: answers_csv(answers),
            "lesionlab-answers.csv",
            key="progress_csv",
            disabled=not answers,
        )
        if st.button("Delete everything", key="progress_delete", icon=":material/delete:"):
            confirm(
                "Delete everything?",
                f"All quizzes and answers of {as_text(me.nickname)} are deleted from LesionLab's "
                "computer, for good. Download them first if you want to keep them.",
                "Delete for good",
                _delete,
                me,
                icon=":material/delete_forever:",
                no="Keep them",
                key="progress_delete_confirmed",
            )


def _delete(me: Profile) -> None:
    with problems.action():
        Store.open().delete_profile(me)
        st.session_state.pop("quiz", None)
