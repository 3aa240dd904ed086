"""From a network's scores to calibrated probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.models.cards import Card
from core.models.weights import WeightsError


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, numerically stable."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Calibration:
    """softmax(score / temperature + bias + log prior): bias-corrected temperature scaling (Guo et
    al., ICML 2017; Alexandari et al., ICML 2020) of scores that are free of a prior (Menon et al.,
    ICLR 2021), then a population's prior.

    Attributes:
        temperature: > 0, fitted on validation.
        prior: share of each class, float K, sum 1.
        bias: log odds added to each class, float K, fitted on validation; 0 for none.
    """

    temperature: float
    prior: np.ndarray
    bias: np.ndarray | float = 0.0

    @classmethod
    def of(cls, card: Card) -> Calibration:
        """The calibration that a model's card states.

        Raises:
            WeightsError: the card states none, or an impossible one.
        """
        stated, prior = card.calibration, prior_of(card)
        if stated is None or stated.temperature is None or prior is None:
            raise WeightsError("The classifier's card lacks its calibration.")
        unknown = stated.bias.keys() - set(card.classes)
        if stated.temperature <= 0 or not (prior > 0).all() or unknown:
            raise WeightsError("The classifier's card states an impossible calibration.")
        bias = np.array([stated.bias.get(key, 0.0) for key in card.classes])
        return cls(stated.temperature, prior, bias)

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Scores …×K → probabilities …×K, float64."""
        return softmax(logits / self.temperature + self.bias + np.log(self.prior))


def prior_of(card: Card) -> np.ndarray | None:
    """Share of each class in training, float K, as a card states it; None if it does not."""
    shares = card.calibration.prior if card.calibration else {}
    if not set(card.classes) <= set(shares):
        return None
    return np.array([shares[key] for key in card.classes])
