"""From a network's scores to calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.models.weights import Card, WeightsError


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, numerically stable."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Calibration:
    """softmax(score / temperature + log prior): temperature scaling (Guo et al., ICML 2017) of
    scores that are free of a prior (Menon et al., ICLR 2021), then a population's prior.

    Attributes:
        temperature: > 0, fitted on validation.
        prior: share of each class, float K, sum 1.
    """

    temperature: float
    prior: np.ndarray

    @classmethod
    def of(cls, card: Card) -> Calibration:
        """The calibration that a model's card states.

        Raises:
            WeightsError: the card states none, or an impossible one.
        """
        try:
            stated = card["calibration"]
            prior = np.array([float(stated["prior"][key]) for key in card["classes"]])
            temperature = float(stated["temperature"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise WeightsError("The classifier's card lacks its calibration.") from error
        if not 0 < temperature < np.inf or not ((prior > 0) & (prior < np.inf)).all():
            raise WeightsError("The classifier's card states an impossible calibration.")
        return cls(temperature, prior)

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Scores …×K → probabilities …×K, float64."""
        return softmax(logits / self.temperature + np.log(self.prior))
