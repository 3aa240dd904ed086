"""What is fitted on validation so that a classifier's scores become probabilities and an answer."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from core.evaluation.figures import Rule
from core.evaluation.metrics import (
    answer_summary,
    expected_calibration_error,
    negative_log_likelihood,
)
from core.models.calibration import Calibration
from core.models.cards import Scaling
from core.models.decision import Decision

FOLDS = 10
TEMPERATURES = (0.3, 4.0)
"""Bounds of the temperature."""
EXPONENTS = tuple(round(0.1 * step, 1) for step in range(11))
"""Decision rules tried, from the most probable class to equal priors (see
`core.models.decision`)."""
WEIGHTS = {"mel": 1.5}
"""How much more than another class one counts in the answer: a judgement of harm, not a fit. A
missed melanoma is what a dermatoscope is used to prevent."""


def fit_calibration(
    logits: np.ndarray, labels: np.ndarray, prior: np.ndarray, biased: bool = True
) -> Calibration:
    """Temperature and biases of the highest likelihood (bias-corrected temperature scaling:
    Alexandari, Kundaje and Shrikumar, "Maximum likelihood with bias-corrected calibration is
    hard-to-beat at label shift adaptation", ICML 2020). A standard normal prior holds each bias,
    so that one of a class with few photos stays near 0.

    Args:
        logits: free of a prior, float N×K.
        labels: int N, 0…K-1.
        prior: share of each class in training, float K.
        biased: whether each class may have a bias, or all are 0.
    """
    hits = np.eye(len(prior))[labels]

    def loss(place: np.ndarray) -> tuple[float, np.ndarray]:
        sharpness, bias = np.exp(place[0]), place[1:]
        p = Calibration(1 / sharpness, prior, bias)(logits)
        likelihood = np.log(np.maximum(p[np.arange(len(labels)), labels], 1e-300)).sum()
        error = p - hits
        slope = np.concatenate([[(error * logits).sum() * sharpness], error.sum(axis=0) + bias])
        return float((bias**2).sum() / 2 - likelihood), slope

    coldest, hottest = TEMPERATURES
    biases = [(None, None) if biased else (0.0, 0.0)] * len(prior)
    found = minimize(
        loss,
        np.zeros(1 + len(prior)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-np.log(hottest), -np.log(coldest)), *biases],
    ).x
    return Calibration(float(np.exp(-found[0])), prior, found[1:])


def compare_calibrations(
    logits: np.ndarray, labels: np.ndarray, groups: np.ndarray, prior: np.ndarray
) -> dict[str, dict[str, float]]:
    """Measures of photos that a calibration was not fitted on, in ten folds by lesion: with the
    temperature alone, and with biases.

    Args:
        groups: lesion of each photo, N, at least two different ones.
    """
    from sklearn.model_selection import GroupKFold  # slow to import, and seldom asked for

    splitter = GroupKFold(min(FOLDS, len(set(groups))), shuffle=True, random_state=0)
    folds = list(splitter.split(logits, labels, groups))
    found = {}
    for name, biased in (("temperature", False), ("temperature and biases", True)):
        p = np.empty(logits.shape)
        for fitted, left_out in folds:
            fit = fit_calibration(logits[fitted], labels[fitted], prior, biased)
            p[left_out] = fit(logits[left_out])
        found[name] = {
            "nll": round(negative_log_likelihood(p, labels), 4),
            "ece": round(expected_calibration_error(p, labels), 4),
        }
    return found


def stated(found: Calibration, classes: Sequence[str], fitted_on: str) -> Scaling:
    """A calibration as a card has it."""
    return Scaling(
        temperature=found.temperature,
        bias=dict(zip(classes, np.broadcast_to(found.bias, len(classes)).tolist(), strict=True)),
        prior=dict(zip(classes, found.prior.tolist(), strict=True)),
        how="softmax(score / temperature + bias + log prior); prior: prevalence in training",
        fitted_on=fitted_on,
    )


def choose_rule(
    probabilities: np.ndarray,
    labels: np.ndarray,
    prior: np.ndarray,
    classes: Sequence[str],
    chosen_on: str,
) -> Rule:
    """The rule of the highest mean of balanced accuracy, which counts what is missed, and macro-F1,
    which also counts what is named wrongly; see `fit_calibration`."""
    weights = {key: weight for key, weight in WEIGHTS.items() if key in classes}
    factors = np.array([weights.get(key, 1.0) for key in classes])
    tried = {}
    for exponent in EXPONENTS:
        named = Decision(exponent, prior, factors)(probabilities)
        found = answer_summary(named, labels, len(classes))
        tried[exponent] = (found["balanced_accuracy"] + found["macro_f1"]) / 2
    exponent = max(tried, key=lambda e: tried[e])
    how = "the class with the highest weight · probability / prior^exponent; exponent 0: the most "
    return Rule(
        exponent=exponent,
        weights=weights,
        how=f"{how}probable, 1: as if all were equally common",
        chosen_on=f"{chosen_on}, by the mean of balanced accuracy and macro-F1",
        others={"tried": {str(e): round(v, 5) for e, v in tried.items()}},
    )
