"""How spread out an answer is, and how often such answers were right on validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.files import EvaluationError

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


def bands(probabilities: np.ndarray, right: np.ndarray) -> list[Band]:
    """How often answers of low, medium and high entropy were right, in that order.

    Args:
        probabilities: of the validation photos, float N×K.
        right: whether the named answer is the true diagnosis, bool N.

    Raises:
        EvaluationError: there are too few photos.
    """
    if len(right) < len(BANDS):
        raise EvaluationError(
            "The validation split has too few photos to compare the answer with them."
        )
    spread = entropy(probabilities)
    found = []
    thirds = np.array_split(np.argsort(spread, kind="stable"), len(BANDS))
    for name, rows in zip(BANDS, thirds, strict=True):
        low, high = spread[rows[[0, -1]]]
        found.append(Band(name, float(low), float(high), len(rows), float(right[rows].mean())))
    return found


def band_of(value: float, found: list[Band]) -> Band:
    """The one of the three bands that an entropy (in nats) belongs to."""
    return next((band for band in found if value <= band.high), found[-1])
