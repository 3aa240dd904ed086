"""What a class answered: the tally of a case, and in the end which cases were hard."""

import plotly.graph_objects as go
import streamlit as st

from core.formatting import percent
from core.learning.classes import CaseTally, Classes, ClassView
from core.taxonomy import BY_KEY, KEYS
from ui.figures import colour, show_figure, text_colour
from ui.learning import class_shared
from ui.performance import charts


def show_tally(seen: ClassView) -> None:
    """How many have answered what, with the truth marked once it is revealed."""
    show_figure(_tally(seen), _tally_words(seen), "class_tally")


def ended(code: str) -> None:
    """Case by case, how many were right: which were hard, and what they were mistaken for. A case
    whose truth was not shown before the end counts for nobody."""
    st.title(f"Class {code}", anchor=False)
    st.success("The class has ended.", icon=":material/check_circle:")
    seen = class_shared.view(code)
    shown = Classes.open().cases(code)[: seen.position + seen.revealed]
    answered = [case for case in shown if case.tally]
    if answered:
        st.dataframe(
            {
                "Case": [case.position + 1 for case in answered],
                "Diagnosis": [BY_KEY[case.truth].name for case in answered],
                "Right": [
                    f"{c.right} of {c.answered} ({percent(c.right / c.answered)})" for c in answered
                ],
                "Most often said instead": [_instead(case) for case in answered],
                "Photo": [case.image for case in answered],
            },
            hide_index=True,
            height="content",
            alt="Each case that was answered, how many were right, and the most common mistake",
        )
    else:
        st.info("Nobody answered a case.", icon=":material/info:")
    scores(seen, "Right in the end")


def _instead(case: CaseTally) -> str:
    wrong = {key: n for key, n in case.tally.items() if key != case.truth}
    if not wrong:
        return "–"
    most = max(wrong.values())
    names = [BY_KEY[key].name for key, n in wrong.items() if n == most]
    return f"{', '.join(names)} ({most}{' each' if len(names) > 1 else ''})"


def scores(seen: ClassView, title: str) -> None:
    """How many each has right, where the class shows nicknames, once a case is revealed."""
    if seen.scores and (revealed := seen.position + seen.revealed):
        st.markdown(f"**{title}, of {revealed}**")
        st.dataframe(
            {"Nickname": list(seen.scores), "Right": list(seen.scores.values())},
            hide_index=True,
            alt="Each participant and how many cases they had right",
        )


def _tally(seen: ClassView) -> go.Figure:
    dark = charts.dark()
    words = {"size": 16, "color": text_colour(dark)}  # for the last row
    bars = {
        "type": "bar",
        "orientation": "h",
        "y": [f"{'✓ ' * (seen.revealed and k == seen.truth)}{BY_KEY[k].name}" for k in KEYS],
        "x": [seen.tally.get(k, 0) for k in KEYS],
        "text": [str(seen.tally.get(k, 0)) for k in KEYS],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [colour(k, dark) for k in KEYS]},
        "textfont": words,
        "hoverinfo": "skip",
    }
    most = max(1, *seen.tally.values()) if seen.tally else 1
    return charts.figure(
        [bars],
        280,
        xaxis=charts.axis("", range=(0, most * 1.2), showticklabels=False),
        yaxis=charts.axis("", autorange="reversed", ticksuffix=" ", tickfont=words),
        margin={"l": 0, "r": 24, "t": 30, "b": 10},
    )


def _tally_words(seen: ClassView) -> str:
    parts = [f"{BY_KEY[k].name} {seen.tally[k]}" for k in KEYS if seen.tally.get(k)]
    return "Answers so far: " + (", ".join(parts) or "none")
