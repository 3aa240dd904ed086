"""How near somebody's outlines come to the experts', over time and by diagnosis, beside the model's
of the same lesions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.learning.outlines import OutlineScores
from core.learning.records import Answered
from core.learning.scores import by_quiz, outline_means
from core.taxonomy import BY_KEY, KEYS
from ui.browser import by_clock
from ui.figures import LEGEND_ABOVE
from ui.learning import outline_summary
from ui.performance import charts

BESIDE = 0.14
"""How far right of the student's mean the model's is drawn; quizzes are 1 apart."""


def show(drawn: Sequence[tuple[Answered, OutlineScores]]) -> None:
    """All outlines that were scored, in the order they were drawn."""
    st.header("Your outlines", anchor=False)
    if not drawn:
        st.info(
            "No outline yet. Start a quiz with “Draw the outline”: your mean IoU with the expert, "
            "beside the model's, shows here then.",
            icon=":material/draw:",
        )
        return
    # Where the model's is not known, there is nothing to compare with.
    given = [a for a, scores in drawn if scores.model] or [a for a, _ in drawn]
    means = outline_means(given)
    with st.container(horizontal=True):
        st.metric("Outlines", f"{len(given):,}", border=True)
        st.metric("Your mean IoU", means["You"].number(2), border=True)
        st.metric("The model's mean IoU", means["Model"].number(2), border=True)
    outline_summary.against_model(means["Difference"])
    over_time(given)
    by_diagnosis(given)


def over_time(given: Sequence[Answered]) -> None:
    """The mean IoU of each quiz."""
    quizzes = by_quiz(given)
    rows = []
    for of_quiz in quizzes:
        means = outline_means(of_quiz)
        you, model = means["You"], means["Model"]
        ends = (you.value, you.low, you.high, model.value, model.low, model.high)
        rows.append((by_clock(of_quiz[0].at), len(of_quiz), *ends))
    sides = ("you", "you_low", "you_high", "model", "model_low", "model_high")
    table = pd.DataFrame(rows, columns=["when", "outlines", *sides])
    table = table.astype(dict.fromkeys(sides, float))
    looks = (
        ("You", "you", 0.0, charts.accent(), "circle"),
        ("Model", "model", BESIDE, charts.faint(), "diamond-open"),
    )
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": [place + off for place in range(len(table))],
            "y": table[side].tolist(),
            "error_y": {
                "type": "data",
                "symmetric": False,
                "array": table[f"{side}_high"] - table[side],
                "arrayminus": table[side] - table[f"{side}_low"],
                "color": ink,
                "thickness": 1.5,
            },
            "marker": {
                "color": ink,
                "symbol": symbol,
                "size": 10,
                "line": {"color": ink, "width": 2},
            },
            "customdata": table[["when", "outlines"]],
            "hovertemplate": "%{customdata[0]|%d %b %Y, %H:%M}: mean IoU %{y:.2f} of "
            "%{customdata[1]}<extra>" + name + "</extra>",
        }
        for name, side, off, ink, symbol in looks
        if table[side].notna().any()
    ]
    charts.show(
        charts.figure(
            traces,
            320,
            xaxis=charts.in_order(list(table["when"])),
            yaxis=charts.axis("Mean IoU with the expert", range=charts.SHARES),
            legend=LEGEND_ABOVE,
            margin={"l": 0, "r": 12, "t": 70, "b": 40},
            showlegend=True,
        ),
        "progress-outlines",
        "Mean IoU of each quiz, in order: "
        + ", ".join(
            f"you {_number(r.you)}, model {_number(r.model)} of {r.outlines}"
            for r in table.itertuples()
        ),
        "A point is a quiz, with Student's 95 % interval (none for a single outline). The model's "
        "mean is that of the same lesions.",
        table.assign(when=table["when"].astype(str)),
    )


def _number(value: float | None) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.2f}"


def by_diagnosis(given: Sequence[Answered]) -> None:
    """The mean IoU on each diagnosis, of the student and of the model."""
    found = {key: [a for a in given if a.truth == key] for key in KEYS}
    found = {key: of_key for key, of_key in found.items() if of_key}
    means = {key: outline_means(of_key) for key, of_key in found.items()}
    rows = [
        charts.Row(f"{BY_KEY[key].name}, {who}", means[key][name], f"{len(found[key])}", *looks)
        for key in found
        for name, who, *looks in (
            ("You", "you", charts.accent(), "circle"),
            ("Model", "model", charts.faint(), "diamond-open"),
        )
    ]
    charts.show(
        charts.forest(rows, "Mean IoU"),
        "progress-outlines-diagnoses",
        "Mean IoU by diagnosis: "
        + ", ".join(f"{r.label} {r.figure.text(2)} of {r.note}" for r in rows if r.known),
        "The mean IoU with the expert on the lesions of each diagnosis. With few outlines the "
        "intervals are wide.",
        charts.forest_table(rows),
    )
    st.dataframe(
        pd.DataFrame(
            {
                "Diagnosis": [BY_KEY[key].name for key in found],
                "Outlines": [len(of_key) for of_key in found.values()],
                "Your mean IoU": [means[key]["You"].text(2) for key in found],
                "The model's mean IoU": [means[key]["Model"].text(2) for key in found],
            }
        ),
        hide_index=True,
        alt="Each diagnosis, how many outlines of it you drew, and the mean IoU of yours and of "
        "the model's with the expert's, with 95 % intervals",
    )
