"""Calibration and rule, fitted on scores whose truth is known."""

import numpy as np
import pytest

from core.evaluation.metrics import negative_log_likelihood
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.decision import Decision
from train.finish.probabilities import WEIGHTS, choose_rule, fit_calibration, stated

PRIOR = np.array([0.6, 0.3, 0.1])


def drawn(truth: Calibration, photos: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and labels that follow a calibration exactly."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 3, (photos, len(truth.prior)))
    labels = np.array([rng.choice(len(p), p=p) for p in truth(logits)])
    return logits, labels


def test_finds_the_temperature_and_the_biases() -> None:
    bias = np.array([-0.6, 0.2, 0.7])
    found = fit_calibration(*drawn(Calibration(1.7, PRIOR, bias), 20_000), PRIOR)
    assert found.temperature == pytest.approx(1.7, rel=0.05)
    assert found.bias - np.mean(found.bias) == pytest.approx(bias - bias.mean(), abs=0.1)


def test_is_likelier_than_the_temperature_alone() -> None:
    logits, labels = drawn(Calibration(0.8, PRIOR, np.array([0.5, 0.0, -0.5])), 2000)
    found = fit_calibration(logits, labels, PRIOR)
    plain = min(
        negative_log_likelihood(Calibration(t, PRIOR)(logits), labels)
        for t in np.linspace(0.4, 3, 53)
    )
    assert negative_log_likelihood(found(logits), labels) < plain


def test_a_class_without_a_photo_keeps_a_bias_near_zero() -> None:
    logits, labels = drawn(Calibration(1.0, PRIOR), 60)
    few = labels != 2
    found = fit_calibration(logits[few], labels[few], PRIOR)
    assert np.abs(found.bias).max() < 3
    assert np.isfinite(found(logits)).all()


def test_scores_that_say_everything_or_nothing_stay_within_bounds() -> None:
    labels = np.array([0, 1, 2] * 30)
    for logits in (50.0 * np.eye(3)[labels], np.zeros((90, 3))):
        assert 0.3 <= fit_calibration(logits, labels, PRIOR).temperature <= 4


def test_a_card_gives_it_back() -> None:
    made = Calibration(1.3, PRIOR, np.array([0.1, -0.2, 0.1]))
    scaling = stated(made, ("a", "b", "c"), "validation")
    card = Card.of(Card(classes=("a", "b", "c"), calibration=scaling).as_dict())
    scores = np.random.default_rng(0).normal(size=(5, 3))
    assert Calibration.of(card)(scores) == pytest.approx(made(scores))


def test_the_rule_weighs_melanoma_and_no_class_that_is_not_there() -> None:
    logits, labels = drawn(Calibration(1.0, PRIOR), 500)
    p = Calibration(1.0, PRIOR)(logits)
    rule = choose_rule(p, labels, PRIOR, ("nv", "bkl", "mel"), "validation, n = 500 images")
    assert rule.weights == WEIGHTS
    assert rule.chosen_on.startswith("validation, n = 500 images")
    assert max(rule.others["tried"].values()) == rule.others["tried"][str(rule.exponent)]
    assert choose_rule(p, labels, PRIOR, ("a", "b", "c"), "validation").weights == {}


def test_the_rule_that_is_chosen_is_the_best_of_those_tried() -> None:
    """Where the rare class is always the second most probable, only dividing by the share names
    it."""
    labels = np.array([0] * 90 + [1] * 10)
    p = np.where(labels[:, None] == 0, [[0.95, 0.05]], [[0.55, 0.45]])
    prior = np.array([0.9, 0.1])
    rule = choose_rule(p, labels, prior, ("a", "b"), "validation")
    assert rule.exponent is not None
    assert (Decision(rule.exponent, prior)(p) == labels).all()
