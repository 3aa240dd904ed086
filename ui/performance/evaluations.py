"""What the tabs of the Performance page read: one model's evaluation on one split."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from core.evaluation.files import (
    ELSEWHERE,
    EvaluationError,
    Figures,
    command,
    read_evaluation,
    read_predictions,
)
from core.models.registry import in_use

RULE, MOST_PROBABLE = "rule", "most probable"
SPLITS = {"test": "Test", "validation": "Validation", ELSEWHERE: "Other clinics"}


@dataclass(frozen=True)
class Choice:
    """What is chosen for the whole page: a split of SPLITS, and RULE or MOST_PROBABLE."""

    split: str
    answer: str


@dataclass(frozen=True, eq=False)
class Report:
    """The figures of a model on a split, and its every single prediction."""

    figures: Figures
    predictions: pd.DataFrame

    @property
    def classes(self) -> list[str]:
        """A classifier's classes, in the order of its probabilities."""
        return self.figures["confusion"]["classes"]

    @property
    def groups(self) -> np.ndarray:
        """Lesion id of each image."""
        return self.predictions["lesion_id"].to_numpy()

    @property
    def of(self) -> str:
        """How many images and lesions there are."""
        return f"{self.figures['images']:,} images of {self.figures['lesions']:,} lesions"

    def named(self, answer: str) -> np.ndarray:
        """The class named for each image, by the rule or as the most probable one."""
        if answer == RULE:
            return self.predictions["prediction"].to_numpy()
        found = self.predictions[self.classes].to_numpy().argmax(axis=1)
        return np.array(self.classes)[found]


def folder(model: str) -> Path:
    """The folder of the weights in use of a kind, and of their evaluations."""
    return in_use(model).folder


def report(model: str, split: str) -> Report:
    """Read once for everybody, and again when a file changes.

    Raises:
        EvaluationError: a file is missing or damaged, or the two do not belong together.
    """
    return _report(folder(model), split, _stamps(folder(model), split))


@st.cache_resource(max_entries=16, show_spinner=False)
def _report(at: Path, split: str, stamps: tuple[int, ...]) -> Report:
    figures, predictions = read_evaluation(at, split), read_predictions(at, split)
    columns = {"iou", "dice"}
    if "classes" in figures:
        columns = {"dx", "prediction", *figures["confusion"].get("classes", ())}
    if len(predictions) != figures["images"] or not columns <= set(predictions.columns):
        raise EvaluationError(
            f"The figures and the predictions of {at.name} on {split} do not belong together. "
            f"With the dataset imported, make both anew: {command(at, split)}"
        )
    return Report(figures, predictions)


def _stamps(at: Path, split: str) -> tuple[int, ...]:
    paths = (at / f"evaluation-{split}.json", at / f"predictions-{split}.parquet")
    return tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in paths)
