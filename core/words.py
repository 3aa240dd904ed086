"""What is said of an answer, in the same words on screen and in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.taxonomy import BY_KEY, KEYS

if TYPE_CHECKING:
    from core.analyser import Analysis

UNLIKE = "This photo is unlike the training images"
"""The title of the warning for a photo out of the models' domain, …"""

UNLIKE_TEXT = (
    "The models learned from dermoscopy of single lesions at two clinics. They do not know "
    "everyday photos, nor every clinic's dermoscopy. What they say of this photo means little, "
    "however sure it sounds."
)
"""… and its text."""

SEVEN_ONLY = (
    "Seven answers are all the model knows; they always sum to 100 %, even for a photo of "
    "something else. Calibrated at the share of each diagnosis in HAM10000."
)
"""How to read the seven probabilities."""


def percent(share: float, digits: int = 0) -> str:
    """A share 0…1 as a percentage: `12 %`."""
    return f"{share * 100:.{digits}f} %"


def chance(probability: float, digits: int = 0) -> str:
    """A probability as a percentage that never claims certainty: `<1 %`, `12 %`, `>99 %`."""
    smallest = 10.0**-digits
    value = probability * 100
    if value < smallest:
        return f"<{smallest:g} %"
    if value > 100 - smallest:
        return f">{100 - smallest:g} %"
    return f"{value:.{digits}f} %"


def passed_over(analysis: Analysis) -> str | None:
    """Why the most probable class is not the answer; None where it is."""
    likeliest = analysis.most_probable
    if likeliest == analysis.prediction:
        return None
    return (
        f"{BY_KEY[likeliest].name} is more probable ({chance(analysis.probability(likeliest))}), "
        "but it is also far more common. The answer makes up for that, so that rare diagnoses "
        "are not missed."
    )


def malignant_share(analysis: Analysis) -> float:
    """Probability of the three malignant diagnoses together, 0…1."""
    return sum(analysis.probability(key) for key in KEYS if BY_KEY[key].malignant)
