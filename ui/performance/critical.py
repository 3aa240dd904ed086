"""Five questions to a notebook's figures, each asked of an experiment that was run here."""

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pandas as pd
import streamlit as st

from core.evaluation.difference import HOW, difference, signed
from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.files import (
    ELSEWHERE,
    ClassFigures,
    ClassifierEvaluation,
    EvaluationError,
    names,
)
from core.evaluation.metrics import CLASS_NAMES, NAMES
from core.evaluation.shares import share
from core.formatting import percent
from core.taxonomy import class_in_sentence, class_name
from train.choices import IMAGES, LESIONS
from train.experiments import EXPERIMENTS, command
from ui.parts.controls import select
from ui.performance import charts
from ui.performance.evaluations import Choice, evaluation
from ui.performance.sides import Measured, compared, sides
from ui.text import as_code, as_text

TITLE = "Read a notebook"
MEASURES = ("accuracy", "balanced_accuracy", "macro_f1")
RARE = 3
"""So many of the rarest classes are looked at."""
SURE = 0.9


def show(choice: Choice) -> None:
    """The five questions, with the figures of one experiment."""
    st.header("Read a notebook critically", anchor=False)
    st.markdown(
        "A notebook reports an accuracy. Before you believe it, ask five questions. Each is asked "
        "here of an experiment that students often try, using its own results."
    )
    asked = [e for e in EXPERIMENTS if "classifier" in e.published]
    measured_of = {e.key: sides(e.key, "classifier")[1] for e in asked}
    titles = {e.key: e.preset.title for e in asked if measured_of[e.key]}
    if not titles:
        _missing("No experiment has been run here yet.", command(EXPERIMENTS[0].key))
        return
    first = max(titles, key=lambda key: len(measured_of[key]))  # under both splits, if there is one
    key = select("Experiment", titles, "critical_experiment", index=list(titles).index(first))
    measured = measured_of[key]
    honest = measured[LESIONS] if LESIONS in measured else measured[IMAGES]
    questions: tuple[tuple[str, Callable[[], None]], ...] = (
        ("What was kept apart?", lambda: _split(key, measured)),
        ("How many photos do the rare classes have?", lambda: _rare(key, honest)),
        ("Is it better than always giving the same answer?", lambda: _always(honest)),
        ("Does 90 % mean 90 %?", lambda: _calibration(honest)),
        ("Does it hold elsewhere?", lambda: _elsewhere(key, honest)),
    )
    for number, (question, answer) in enumerate(questions, 1):
        with st.container(border=True):
            st.subheader(f"{number}. {question}", anchor=False)
            answer()


def _missing(what: str, how: str) -> None:
    st.info(
        f"{what} With HAM10000 imported, this does it: {as_code(how)}",
        icon=":material/hourglass_empty:",
    )


def _split(key: str, measured: dict[str, Measured]) -> None:
    st.markdown(
        "Photos of one lesion are near copies. Look for `train_test_split` on a table of images: "
        "then copies lie in training and test, and memory counts as skill. Look for the lesion's "
        "id (better: the patient's) in the split instead."
    )
    if len(measured) < 2:
        _missing("This experiment has not been run under both splits yet.", command(key))
        return
    if leak := measured[IMAGES].figures.leak:
        st.markdown(as_text(leak.text()))
    rows = [
        {"Measure": NAMES[name]}
        | compared({split: side.measure(name) for split, side in measured.items()})
        for name in MEASURES
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The same training under both splits")
    st.caption(
        f":material/menu_book: {HOW} An interval that includes 0 does not show that the split does "
        "no harm: a network that learns little remembers little, too."
    )


def _rare(key: str, side: Measured) -> None:
    rows = {k: row for k, row in side.classes().items() if row.support}
    st.markdown(
        "A sensitivity (in notebooks: recall) of .71 on 17 photos is 12 of 17. Look for the number "
        "of photos of each class and for intervals; an average over classes rests on its rarest."
    )
    named = _named(side)
    table = pd.DataFrame(
        [
            {
                "Class": class_name(k),
                "Test photos": rows[k].support,
                CLASS_NAMES["recall"]: _share(rows[k], "recall", rows[k].support),
                CLASS_NAMES["precision"]: _share(rows[k], "precision", named[k]),
            }
            for k in sorted(rows, key=lambda k: rows[k].support)[:RARE]
        ]
    )
    st.dataframe(table, hide_index=True, alt="The rarest classes, with intervals")
    st.caption(
        f":material/menu_book: By {side.answer}; in brackets 95 % intervals: where photos are few, "
        "they are wide."
    )
    charts.download(table, f"critical-rare-{key}")


def _named(side: Measured) -> dict[str, int]:
    """How many photos were named each class, right or wrong."""
    kept = cast(ClassifierEvaluation, side.figures).confusion
    counts = kept.counts if side.by_rule else kept.most_probable or kept.counts
    return dict(zip(kept.classes, map(sum, zip(*counts, strict=True)), strict=True))


def _share(row: ClassFigures, measure: str, photos: int) -> str:
    """A share of so many photos. A bootstrap finds no spread where all of them are alike: then the
    exact interval of as many photos."""
    figure = row.figures.get(measure, UNKNOWN)
    if figure.value is None or not photos:
        return "– (never named)" if not photos else figure.text(2)
    if figure.low == figure.high:
        exact = share(round(figure.value * photos), photos)
        figure = Figure(value=figure.value, low=exact.low, high=exact.high)
    return figure.text(2)


def _always(side: Measured) -> None:
    classes = {k: row.support for k, row in side.classes().items() if row.support}
    common = max(classes, key=lambda k: classes[k])
    accuracy, balanced = side.measure("accuracy"), side.measure("balanced_accuracy")
    st.markdown(
        f"Whoever always says *{as_text(class_in_sentence(common))}*, without looking, is right on "
        f"**{percent(classes[common] / side.figures.images, 1)}** of these photos and finds none "
        f"of the others: balanced accuracy {1 / len(classes):.3f}. This network: accuracy "
        f"**{accuracy.text()}**, balanced accuracy **{balanced.text()}**. "
        + (
            "It does just that."
            if _classes_named(side) == [common]
            else "What counts is how far it gets beyond that, and which class it fails."
        )
    )


def _classes_named(side: Measured) -> list[str]:
    return [key for key, photos in _named(side).items() if photos]


def _calibration(side: Measured) -> None:
    figures = cast(ClassifierEvaluation, side.figures)
    after, ece = figures.reliability.get("after", {}), figures.overall.get("ece", UNKNOWN)
    st.markdown(
        "A notebook shows probabilities and rarely asks whether they are true. Calibration error "
        f"of this network, after calibration on validation: **{ece.text()}**."
    )
    sure = [i for i, low in enumerate(after.get("from", ())) if low >= SURE]
    if count := sum(after["images"][i] for i in sure):
        right = sum(after["accuracy"][i] * after["images"][i] for i in sure) / count
        said = sum(after["confidence"][i] * after["images"][i] for i in sure) / count
        st.markdown(
            f"On {int(count):,} photos its answer had at least "
            f"{percent(after['from'][sure[0]], 1)}, {percent(said, 1)} on average; "
            f"**{percent(right, 1)}** of those answers were right."
        )
    elif sure:
        st.markdown(
            f"No answer of this network had {percent(after['from'][sure[0]], 1)} or more. A small "
            "error alone is no skill: who gives every photo the shares of the classes is well "
            "calibrated, too, and tells nothing apart."
        )


def _elsewhere(key: str, side: Measured) -> None:
    st.markdown(
        "HAM10000 comes from two clinics. Look for figures on photos of another clinic, which "
        "nothing was trained or chosen on."
    )
    if ELSEWHERE not in names(side.folder):
        _missing("This experiment was not measured elsewhere.", f"{command(key)} --more PHOTOS")
        return
    try:
        away = replace(side, figures=evaluation(side.folder, ELSEWHERE, diagnoses=False))
    except EvaluationError as error:
        st.error(as_text(str(error)))
        return
    pairs = {
        NAMES[name]: (side.measure(name), away.measure(name))
        for name in ("accuracy", "balanced_accuracy")
    }
    by_rule = side.by_rule or away.by_rule
    here, there = (each.classes(by_rule).get("mel") for each in (side, away))
    if here and there:
        found, elsewhere = (row.figures.get("recall", UNKNOWN) for row in (here, there))
        pairs["Sensitivity for melanoma"] = (found, elsewhere)
    rows = [
        {
            "Measure": word,
            f"HAM10000's test, {side.figures.images:,} photos": a.text(),
            f"Other clinics, {away.figures.images:,} photos": b.text(),
            "Difference": signed(difference(b, a)),
        }
        for word, (a, b) in pairs.items()
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Here and elsewhere")
    st.caption(
        ":material/menu_book: Other clinics have other diagnoses in other shares, so accuracies "
        "compare loosely; the sensitivity for melanoma compares better. LesionLab's "
        "own classifier does not pass this question whole: it learned from other photos of these "
        "clinics, and was chosen with a look at these."
    )
