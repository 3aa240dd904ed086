"""The same photo in another waiting room: probabilities for another share of each diagnosis."""

import numpy as np

LEAST = float(np.finfo(np.float32).tiny)
"""No class is ruled out by the photo alone: a probability of 0 counts as this."""


def reweigh(probabilities: np.ndarray, prior: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Probabilities at one prior → those at another: p' ∝ p · new / prior.

    By Bayes' rule, if only the shares of the classes differ and each class looks the same (Saerens,
    Latinne & Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities",
    Neural Computation 14:21, 2002, eq. 2.4).

    Args:
        probabilities: float K ≥ 0, at the first prior.
        prior: float K > 0, the shares that the probabilities assume; any scale.
        new: float K ≥ 0, the shares to assume instead; any scale. A class of share 0 gets 0.

    Returns:
        float64 K, sum 1.

    Raises:
        ValueError: the shapes differ, a share is negative, not finite or, in the first prior, 0, or
            all new ones are 0.
    """
    p, old, new = (np.asarray(v, np.float64) for v in (probabilities, prior, new))
    if not p.shape == old.shape == new.shape or p.ndim != 1:
        raise ValueError("Probabilities and both priors need one value for each class.")
    if not (np.isfinite(old).all() and (old > 0).all()):
        raise ValueError("Each share of the first prior must be above 0.")
    if not (np.isfinite(new).all() and (new >= 0).all() and new.any()):
        raise ValueError("Shares must be 0 or more, and at least one above 0.")
    odds = np.maximum(p, LEAST) * (new / new.max()) / (old / old.sum())
    return odds / odds.sum()


COUNTED = {"akiec": 434, "bcc": 415, "bkl": 1221, "mel": 172, "nv": 2571}
"""Lesions of general practices, by diagnosis: 4,813 of the 6,364 of that study, as public excerpts
of it quote them; the whole paper was not at hand."""
COUNTED_IN = "general practices in the Netherlands, 2015 to 2020"
COUNTED_SOURCE = "Tensen et al., JMIR Dermatology 5(3):e40888 (2022)"
COUNTED_LINK = "https://doi.org/10.2196/40888"
COUNTED_LIMITS = (
    "Lesions that family doctors sent to a dermatologist as dermoscopic photos, as named "
    "from the photo. Squamous cell carcinoma is counted with basal cell carcinoma; Bowen's disease "
    "and lentigines are left out; for dermatofibroma and vascular lesions, whose numbers were not "
    "at hand, HAM10000's shares stand in."
)
"""What makes the numbers approximate."""


def general_practice(classes: tuple[str, ...], fallback: np.ndarray) -> np.ndarray:
    """Share of each class in general practices, float64 K, sum 1; classes not counted get their
    share of `fallback` (float K, sum 1), the others what remains."""
    counted = np.array([key in COUNTED for key in classes])
    numbers = np.array([COUNTED.get(key, 0) for key in classes], np.float64)
    rest = fallback[counted].sum()
    return np.where(counted, numbers / numbers.sum() * rest, fallback)
