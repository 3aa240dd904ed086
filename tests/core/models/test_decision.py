"""The rule that names one class."""

import numpy as np
import pytest

from core.answer.prior import reweigh
from core.models.cards import Card
from core.models.decision import Decision
from core.models.weights import WeightsError

PRIOR = np.array([0.9, 0.1])


def test_from_the_most_probable_to_equal_priors() -> None:
    p = np.array([[0.8, 0.2], [0.95, 0.05], [0.4, 0.6]])
    assert Decision(0, PRIOR)(p).tolist() == [0, 0, 1]
    assert Decision(1, PRIOR)(p).tolist() == [1, 0, 1], "0.2 is twice the share of 0.1"
    assert Decision(0.5, PRIOR)(p).tolist() == [0, 0, 1]
    assert int(Decision(1, PRIOR)(p[0])) == 1
    assert int(Decision(1, PRIOR)(np.array([1.0, 0.0]))) == 0


def test_read_from_the_card() -> None:
    card = {
        "classes": ["a", "b"],
        "calibration": {"prior": {"b": 0.1, "a": 0.9}},
        "decision": {"exponent": 0.7},
    }
    rule = Decision.of(Card.of(card))
    assert (rule.exponent, rule.prior.tolist()) == (0.7, [0.9, 0.1])


@pytest.mark.parametrize(
    "decision", [None, "the most probable", {}, {"exponent": "x"}, {"exponent": float("nan")}]
)
def test_card_without_a_rule(decision) -> None:
    card = {"classes": ["a"], "calibration": {"prior": {"a": 1.0}}, "decision": decision}
    with pytest.raises(WeightsError, match="lacks its decision rule"):
        Decision.of(Card.of(card))


def test_a_weight_counts_a_class_more_than_once() -> None:
    card = {
        "classes": ["a", "b"],
        "calibration": {"prior": {"b": 0.1, "a": 0.9}},
        "decision": {"exponent": 0, "weights": {"b": 1.5}},
    }
    rule = Decision.of(Card.of(card))
    assert rule(np.array([[0.58, 0.42], [0.62, 0.38]])).tolist() == [1, 0]


@pytest.mark.parametrize("exponent", [0, 0.4, 1])
def test_the_class_named_is_the_most_probable_at_the_shares_that_are_assumed(exponent) -> None:
    prior = np.array([0.7, 0.2, 0.1])
    rule = Decision(exponent, prior, np.array([1.0, 1.5, 1.0]))
    assert rule.assumed.sum() == pytest.approx(1)
    p = np.random.default_rng(1).dirichlet(prior * 3, 200)
    assert [reweigh(row, prior, rule.assumed).argmax() for row in p] == rule(p).tolist()


@pytest.mark.parametrize(
    "decision",
    [
        {"exponent": -0.1},
        {"exponent": 1.1},
        {"exponent": 1, "weights": {"a": 0}},
        {"exponent": 1, "weights": {"melanoma": 1.5}},
    ],
)
def test_impossible_rule(decision: dict) -> None:
    card = {"classes": ["a"], "calibration": {"prior": {"a": 1.0}}, "decision": decision}
    with pytest.raises(WeightsError, match="impossible"):
        Decision.of(Card.of(card))
