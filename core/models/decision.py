"""From calibrated probabilities to the one class that is named as the answer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.evaluation.figures import Rule
from core.models.calibration import prior_of
from core.models.cards import Card
from core.models.weights import WeightsError


@dataclass(frozen=True, eq=False)
class Decision:
    """The class with the highest p / prior^exponent.

    Probabilities hold at the prevalence of the training data, where two thirds are naevi. Named by
    the highest one alone, rare diagnoses are missed; divided by the prior, the answer is the one
    that fits best if all diagnoses were equally common, which maximises balanced accuracy (Menon
    et al., "On the statistical consistency of algorithms for binary classification under class
    imbalance", ICML 2013). In between lies in between.

    Attributes:
        exponent: 0…1.
        prior: share of each class that the probabilities assume, float K.
    """

    exponent: float
    prior: np.ndarray

    @classmethod
    def of(cls, card: Card) -> Decision:
        """The rule that a classifier's card states.

        Raises:
            WeightsError: it states none, or an impossible one.
        """
        rule, prior = card.decision, prior_of(card)
        if not isinstance(rule, Rule) or rule.exponent is None or prior is None:
            raise WeightsError("The classifier's card lacks its decision rule.")
        if not 0 <= rule.exponent <= 1 or not (prior > 0).all():
            raise WeightsError("The classifier's card states an impossible decision rule.")
        return cls(rule.exponent, prior)

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities …×K → index of the class named, int …"""
        return np.argmax(self.compared(probabilities), -1)

    def compared(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities …×K → log(p / prior^exponent), the highest of which is named."""
        return np.log(probabilities + 1e-12) - self.exponent * np.log(self.prior)
