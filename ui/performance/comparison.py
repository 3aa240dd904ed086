"""Every model that was measured on our split, beside what others have published."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.batch.tables import safe_table
from core.evaluation.figures import LEAKS, Figure
from core.evaluation.files import (
    ClassifierEvaluation,
    SegmenterEvaluation,
    compared,
    names,
    split_and_views,
)
from core.evaluation.metrics import NAMES
from core.evaluation.published import PUBLISHED, Published
from core.glossary import TASKS
from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.registry import models_in_use
from core.settings import Settings
from core.system.run_folder import MODELS
from core.taxonomy import BY_KEY
from train.choices import network_title
from train.experiments import label
from ui.performance import charts, experiments
from ui.performance.evaluations import MOST_PROBABLE, RULE, Choice
from ui.performance.sides import Measured, read_measured

Row = dict[str, Any]

TITLE = "Comparison"
DIAGNOSING = ("macro_f1", "balanced_accuracy", "macro_auc", "accuracy", "ece")
OUTLINING = ("mean_iou", "mean_dice", "thresholded_jaccard", "failed")
SENSITIVITY = "sensitivity 90%"
"""The operating point at which two-class answers are compared."""
MALIGNANT = ("AUC", "Sensitivity at .5", "Specificity at .5", "Specificity at 90 % sensitivity")
BY_ANSWER = {
    RULE: "By each model's own rule, chosen on its validation photos, not always by the same "
    "measure. “Most probable class” above compares them alike.",
    MOST_PROBABLE: "By the most probable class of each model.",
}
NOTES = {
    "Benign or malignant": "The malignant group: melanoma, basal cell carcinoma and the precursor "
    "actinic keratosis / Bowen's disease; of a network that tells seven diagnoses apart, their "
    "probabilities are added."
}


def show(choice: Choice) -> None:
    """One table for each task: what was measured here on the split and by the answer chosen, then
    the published figures with sources; last the experiments that students have read about, which
    stand in the tables, too, if that is wanted."""
    weights = Settings.from_environment().weights
    shipped = sorted(p for p in weights.glob("*") if (p / CARD).is_file())
    own = [m.folder for m in models_in_use() if m.own]
    experimental = compared(weights)
    if experimental and not st.toggle(
        "With the experiments below",
        key="comparison_experiments",
        persist_state="session",
        help="Their models in the same tables: each experiment as published and quick, with images "
        "at random and by lesion.",
    ):
        experimental = []
    evaluations = [
        read_measured(folder, name)
        for folder in (*shipped, *own, *experimental)
        for name in names(folder)
        if split_and_views(name)[0] == choice.split
    ]
    diagnosis = partial(_diagnosis, answer=choice.answer)
    tables: dict[str, tuple[Callable[[Measured], Row | None], str, Sequence[str]]] = {
        TASKS["classifier"]: (diagnosis, "classifier", [NAMES[key] for key in DIAGNOSING]),
        "Benign or malignant": (_malignant, "", MALIGNANT),
        TASKS["segmenter"]: (_outlines, "segmenter", [NAMES[key] for key in OUTLINING]),
    }
    for title, (row_of, task, columns) in tables.items():
        st.header(title, anchor=False)
        if task == "classifier":
            st.caption(BY_ANSWER[choice.answer])
        table = safe_table(
            pd.DataFrame(
                [row for found in evaluations if found and (row := row_of(found))]
                + [_published(p) for p in PUBLISHED if p.task == task]
            ).reindex(columns=["Model", "Measured on", *columns, "Learned from", "Source"])
        )
        st.dataframe(
            table.drop(columns="Source").astype(object).fillna("–"),
            hide_index=True,
            row_height=charts.TWO_LINES,
            height="content",
            column_config={
                "Model": charts.first_column(),
                "Measured on": st.column_config.TextColumn(width=170),
            },
            alt=f"{title}: models here and published ones",
        )
        charts.download(table, f"comparison-{title.lower().replace(' ', '-')}")
        if title in NOTES:
            st.caption(NOTES[title])
    st.caption(
        ":material/menu_book: In brackets, 95 % intervals. Other splits, other photos, other "
        "sizes: only rows measured on the same split compare strictly, and fairly only those that "
        "learned from as many photos. Figures above .90 that circulate for HAM10000 often come "
        "from splits that put photos of one lesion into both training and test; what such a split "
        "was worth in our own experiments stands below."
    )
    st.markdown(
        "**Published figures**\n"
        + "\n".join(
            f"- **{p.model}**: {p.data}, {p.split}. [{p.source}]({p.url})" for p in PUBLISHED
        )
    )
    experiments.show()


def learned_from(card: Card) -> str | None:
    """How many photos a training drew, and how large they were in the end; None if its card does
    not say."""
    epochs, images = card.training.epochs_trained, card.training.epoch_images
    if epochs is None or images is None or not card.training.stages:
        return None
    size = card.training.stages[-1].size
    return f"{epochs * images:,} photo views, {size} px"


def _row(found: Measured, figures: dict[str, str]) -> Row:
    split, views = found.figures.split, found.figures.views
    averaged = f", mean of {views} views" if views > 1 else ""
    leaks = f" ({LEAKS})" if found.card.leaks else ""
    return {
        "Model": f"{_name(found)}{averaged}",
        **figures,
        "Measured on": f"{split}, {found.figures.images:,} images{leaks}",
        "Learned from": learned_from(found.card),
        "Source": found.figures.command or None,
    }


def _name(found: Measured) -> str:
    """An experiment's as the page of trainings calls it, with its network; else the card's."""
    run = next(p.name for p in found.folder.parents if p.name != MODELS)
    experiment = label(run)
    if experiment is None:
        return found.card.name or found.folder.name
    network = network_title(found.card.network)
    return f"{experiment} ({network})" if network else experiment


def _intervals(overall: dict[str, Figure]) -> dict[str, str]:
    return {NAMES[k]: v.text() for k, v in overall.items() if k in NAMES}


def _diagnosis(found: Measured, answer: str) -> Row | None:
    """None of a model that names something else than diagnoses."""
    figures = found.figures
    if not isinstance(figures, ClassifierEvaluation) or not set(figures.classes) <= set(BY_KEY):
        return None
    chosen = {} if answer == RULE else figures.most_probable
    return _row(found, _intervals(figures.overall | chosen))


def _malignant(found: Measured) -> Row | None:
    figures = found.figures
    if not isinstance(figures, ClassifierEvaluation) or "malignant" not in figures.two_classes:
        return None
    view = figures.two_classes["malignant"]
    half, point = view.at_half, view.operating_points.get(SENSITIVITY, {})
    shares = (half.get("sensitivity"), half.get("specificity"), point.get("specificity"))
    values = ("–" if share is None else f"{share:.3f}" for share in shares)
    return _row(found, dict(zip(MALIGNANT, (view.auc.text(), *values), strict=True)))


def _outlines(found: Measured) -> Row | None:
    outlines = isinstance(found.figures, SegmenterEvaluation)
    return _row(found, _intervals(found.figures.overall)) if outlines else None


def _published(p: Published) -> Row:
    return {
        "Model": p.model,
        **{NAMES[k]: f"{v:.3f}" for k, v in p.figures.items()},
        "Measured on": p.data,
        "Source": f"{p.source}; {p.split}; {p.url}",
    }
