"""One model's evaluation on one split: its figures, and the single predictions they are of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.evaluation.files import (
    ClassifierEvaluation,
    Evaluation,
    EvaluationError,
    SegmenterEvaluation,
    command,
    read_predictions,
)


@dataclass(frozen=True, eq=False)
class Report:
    """The figures of a model on a split, and its every single prediction."""

    figures: Evaluation
    predictions: pd.DataFrame

    @property
    def groups(self) -> np.ndarray:
        """Lesion id of each image."""
        return self.predictions["lesion_id"].to_numpy()

    @property
    def of(self) -> str:
        """How many images and lesions there are."""
        return f"{self.figures.images:,} images of {self.figures.lesions:,} lesions"


@dataclass(frozen=True, eq=False)
class ClassifierReport(Report):
    """Of a classifier."""

    figures: ClassifierEvaluation

    @classmethod
    def read(cls, folder: Path, split: str) -> ClassifierReport:
        """That of the model in a folder.

        Raises:
            EvaluationError: a file is missing or damaged, or the two do not belong together.
        """
        figures = ClassifierEvaluation.read(folder, split)
        classes = figures.confusion.classes
        found = _predictions(folder, split, figures, {"dx", "prediction", *classes})
        try:
            whole = np.isfinite(found[list(classes)].to_numpy(np.float64)).all()
        except (TypeError, ValueError):
            whole = False
        if not (whole and found[["dx", "prediction"]].isin(classes).all(axis=None)):
            raise EvaluationError(
                f"The predictions of {folder.name} on {split} name other classes or have no "
                f"usable probabilities. Make them again with: {command(folder, split)}"
            )
        return cls(figures, found)

    @property
    def classes(self) -> list[str]:
        """Its classes, in the order of its probabilities."""
        return list(self.figures.confusion.classes)

    def named(self, by_rule: bool) -> np.ndarray:
        """The class named for each image, by the rule or as the most probable one."""
        if by_rule:
            return self.predictions["prediction"].to_numpy()
        found = self.predictions[self.classes].to_numpy().argmax(axis=1)
        return np.array(self.classes)[found]

    def against(self, keys: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
        """A yes-no view: bool N, whether the true class is one of `keys`, and float N, their
        probability together."""
        shares = self.predictions[sorted(keys)].to_numpy()
        return self.predictions["dx"].isin(keys).to_numpy(), shares.sum(axis=1)


@dataclass(frozen=True, eq=False)
class SegmenterReport(Report):
    """Of a segmenter."""

    figures: SegmenterEvaluation

    @classmethod
    def read(cls, folder: Path, split: str) -> SegmenterReport:
        """As `ClassifierReport.read`."""
        figures = SegmenterEvaluation.read(folder, split)
        return cls(figures, _predictions(folder, split, figures, {"iou", "dice"}))


def _predictions(folder: Path, split: str, figures: Evaluation, columns: set[str]) -> pd.DataFrame:
    predictions = read_predictions(folder, split)
    if len(predictions) != figures.images or not columns <= set(predictions.columns):
        raise EvaluationError(
            f"The figures and the predictions of {folder.name} on {split} do not belong together. "
            f"With the dataset imported, make both again: {command(folder, split)}"
        )
    return predictions
