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
    """The class with the highest weight · p / prior^exponent.

    Probabilities hold at the prevalence of the training data, where two thirds are naevi. Named by
    the highest one alone, rare diagnoses are missed; divided by the prior, the answer is the one
    that fits best if all diagnoses were equally common, which maximises balanced accuracy (Menon
    et al., "On the statistical consistency of algorithms for binary classification under class
    imbalance", ICML 2013). In between lies in between. A weight above 1 says that missing a class
    does more harm than missing another (Elkan, "The foundations of cost-sensitive learning", IJCAI
    2001).

    Attributes:
        exponent: 0…1.
        prior: share of each class that the probabilities assume, float K.
        weights: of each class, > 0, float K; 1 for none.
    """

    exponent: float
    prior: np.ndarray
    weights: np.ndarray | float = 1.0

    @classmethod
    def of(cls, card: Card) -> Decision:
        """The rule that a classifier's card states.

        Raises:
            WeightsError: it states none, or an impossible one.
        """
        rule, prior = card.decision, prior_of(card)
        if not isinstance(rule, Rule) or rule.exponent is None or prior is None:
            raise WeightsError("The classifier's card lacks its decision rule.")
        weights = np.array([rule.weights.get(key, 1.0) for key in card.classes])
        unknown = rule.weights.keys() - set(card.classes)
        fine = 0 <= rule.exponent <= 1 and (prior > 0).all() and (weights > 0).all()
        if unknown or not fine:
            raise WeightsError("The classifier's card states an impossible decision rule.")
        return cls(rule.exponent, prior, weights)

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities …×K → index of the class named, int …"""
        return np.argmax(self.compared(probabilities), -1)

    def compared(self, probabilities: np.ndarray) -> np.ndarray:
        """Probabilities …×K → log(weight · p / prior^exponent), the highest of which is named."""
        return np.log(probabilities + 1e-12) + np.log(self.weights / self.prior**self.exponent)

    @property
    def assumed(self) -> np.ndarray:
        """How common each class would have to be for the class that is named to be the most
        probable one: float K, sum 1."""
        shares = self.weights * self.prior ** (1 - self.exponent)
        return shares / shares.sum()
