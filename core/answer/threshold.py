"""A line drawn through the probabilities: what it finds, misses and calls wrongly."""

from __future__ import annotations

from dataclasses import dataclass

from core.taxonomy import BY_KEY

MELANOMA = frozenset({"mel"})
MALIGNANT = frozenset(key for key, diagnosis in BY_KEY.items() if diagnosis.malignant)
MALIGNANT_LESIONS = "lesions of the malignant group"
"""Beside the plurals of the diagnoses."""


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
