"""Whether 80 % means right in 80 of 100 cases: reliability before and after calibration."""

from functools import partial

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.metrics import (
    ece_interval,
    expected_calibration_error,
    negative_log_likelihood,
)
from core.evaluation.reports import ClassifierReport
from core.formatting import percent, signed
from core.models.calibration import Calibration, softmax
from core.models.cards import Card
from core.models.weights import WeightsError
from ui import state
from ui.drawings import drawings
from ui.figures import LEGEND_ABOVE, text_colour
from ui.performance import charts
from ui.performance.evaluations import Choice, classifier_report

TITLE = "Calibration"
SURE = (0.6, 0.9)
"""So sure are the answers that are put into plain words: in doubt, and often enough."""
NAMES = {"before_temperature": "before", "after": "after"}


def show(choice: Choice) -> None:
    """The reliability diagram, the count of each bin below it, and both calibration errors."""
    found = classifier_report(choice.split)
    kept = found.figures.reliability
    bins = {name: pd.DataFrame(kept[key]) for key, name in NAMES.items() if key in kept}
    errors = {name: error(table) for name, table in bins.items()}
    card = state.cards().get("classifier", Card())
    scaling = _scaling(card)
    intervals = {"after": found.figures.overall.get("ece", UNKNOWN)}
    if scaling is not None:
        intervals["before"] = _error_before(found, card, scaling)
    if "after" in bins:
        st.markdown(_in_plain_words(bins["after"]))
    with st.container(horizontal=True):
        for name, value in errors.items():
            ends = intervals.get(name, UNKNOWN).ends()
            charts.metric(f"Calibration error (ECE) {name}", f"{value:.3f}", ends, 290)
    if scaling is not None:
        _about(found, scaling, errors)
    charts.show(
        _diagram(bins),
        "calibration",
        "Reliability diagram. "
        + " ".join(f"ECE {name} calibration {v:.3f}." for name, v in errors.items()),
        "On the diagonal the model is perfectly calibrated; below it, too certain. Points of few "
        "photos (low bars) are chance. ECE is the mean distance from the diagonal, weighted by "
        "photos. It judges the most probable class, whichever answer is chosen above.",
        pd.concat([t.assign(calibration=n) for n, t in bins.items()]),
    )


def _scaling(card: Card) -> Calibration | None:
    """None if the card does not state it."""
    try:
        return Calibration.of(card)
    except WeightsError:
        return None


def _in_plain_words(bins: pd.DataFrame) -> str:
    """How often an answer that is fairly sure is right; empty if none is."""
    near = bins[bins["confidence"].between(*SURE) & (bins["images"] > 0)]
    if near.empty:
        return ""
    sure, right = (
        float(np.average(near[c], weights=near["images"])) for c in ("confidence", "accuracy")
    )
    return (
        f"Where the model is {percent(SURE[0])} to {percent(SURE[1])} sure, on average "
        f"**{percent(sure)}**, it is right on **{percent(right)}** of the photos "
        f"({near['images'].sum():,} of them). Were both always the same, it would be perfectly "
        "calibrated."
    )


def _about(found: ClassifierReport, scaling: Calibration, errors: dict[str, float]) -> None:
    """What calibration does, and why the calibration error may be larger after it."""
    st.caption(
        f"All scores are divided by one number, the temperature, here {scaling.temperature:.2f}: "
        f"below 1 it makes the model more certain, above 1 less. {_biases(found, scaling)}This is "
        "chosen on the validation photos by the likelihood of their true diagnoses, not by the ECE."
    )
    before, after = likelihoods(found, scaling)
    figures = f"{before:.3f} before calibration, {after:.3f} after"
    words = (
        f"Negative log-likelihood on these photos, in nats, lower is better: {figures}. "
        f"So by likelihood calibration {'helps' if after < before else 'does not help'} here."
    )
    if {"before", "after"} <= errors.keys() and (worse := errors["after"] - errors["before"]) > 0:
        words = (
            "**Why is the ECE larger after calibration?** Nothing in the fit makes it smaller: it "
            "is another measure, and these are other photos where the split is not validation. "
            f"{words} The ECE counts the most probable class alone and depends on where its bins "
            f"begin; noise moves it too{_beside(found, worse)}."
        )
    st.caption(f":material/info: {words}")


def _biases(found: ClassifierReport, scaling: Calibration) -> str:
    """What is added to each class, as a sentence and a space; empty if nothing is."""
    if not np.any(scaling.bias):
        return ""
    added = np.broadcast_to(scaling.bias, len(found.classes))
    pairs = zip(found.classes, added, strict=True)
    each = ", ".join(f"{key}\u00a0{signed(bias, 2)}" for key, bias in pairs)
    return (
        f"Then each class gets a bias: {each}. Only differences count: the higher one raises a "
        "diagnosis against another. "
    )


def _beside(found: ClassifierReport, worse: float) -> str:
    """A difference of two calibration errors beside the interval of one of them."""
    stated = found.figures.overall.get("ece", UNKNOWN)
    if stated.low is None or stated.high is None or worse > (stated.high - stated.low) / 2:
        return ""
    return (
        f": a difference of {worse:.3f} is small beside its interval "
        f"({stated.ends()}), so neither is shown to be the better calibrated"
    )


def likelihoods(found: ClassifierReport, scaling: Calibration) -> tuple[float, float]:
    """Mean -log p of the true class, in nats, before and after calibration; from the kept
    probabilities, which are rounded to five digits."""
    raw, labels = _before(found, scaling)
    return negative_log_likelihood(raw, labels), negative_log_likelihood(_after(found), labels)


def _after(found: ClassifierReport) -> np.ndarray:
    return found.predictions[found.classes].to_numpy().clip(1e-6)


def _before(found: ClassifierReport, scaling: Calibration) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities before calibration, N×K, and the labels, N."""
    free = np.log(_after(found)) - np.log(scaling.prior) - scaling.bias
    labels = found.predictions["dx"].map(found.classes.index).to_numpy()
    return softmax(scaling.temperature * free + np.log(scaling.prior)), labels


def _error_before(found: ClassifierReport, card: Card, scaling: Calibration) -> Figure:
    """The calibration error before calibration, with its interval."""
    raw, labels = _before(found, scaling)
    lesions = found.predictions["lesion_id"].to_numpy()
    made = partial(ece_interval, raw, labels, lesions)
    low, high = drawings.of((found, card), "interval before calibration", made)
    return Figure(value=expected_calibration_error(raw, labels), low=low, high=high)


def error(bins: pd.DataFrame) -> float:
    """Expected calibration error of the bins: mean gap, weighted by images (Guo et al., 2017)."""
    gaps = (bins["confidence"] - bins["accuracy"]).abs()
    return float(np.average(gaps, weights=bins["images"]))


def _diagram(bins: dict[str, pd.DataFrame]) -> go.Figure:
    """Certainty against being right above, images of each bin below."""
    looks = {
        "before": (charts.faint(), "dash", "circle-open", "/"),
        "after": (charts.accent(), "solid", "diamond", ""),
    }
    ink = {"color": text_colour(charts.dark()), "dash": "dot", "width": 1}
    traces = [charts.lines([0, 1], [0, 1], "perfectly calibrated", ink, hoverinfo="skip")]
    for name, table in bins.items():
        colour, dash, symbol, pattern = looks[name]
        width = float(table["from"].diff().min()) if len(table) > 1 else 1 / 15
        traces += [
            charts.lines(
                table["confidence"],
                table["accuracy"],
                f"{name} calibration",
                {"color": colour, "dash": dash},
                mode="lines+markers",
                customdata=[
                    (percent(sure, 1), percent(right, 1), f"{images:,}")
                    for sure, right, images in zip(
                        table["confidence"], table["accuracy"], table["images"], strict=True
                    )
                ],
                marker={"symbol": symbol, "size": 9},
                hovertemplate="certain %{customdata[0]}, right %{customdata[1]}, "
                "%{customdata[2]} images",
            ),
            {
                "type": "bar",
                "x": table["from"] + width * (0.3 if name == "before" else 0.7),
                "y": table["images"],
                "width": width * 0.36,
                "marker": {"color": colour, "pattern": {"shape": pattern, "fillmode": "overlay"}},
                "name": f"images {name}",
                "hovertemplate": "%{y} images",
                "showlegend": False,
                "yaxis": "y2",
            },
        ]
    return charts.figure(
        traces,
        560,
        legend=LEGEND_ABOVE,
        margin={"l": 0, "r": 12, "t": 84, "b": 40},
        xaxis=charts.axis(
            "Probability of the most probable class", range=charts.SHARES, anchor="y2"
        ),
        yaxis=charts.axis("Share that is right", range=charts.SHARES, domain=[0.32, 1]),
        yaxis2=charts.axis("Images", domain=[0, 0.25]),
    )
