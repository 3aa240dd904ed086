"""The headline figures, and each class by itself, the weakest first."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.files import ELSEWHERE, ClassFigures
from core.evaluation.metrics import CLASS_NAMES, NAMES, bootstrap_ratios
from core.evaluation.reports import ClassifierReport
from core.glossary import TASKS
from core.system.records import plain
from core.taxonomy import BY_KEY
from ui.choices import choose_one
from ui.figures import colour
from ui.performance import charts
from ui.performance.evaluations import RULE, Choice, classifier_report
from ui.text import as_text

TITLE = "Overview"
FEW = 10
"""Photos of a class below which a figure of it says little: one photo is a tenth of it."""
READING = {
    "f1": "High only where a class is both found and not called too often: the harmonic mean of "
    "sensitivity and PPV.",
    "recall": "Of the photos of a diagnosis, the share that was answered so. In notebooks: recall.",
    "precision": "Positive predictive value: of the photos answered so, the share that is right. "
    "In notebooks: precision.",
    "auc": "The chance that a photo of the class gets a higher probability for it than another.",
    "ap": "PPV averaged over all thresholds; pure guessing would get the share of the class.",
}


MEANINGS = {
    "ece": "How far probabilities are from how often they are right, on average; 0 is perfect.",
    "nll": "How improbable the model finds the true diagnoses; lower is better.",
    "thresholded_jaccard": "Mean IoU where masks below 0.65 count as 0 (ISIC 2018's measure).",
    "failed": "Share of masks that overlap the expert's by less than 0.65 (IoU).",
}


def show(choice: Choice) -> None:
    """Headline figures of both models, then the table of classes."""
    found = classifier_report(choice.split)
    overall = found.figures.overall | ({} if choice.answer == RULE else found.figures.most_probable)
    st.markdown(f"**{TASKS['classifier']}**, {as_text(found.of)}")
    headline({key: figure for key, figure in overall.items() if key != "nll"})
    if said := melanomas(found, choice.answer):
        st.markdown(said)
    not_shown = "chance in training"
    if choice.split != ELSEWHERE:
        not_shown += ", or how the model does in another clinic"
    st.caption(
        f":material/menu_book: Below each figure its interval ({found.figures.intervals}): "
        "whole lesions are drawn again with replacement, since photos of one lesion are alike; "
        "the interval holds the middle 95 % of what the draws give. It shows how much depends on "
        f"which lesions were drawn, not {not_shown}."
    )
    if few := scarce(found.figures.classes):
        st.caption(
            ":material/warning: Macro figures and balanced accuracy count every diagnosis alike, "
            f"but fewer than {FEW} photos here show {' or '.join(few)}: one photo more or less "
            "moves these figures far."
        )
    _classes(found, choice)


def melanomas(found: ClassifierReport, answer: str) -> str:
    """How many melanomas were found, and what most others were taken for, in a sentence; empty
    without any."""
    named = pd.Series(found.named(answer == RULE))[found.predictions["dx"].to_numpy() == "mel"]
    if named.empty:
        return ""
    right, missed = int((named == "mel").sum()), named[named != "mel"].value_counts()
    text = f"Of {len(named):,} photos of melanoma **{right:,} were named melanoma**"
    if missed.empty:
        return f"{text}."
    return f"{text}; {missed.iloc[0]:,} were taken for {BY_KEY[missed.index[0]].name_in_sentence}."


def scarce(classes: Mapping[str, ClassFigures]) -> list[str]:
    """Names of the diagnoses with photos, but with too few to measure much on."""
    return [BY_KEY[key].name for key, row in classes.items() if 0 < row.support < FEW]


def headline(overall: dict[str, Figure]) -> None:
    """Figures in large, each with its interval below."""
    with st.container(horizontal=True):
        for key, name in NAMES.items():
            if key in overall and overall[key].value is not None:
                figure = overall[key]
                charts.metric(name, figure.number(), figure.ends(), 268, MEANINGS.get(key))


def _classes(found: ClassifierReport, choice: Choice) -> None:
    rows = by_class(found, choice.answer)
    st.header("Each diagnosis, weakest F1 first", anchor=False)
    measure = choose_one("Measure", CLASS_NAMES, "class_measure")
    forest = [
        charts.Row(
            BY_KEY[key].name,
            row.figures.get(measure, UNKNOWN),
            f"n = {row.support:,}",
            colour(key, charts.dark()),
            BY_KEY[key].marker,
        )
        for key, row in rows.items()
    ]
    measured = [r.figure.value for r in forest if r.figure.value is not None]
    average = sum(measured) / len(measured) if measured else None
    table = pd.DataFrame(
        {
            "Diagnosis": [BY_KEY[key].name for key in rows],
            "Images": [row.support for row in rows.values()],
            **{
                name: [row.figures.get(key, UNKNOWN).text(2) for row in rows.values()]
                for key, name in CLASS_NAMES.items()
            },
        }
    )
    charts.show(
        charts.forest(forest, CLASS_NAMES[measure], average, "mean"),
        "classes",
        f"{CLASS_NAMES[measure]} of each diagnosis: "
        + ", ".join(f"{r.label} {r.figure.number(2)}" for r in forest if r.known),
        f"{READING[measure]} A long line means few photos: do not rank classes whose lines "
        "overlap much.",
        table,
    )
    st.dataframe(table, hide_index=True, alt="All measures of each diagnosis with intervals")


def by_class(found: ClassifierReport, answer: str) -> dict[str, ClassFigures]:
    """Each class's measures with intervals, weakest F1 first, absent classes last."""
    rows = dict(found.figures.classes)
    if answer != RULE:
        truth, named = found.predictions["dx"].to_numpy(), found.named(by_rule=False)
        present = [key for key in rows if (truth == key).any()]
        true, said = (words[:, None] == np.array(present) for words in (truth, named))
        hits = true & said
        above, below = np.hstack([hits, hits, 2 * hits]), np.hstack([said, true, true * 1 + said])
        shares = np.repeat([True, True, False], len(present)).tolist()
        # Columns: PPV of all classes, then all sensitivities, then all F1.
        ends = bootstrap_ratios(above, below, found.groups, proportions=shares)
        with np.errstate(invalid="ignore", divide="ignore"):
            values = above.sum(axis=0) / below.sum(axis=0)
        figures = [
            Figure(value=plain(float(value)), low=plain(float(low)), high=plain(float(high)))
            for value, (low, high) in zip(values, ends, strict=True)
        ]
        measured = {key: figures[k :: len(present)] for k, key in enumerate(present)}
        for key, row in rows.items():
            three = measured.get(key, [UNKNOWN] * 3)
            changed = dict(zip(("precision", "recall", "f1"), three, strict=True))
            rows[key] = replace(row, figures=row.figures | changed)
    return dict(sorted(rows.items(), key=lambda item: _or_last(item[1].figures.get("f1", UNKNOWN))))


def _or_last(figure: Figure) -> float:
    return math.inf if figure.value is None else figure.value
