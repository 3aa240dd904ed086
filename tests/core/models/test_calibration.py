"""Scores to probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.models.calibration import Calibration, softmax
from core.models.cards import Card
from core.models.weights import WeightsError

CARD = {
    "classes": ["a", "b"],
    "calibration": {"temperature": 2.0, "prior": {"b": 0.2, "a": 0.8}},
}


def test_softmax() -> None:
    assert softmax(np.log([[1.0, 2.0, 5.0]]))[0] == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert softmax(np.array([1e4, 1e4 - math.log(3)])) == pytest.approx([0.75, 0.25])
    assert softmax(np.array([0.0, -np.inf])) == pytest.approx([1, 0])


def test_equal_scores_give_the_prior() -> None:
    assert Calibration.of(Card.of(CARD))(np.array([[3.0, 3.0]]))[0] == pytest.approx([0.8, 0.2])


def test_temperature_divides_the_scores() -> None:
    found = Calibration.of(Card.of(CARD))(np.array([0.0, 2 * math.log(4)]))
    assert found == pytest.approx([0.5, 0.5])


def test_a_bias_adds_to_the_log_odds() -> None:
    scaling = CARD["calibration"] | {"bias": {"b": math.log(4)}}
    found = Calibration.of(Card.of(CARD | {"calibration": scaling}))(np.array([1.0, 1.0]))
    assert found == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize(
    "stated",
    [None, {}, {"temperature": 1.0}, {"temperature": 0.0, "prior": {"a": 0.5, "b": 0.5}},
     {"temperature": 1.0, "prior": {"a": 1.0, "b": 0.0}}, {"temperature": 1.0, "prior": {"a": 1}},
     {"temperature": 1.0, "prior": {"a": 0.5, "b": 0.5}, "bias": {"c": 1.0}}],
)  # fmt: skip
def test_impossible_calibrations_are_refused(stated: object) -> None:
    with pytest.raises(WeightsError):
        Calibration.of(Card.of({"classes": ["a", "b"], "calibration": stated}))
