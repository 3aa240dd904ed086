"""A line drawn through the probabilities: what it finds, misses and calls wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.evaluation.files import ClassifierEvaluation, EvaluationError, command, read_predictions
from core.models.cards import Card
from core.taxonomy import BY_KEY


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the classifier said of every photo of a split.

    Attributes:
        classes: keys of the classes, in the order of the columns of `probabilities`.
        truth: str N, key of each photo's true class.
        probabilities: float64 N×K, calibrated.
        lesions: how many lesions the photos show.
    """

    classes: tuple[str, ...]
    truth: np.ndarray
    probabilities: np.ndarray
    lesions: int

    @classmethod
    def read(cls, folder: Path, card: Card, split: str) -> Predictions:
        """Read `predictions-<split>.parquet` of the classifier's folder.

        Raises:
            EvaluationError: it is missing or damaged, or of other weights than the card's.
        """
        figures = ClassifierEvaluation.read(folder, split)
        table = read_predictions(folder, split)
        remedy = f"Make it again with: {command(folder, split)}"
        if figures.weights != card.sha256:
            raise EvaluationError(f"The {split} split was evaluated with other weights. {remedy}")
        classes = card.classes
        if not {"dx", *classes} <= set(table.columns):
            raise EvaluationError(f"The predictions of the {split} split lack columns. {remedy}")
        found = cls(
            classes,
            table["dx"].to_numpy(dtype=str),
            table[list(classes)].to_numpy(np.float64),
            int(table["lesion_id"].nunique()),
        )
        if not len(found.truth) or not np.isfinite(found.probabilities).all():
            raise EvaluationError(f"The predictions of the {split} split are empty. {remedy}")
        return found

    def against(self, keys: frozenset[str]) -> tuple[np.ndarray, np.ndarray]:
        """A yes-no view: bool N, whether the true class is one of `keys`, and float N, their
        probability together."""
        columns = [self.classes.index(key) for key in sorted(keys)]
        return np.isin(self.truth, list(keys)), self.probabilities[:, columns].sum(axis=1)


MELANOMA = frozenset({"mel"})
MALIGNANT = frozenset(key for key, diagnosis in BY_KEY.items() if diagnosis.malignant)


@dataclass(frozen=True)
class Outcomes:
    """What a test would mean for a number of lesions, in whole lesions."""

    found: int
    missed: int
    false_alarms: int
    left_alone: int

    @classmethod
    def of(
        cls, sensitivity: float, specificity: float, prevalence: float, lesions: int = 1000
    ) -> Outcomes:
        """Expected outcomes; the four sum to `lesions`.

        Args:
            sensitivity, specificity, prevalence: 0…1.
        """
        sick = round(prevalence * lesions)
        found = round(sensitivity * sick)
        left_alone = round(specificity * (lesions - sick))
        return cls(found, sick - found, lesions - sick - left_alone, left_alone)
