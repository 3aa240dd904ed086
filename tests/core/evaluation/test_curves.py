"""Curves and the thresholds read off them, against scikit-learn and by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from core.evaluation import curves

TRUTH = np.array([0, 0, 1, 0, 1, 1], bool)
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.8, 0.9])


def test_auc_is_scikit_learns_also_with_ties() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        truth, score = rng.random(60) < 0.3, rng.integers(0, 9, 60) / 9
        assert curves.auc(truth, score) == pytest.approx(roc_auc_score(truth, score))
    assert math.isnan(curves.auc(np.ones(3, bool), SCORE[:3]))


def test_roc_by_hand() -> None:
    found = curves.roc(TRUTH, SCORE)
    points = set(zip(found["sensitivity"], found["specificity"], strict=True))
    assert {(0.0, 1.0), (0.66667, 1.0), (1.0, 0.66667), (1.0, 0.0)} <= points
    assert max(found["threshold"]) <= 1
    assert curves.roc(np.zeros(6, bool), SCORE) == {
        "threshold": [], "sensitivity": [], "specificity": [],
    }  # fmt: skip


def test_curves_are_thinned_but_keep_their_ends() -> None:
    rng = np.random.default_rng(0)
    truth, score = rng.random(5000) < 0.5, rng.random(5000)
    for found in (curves.roc(truth, score), curves.precision_recall(truth, score)):
        assert {len(v) for v in found.values()} == {curves.POINTS}
    assert curves.roc(truth, score)["sensitivity"][0] == 0
    assert curves.roc(truth, score)["sensitivity"][-1] == 1


def test_operating_point_reaches_the_sensitivity_at_the_highest_threshold() -> None:
    found = curves.operating_point(TRUTH, SCORE, 0.6)
    assert found == pytest.approx({"threshold": 0.8, "sensitivity": 2 / 3, "specificity": 1})
    all_found = curves.operating_point(TRUTH, SCORE, 0.7)
    assert all_found == pytest.approx({"threshold": 0.3, "sensitivity": 1, "specificity": 2 / 3})
    with pytest.raises(ValueError, match="both sides"):
        curves.operating_point(np.ones(6, bool), SCORE, 0.5)


def test_threshold_without_one_side() -> None:
    found = curves.at_threshold(np.ones(2, bool), np.array([0.4, 0.6]), 0.5)
    assert found["sensitivity"] == 0.5
    assert math.isnan(found["specificity"])


def test_reliability_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.92, 0.08], [0.4, 0.6]])
    found = curves.reliability(p, np.array([0, 1, 1]), bins=10)
    assert found["from"] == [0.6, 0.9]
    assert found["confidence"] == pytest.approx([0.6, 0.91])
    assert found["accuracy"] == [1, 0.5]
    assert found["images"] == [1, 2]


@pytest.mark.parametrize("digits", [1, 2, 16])
@pytest.mark.parametrize("count", [2, 3, 20, 150])
def test_curves_are_those_of_scikit_learn(count: int, digits: int) -> None:
    """Few digits: many photos with the same score."""
    from sklearn.metrics import precision_recall_curve, roc_curve

    random = np.random.default_rng(count)
    truth = np.arange(count) % 3 == 0
    score = np.round(np.clip(random.random(count) + 0.2 * truth, 0, 1), digits)
    wrong, right, threshold = roc_curve(truth, score)
    ours = curves.roc(truth, score)
    np.testing.assert_allclose(ours["threshold"], np.minimum(threshold, 1), atol=1e-5)
    np.testing.assert_allclose(ours["sensitivity"], right, atol=1e-5)
    np.testing.assert_allclose(ours["specificity"], 1 - wrong, atol=1e-5)
    precision, recall, threshold = precision_recall_curve(truth, score)
    ours = curves.precision_recall(truth, score)
    np.testing.assert_allclose(ours["threshold"], np.append(threshold, 1), atol=1e-5)
    np.testing.assert_allclose(ours["precision"], precision, atol=1e-5)
    np.testing.assert_allclose(ours["recall"], recall, atol=1e-5)
