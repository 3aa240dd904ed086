"""Our figures for the experiments that students have read about, of either split."""

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from core.evaluation.difference import difference, signed
from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.files import (
    ClassFigures,
    ClassifierEvaluation,
    Evaluation,
    EvaluationError,
    SegmenterEvaluation,
)
from core.evaluation.metrics import NAMES
from core.models.cards import Card
from train.choices import IMAGES, LESIONS
from train.experiments import SPLIT_WORDS, SPLITS, figures_of, length_shown
from ui.performance.evaluations import card_of, evaluation
from ui.text import as_text

HEADS = {split: f"Ours, {words}" for split, words in SPLIT_WORDS.items()}
DIFFERENCE = "Random − by lesion"
SHOWN = {
    "classifier": ("accuracy", "balanced_accuracy", "macro_f1", "macro_auc"),
    "segmenter": ("mean_iou", "mean_dice", "pixel_accuracy"),
}
"""Measures of a kind of network that the tables show."""
WORDS = NAMES | {"pixel_accuracy": "Pixel accuracy"}


@dataclass(frozen=True)
class Measured:
    """An evaluation of a model: where it lies, its figures, and the model's card (empty if it
    cannot be read)."""

    folder: Path
    figures: Evaluation
    card: Card

    def measure(self, name: str) -> Figure:
        """A figure on its test photos; of a classifier that of the most probable class."""
        figures = self.figures
        if isinstance(figures, ClassifierEvaluation):
            return (figures.overall | figures.most_probable).get(name, UNKNOWN)
        if name == "pixel_accuracy" and isinstance(figures, SegmenterEvaluation):
            return Figure(value=figures.distribution.pixel_accuracy.mean, low=None, high=None)
        return figures.overall.get(name, UNKNOWN)

    @property
    def by_rule(self) -> bool:
        """Whether its classes are measured by the model's rule: an older evaluation has no other
        figures."""
        figures = self.figures
        return isinstance(figures, ClassifierEvaluation) and not figures.most_probable_classes

    @property
    def answer(self) -> str:
        """By what answer its classes are measured, in words."""
        if self.by_rule:
            return "the model's own rule, as an older evaluation has no other figures"
        return "the most probable class"

    def classes(self, by_rule: bool = False) -> dict[str, ClassFigures]:
        """Each class by the most probable one, or by the model's rule; that also where the
        evaluation has nothing else."""
        figures = self.figures
        if not isinstance(figures, ClassifierEvaluation):
            return {}
        exact = {} if by_rule else figures.most_probable_classes
        return {
            key: replace(row, figures=row.figures | exact[key].figures) if key in exact else row
            for key, row in figures.classes.items()
        }


def read_measured(folder: Path, name: str) -> Measured | None:
    """The evaluation of that name in a model's folder; None, and why, if it cannot be read."""
    try:
        figures = evaluation(folder, name, diagnoses=False)
    except EvaluationError as error:
        st.error(as_text(str(error)), title="An evaluation is left out")
        return None
    return Measured(folder, figures, card_of(folder))


def sides(key: str, kind: str) -> tuple[str | None, dict[str, Measured]]:
    """What was measured of an experiment's model, by split, at the length that is shown."""
    length = length_shown(key, kind)
    found = {}
    for split in SPLITS if length else ():
        folder = figures_of(key, kind, length or "", split)
        if folder and (side := read_measured(folder, "test")):
            found[split] = side
    return length, found


def compared(figures: dict[str, Figure]) -> dict[str, str]:
    """The cells of a row: the figure of each split that has one, and their difference."""
    cells = {HEADS[s]: figures[s].text() if s in figures else "not run" for s in SPLITS}
    return {**cells, DIFFERENCE: signed(apart(figures))}


def apart(figures: dict[str, Figure]) -> Figure:
    """How far the figure with images at random is above that by lesion; unknown without both."""
    both = len(figures) == len(SPLITS)
    return difference(figures[IMAGES], figures[LESIONS]) if both else UNKNOWN
