"""How spread out an answer is, and how often such answers were right on validation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.evaluation.files import EvaluationError, command, read_predictions

BANDS = ("low", "medium", "high")
"""Thirds of the validation photos, by entropy."""


def entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy in nats over the last axis, -Σ p·log p: 0 for a sure answer, log K if all K classes
    are equally probable (Shannon, 1948).

    Args:
        probabilities: …×K, ≥ 0, sum 1.

    Returns:
        float64 …
    """
    p = probabilities.astype(np.float64)
    return -(p * np.log(np.maximum(p, 1e-12))).sum(axis=-1)


@dataclass(frozen=True)
class Band:
    """A third of the validation photos.

    Attributes:
        name: one of `BANDS`.
        low, high: entropies of the third's first and last photo, in nats.
        images: how many photos.
        right: share of them whose named answer is the true diagnosis, 0…1.
    """

    name: str
    low: float
    high: float
    images: int
    right: float


def bands(folder: Path, classes: tuple[str, ...]) -> list[Band]:
    """How often answers of low, medium and high entropy were right on validation, in that order;
    from the single predictions that `python -m train evaluate classifier --split validation` left
    in a classifier's folder.

    Raises:
        EvaluationError: they are missing, damaged, too few, or of other classes.
    """
    table = read_predictions(folder, "validation")
    if not set(classes) <= set(table.columns) or len(table) < len(BANDS):
        raise EvaluationError(
            "The predictions of the validation split have too few photos or other classes, so "
            "there is nothing to compare the answer with. With the dataset imported, make them "
            f"again: {command(folder, 'validation')}"
        )
    spread = entropy(table[list(classes)].to_numpy())
    right = (table["dx"] == table["prediction"]).to_numpy()
    found = []
    thirds = np.array_split(np.argsort(spread, kind="stable"), len(BANDS))
    for name, rows in zip(BANDS, thirds, strict=True):
        low, high = spread[rows[[0, -1]]]
        found.append(Band(name, float(low), float(high), len(rows), float(right[rows].mean())))
    return found


def band_of(value: float, found: list[Band]) -> Band:
    """The one of the three bands that an entropy (in nats) belongs to."""
    return next((band for band in found if value <= band.high), found[-1])
