"""ROC and precision-recall curves with an operating point that can be moved."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.answer.threshold import MALIGNANT_LESIONS
from core.evaluation import curves
from core.evaluation.metrics import bootstrap_ratios
from core.evaluation.reports import ClassifierReport
from core.formatting import percent
from core.taxonomy import BY_KEY
from ui.choices import choose_one, in_address
from ui.drawings import drawings
from ui.figures import text_colour
from ui.parts.controls import percent_slider, select
from ui.parts.outcomes import ask_outcomes
from ui.performance import charts
from ui.performance.evaluations import Choice, classifier_report

TITLE = "Thresholds"
MALIGNANT = "malignant"
BY_THRESHOLD, BY_SENSITIVITY = "Threshold", "Sensitivity"
MEANINGS = {
    "Sensitivity": (
        "Share of those present that are found. In notebooks: recall.",
        "none is present",
    ),
    "Specificity": ("Share of the others that are correctly not called.", "all have it"),
    "PPV": (
        "Positive predictive value: share of positive calls that are right. "
        "In notebooks: precision.",
        "no positive calls",
    ),
    "NPV": (
        "Negative predictive value: share of negative calls that are right.",
        "no negative calls",
    ),
}
"""What each figure is, and why there may be none."""

Point = dict[str, tuple[float, float, float]]
"""By the names of `MEANINGS`, a figure and the ends of its interval."""


def show(choice: Choice) -> None:
    """A yes-no question, the threshold at which it is answered, and what that gives."""
    found = classifier_report(choice.split)
    first, second = st.columns(2)
    questions = {MALIGNANT: "The malignant group?"}
    questions |= {k: f"{BY_KEY[k].name}?" for k in found.classes}
    in_address("question", "question", {k: k for k in questions})
    key = select(
        "Yes-no question",
        questions,
        "question",
        first,
        help="The malignant group: melanoma, basal cell carcinoma and the precursor actinic "
        "keratosis / Bowen's disease, their probabilities added up.",
    )
    by = choose_one("Set the point by", [BY_THRESHOLD, BY_SENSITIVITY], "set_by", second)
    truth, score = question(found, key)
    if truth.all() or not truth.any():
        st.info("On this split all photos have the same answer: there is nothing to tell apart.")
        return
    if by == BY_THRESHOLD:
        asked = "Say yes at this probability or more"
        least = percent_slider(asked, 0, 100, 50, key="threshold")
    else:
        asked = "Find at least this share of those present"
        wanted = percent_slider(asked, 1, 100, 90, key="sensitivity")
        least = curves.operating_point(truth, score, wanted)["threshold"]
    point = _point(found, truth, score, least)
    _in_numbers(point, truth, score, least, _who(key))
    left, right = st.columns(2)
    with left:
        _roc(found, key, point)
    with right:
        _precision_recall(found, key, point, truth.mean())
    _, lesions = np.unique(found.groups, return_index=True)
    sick = MALIGNANT_LESIONS if key == MALIGNANT else BY_KEY[key].plural
    ask_outcomes(
        point["Sensitivity"][0],
        point["Specificity"][0],
        float(truth[lesions].mean()),
        sick,
        f"prevalence_{choice.split}_{key}",
    )


def question(found: ClassifierReport, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Who truly is (bool N), and the probability of it (float N)."""
    keys = [k for k in found.classes if BY_KEY[k].malignant] if key == MALIGNANT else [key]
    return found.against(keys)


def _who(key: str) -> str:
    """Those whom a question looks for."""
    if key == MALIGNANT:
        return "photos of the malignant group"
    return f"photos of {BY_KEY[key].name_in_sentence}"


def _point(found: ClassifierReport, truth: np.ndarray, score: np.ndarray, least: float) -> Point:
    """Sensitivity, specificity, PPV and NPV of "score ≥ least", each with its interval."""
    called = score >= least
    above = np.column_stack([truth & called, ~truth & ~called, truth & called, ~truth & ~called])
    below = np.column_stack([truth, ~truth, called, ~called])
    ends = bootstrap_ratios(above, below, found.groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = above.sum(axis=0) / below.sum(axis=0)
    return {
        name: (float(value), float(low), float(high))
        for name, value, (low, high) in zip(MEANINGS, values, ends, strict=True)
    }


def _in_numbers(point: Point, truth: np.ndarray, score: np.ndarray, least: float, who: str) -> None:
    called = score >= least
    yes, no = int(truth.sum()), int((~truth).sum())
    hits, alarms = int((truth & called).sum()), int((~truth & called).sum())
    with st.container(horizontal=True):
        for name, (value, low, high) in point.items():
            meaning, why_none = MEANINGS[name]
            said = "–", why_none
            if not np.isnan(value):
                said = percent(value, 1), f"{percent(low, 1)} to {percent(high, 1)}"
            charts.metric(name, *said, 200, meaning)
    st.markdown(
        f"Yes at **{percent(least, 1)}** or more: of {yes:,} {who} **{hits:,} are found and "
        f"{yes - hits:,} missed**; of {no:,} others **{alarms:,} raise a false alarm** and "
        f"{no - alarms:,} are correctly not called."
    )
    st.caption(
        f":material/menu_book: PPV and NPV hold where {percent(yes / (yes + no))} have it, as on "
        "this split; in a practice that is far rarer, and PPV falls, as the thousand lesions below "
        "show. A threshold chosen by looking at a split flatters the figures on that same split."
    )


def _roc(found: ClassifierReport, key: str, point: Point) -> None:
    drawn = {each: roc for each, (roc, _) in _in_order(found, key).items()}
    traces = [
        _line(each, key, 1 - curve["specificity"], curve["sensitivity"])
        for each, curve in drawn.items()
    ]
    traces += [_guess([0, 1]), _mark(1 - point["Specificity"][0], point["Sensitivity"][0])]
    auc = _auc(found, key)
    charts.show(
        _square(traces, f"ROC · {auc}", "1 − specificity: false alarms", "Sensitivity"),
        "roc",
        f"ROC curve. {auc}. At the chosen point sensitivity {point['Sensitivity'][0]:.2f} and "
        f"specificity {point['Specificity'][0]:.2f}.",
        "Up: more found. Right: more false alarms. The ring is the chosen point.",
        pd.concat([curve.assign(question=each) for each, curve in drawn.items()]),
    )


def _precision_recall(found: ClassifierReport, key: str, point: Point, share: float) -> None:
    drawn = {each: pairs for each, (_, pairs) in _in_order(found, key).items()}
    traces = [
        _line(each, key, curve["recall"], curve["precision"]) for each, curve in drawn.items()
    ]
    traces.append(_guess([share, share]))
    said = "nothing is called positive"
    if not np.isnan(point["PPV"][0]):
        said = f"PPV {point['PPV'][0]:.2f}"
        traces.append(_mark(point["Sensitivity"][0], point["PPV"][0]))
    charts.show(
        _square(traces, "PPV against sensitivity", "Sensitivity", "PPV"),
        "precision-recall",
        f"Precision-recall curve. At the chosen point {said}, sensitivity "
        f"{point['Sensitivity'][0]:.2f}; pure guessing has a PPV of {share:.2f}.",
        "Rare diagnoses show their false alarms here, where ROC hides them. In notebooks: the "
        "precision-recall curve.",
        pd.concat([curve.assign(question=each) for each, curve in drawn.items()]),
    )


def _in_order(found: ClassifierReport, key: str) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Both curves of all questions that can be asked, the chosen one last: it is drawn on top."""
    others = [k for k in (MALIGNANT, *found.classes) if k != key]
    both = {k: points(found, k) for k in (*others, key)}
    return {k: (roc, pairs) for k, (roc, pairs) in both.items() if not roc.empty}


def points(found: ClassifierReport, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Points of the ROC and of the precision-recall curve of a question, see
    `core.evaluation.curves`."""

    def made() -> tuple[pd.DataFrame, pd.DataFrame]:
        truth, score = question(found, key)
        return (
            pd.DataFrame(curves.roc(truth, score)),
            pd.DataFrame(curves.precision_recall(truth, score)),
        )

    return drawings.of((found,), ("points", key), made)


def _line(each: str, chosen: str, x: pd.Series, y: pd.Series) -> dict[str, Any]:
    looks = {"color": charts.accent(), "dash": "solid"}
    if each != MALIGNANT:
        looks = charts.line(each)
    line = looks | {"width": 4 if each == chosen else 1.3}
    opacity = 1 if each == chosen else 0.75
    return charts.lines(x.to_numpy(), y.to_numpy(), each, line, opacity=opacity)


def _guess(y: list[float]) -> dict[str, Any]:
    line = {"color": charts.faint(), "dash": "dot", "width": 1}
    return charts.lines([0, 1], y, "pure guessing", line, hoverinfo="skip")


def _mark(x: float, y: float) -> dict[str, Any]:
    ink = text_colour(charts.dark())
    ring = {"size": 17, "symbol": "circle-open", "line": {"width": 4}, "color": ink}
    return charts.lines([x], [y], "chosen point", {}, mode="markers", marker=ring)


def _square(traces: list[dict[str, Any]], title: str, x: str, y: str) -> go.Figure:
    return charts.figure(
        traces,
        560,
        margin={"l": 0, "r": 12, "t": 60, "b": 20},
        xaxis=charts.axis(x, range=charts.SHARES),
        yaxis=charts.axis(y, range=charts.SHARES),
        legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0, "title": None},
        annotations=[
            {"text": f"<b>{title}</b>", "x": 0, "y": 1.0, "xref": "paper", "yref": "paper",
             "yanchor": "bottom", "xanchor": "left", "showarrow": False, "yshift": 6}
        ],
    )  # fmt: skip


def _auc(found: ClassifierReport, key: str) -> str:
    figures = found.figures
    if key in figures.classes and "auc" in figures.classes[key].figures:
        return f"AUC {figures.classes[key].figures['auc'].text()}"
    if key in figures.two_classes:
        return f"AUC {figures.two_classes[key].auc.text()}"
    return "AUC not measured"
