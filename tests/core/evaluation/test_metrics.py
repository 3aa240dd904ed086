"""Measures against values worked out by hand."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_fscore_support,
    recall_score,
)

from core.evaluation.metrics import (
    answers_per_class,
    balanced_accuracy,
    bootstrap,
    bootstrap_ratios,
    classifier_summary,
    confusion,
    ece_interval,
    exact_interval,
    expected_calibration_error,
    mask_scores,
    negative_log_likelihood,
    per_class,
    segmenter_summary,
)

LABELS = np.array([0, 0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.6, 0.3, 0.1],
        [0.3, 0.5, 0.2],  # taken for 1
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],  # taken for 0
        [0.1, 0.1, 0.8],
    ]
)


def test_negative_log_likelihood() -> None:
    expected = -sum(map(math.log, (0.7, 0.6, 0.3, 0.8, 0.4, 0.8))) / 6
    assert negative_log_likelihood(PROBABILITIES, LABELS) == pytest.approx(expected)
    certain_and_wrong = negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1]))
    assert math.isfinite(certain_and_wrong)
    assert certain_and_wrong > 20


def test_expected_calibration_error() -> None:
    """Of ten bins, two hold something: two answers at 0.92 (one right), two at 0.66 (both)."""
    top = np.array([0.92, 0.92, 0.66, 0.66])
    probabilities = np.stack([top, 1 - top], axis=1)
    labels = np.array([0, 1, 0, 0])
    expected = 0.5 * (0.92 - 0.5) + 0.5 * (1 - 0.66)
    assert expected_calibration_error(probabilities, labels, 10) == pytest.approx(expected)
    # in one bin, over- and underconfidence make up for each other
    assert expected_calibration_error(probabilities, labels, 1) == pytest.approx(0.79 - 0.75)


def test_calibration_in_fifteen_bins() -> None:
    """0.62 (right) and 0.68 (wrong) are on two sides of 10/15: they do not cancel out."""
    probabilities = np.array([[0.62, 0.38], [0.68, 0.32]])
    expected = (0.38 + 0.68) / 2
    assert expected_calibration_error(probabilities, np.array([0, 1])) == pytest.approx(expected)


def test_calibration_of_certain_answers() -> None:
    certain = np.array([[1.0, 0.0], [1.0, 0.0]])
    assert expected_calibration_error(certain, np.array([0, 0])) == 0
    assert expected_calibration_error(certain, np.array([1, 1])) == 1


def test_classifier_summary() -> None:
    summary = classifier_summary(PROBABILITIES, LABELS)
    assert summary["accuracy"] == pytest.approx(4 / 6)
    assert summary["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    assert summary["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 1) / 3)
    # pairs in the right order: 8 of 3×3; 7 of 2×4; 5 of 1×5
    assert summary["macro_auc"] == pytest.approx((8 / 9 + 7 / 8 + 1) / 3)
    assert summary["nll"] == negative_log_likelihood(PROBABILITIES, LABELS)
    assert summary["ece"] == expected_calibration_error(PROBABILITIES, LABELS)


def test_macro_averages_leave_out_absent_classes() -> None:
    labels, rows = LABELS[:5], PROBABILITIES[:5]
    summary = classifier_summary(rows, labels)
    assert summary["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert summary["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    only_one = classifier_summary(rows[:3], labels[:3])
    assert only_one["accuracy"] == pytest.approx(2 / 3)
    assert only_one["macro_f1"] == pytest.approx(0.8)  # of class 0 alone, though 1 was answered
    assert math.isnan(only_one["macro_auc"])


def test_per_class() -> None:
    table = per_class(PROBABILITIES, LABELS, ("a", "b", "c"))
    assert table["a"].pop("ap") == pytest.approx(
        average_precision_score(LABELS == 0, PROBABILITIES[:, 0])
    )
    assert table["a"] == pytest.approx(
        {"precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "auc": 8 / 9, "support": 3}
    )
    assert table["b"]["recall"] == pytest.approx(1 / 2)
    absent = per_class(PROBABILITIES[:5], LABELS[:5], ("a", "b", "c"))["c"]
    assert absent["support"] == 0
    assert all(math.isnan(absent[m]) for m in ("precision", "recall", "f1", "auc", "ap"))


@pytest.mark.parametrize("seed", range(20))
def test_measures_are_those_of_scikit_learn(seed: int) -> None:
    """Also with ties, classes that are absent, and classes that are never named."""
    rng = np.random.default_rng(seed)
    images, classes = int(rng.integers(5, 200)), 7
    p = rng.dirichlet(np.full(classes, 0.3), images).round(1 + seed % 3)
    labels = rng.integers(0, 1 + seed % classes, images) + int(rng.integers(0, 2)) % classes
    labels = np.minimum(labels, classes - 1)
    named = np.where(rng.random(images) < 0.5, labels, rng.integers(0, classes - 2, images))
    present = np.unique(labels)
    over = {"labels": present, "average": "macro", "zero_division": 0}
    summary = classifier_summary(p, labels, named)
    assert summary["balanced_accuracy"] == pytest.approx(recall_score(labels, named, **over))
    assert summary["macro_f1"] == pytest.approx(f1_score(labels, named, **over))
    expected = precision_recall_fscore_support(
        labels, named, labels=range(classes), zero_division=0
    )
    for k, row in enumerate(per_class(p, labels, tuple("abcdefg"), named).values()):
        assert row["support"] == expected[3][k]
        if k in present:
            assert [row[m] for m in ("precision", "recall", "f1")] == pytest.approx(
                [values[k] for values in expected[:3]]
            )
            assert row["ap"] == pytest.approx(average_precision_score(labels == k, p[:, k]))
        else:
            assert all(math.isnan(row[m]) for m in ("precision", "recall", "f1", "ap"))


def test_the_rule_may_name_another_class() -> None:
    named = np.array([0, 0, 0, 1, 1, 2])
    summary = classifier_summary(PROBABILITIES, LABELS, named)
    assert summary["accuracy"] == pytest.approx((named == LABELS).mean())
    assert summary["balanced_accuracy"] == balanced_accuracy(named, LABELS)
    plain = classifier_summary(PROBABILITIES, LABELS)
    assert summary["macro_auc"] == plain["macro_auc"], "areas are of the probabilities"
    table = per_class(PROBABILITIES, LABELS, ("a", "b", "c"), named)
    assert table["b"]["recall"] == pytest.approx((named == LABELS)[LABELS == 1].mean())


def test_confusion_has_the_truth_in_rows() -> None:
    named = PROBABILITIES.argmax(axis=1)
    assert confusion(named, LABELS, 3).tolist() == [[2, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert confusion(named[:1], LABELS[:1], 3).shape == (3, 3)


# Masks


def test_mask_scores() -> None:
    predicted, truth = np.zeros((2, 4, 5), bool)
    predicted[:2, :3] = True  # 6 pixels
    truth[1:3, :4] = True  # 8 pixels, 3 of them in both
    dice, iou = mask_scores(predicted, truth)
    assert dice == pytest.approx(2 * 3 / 14)
    assert iou == pytest.approx(3 / 11)
    assert mask_scores(truth, predicted) == (dice, iou)
    assert mask_scores(truth, truth) == (1, 1)


def test_empty_masks() -> None:
    empty, full = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    assert mask_scores(empty, empty) == (1, 1)
    assert mask_scores(empty, full) == (0, 0)
    assert mask_scores(full, empty) == (0, 0)


def test_masks_of_different_shape() -> None:
    with pytest.raises(ValueError, match=r"differ in shape: \(3, 3\) and \(1, 3\)"):
        mask_scores(np.ones((3, 3), bool), np.ones((1, 3), bool))


def test_segmenter_summary() -> None:
    summary = segmenter_summary(np.array([0.9, 0.8, 0.5]), np.array([0.82, 0.65, 0.33]))
    assert summary["mean_dice"] == pytest.approx(2.2 / 3)
    assert summary["mean_iou"] == pytest.approx(0.6)
    assert summary["thresholded_jaccard"] == pytest.approx((0.82 + 0.65) / 3)
    assert summary["failed"] == pytest.approx(1 / 3)


# Intervals


def test_bootstrap_draws_whole_lesions() -> None:
    groups = np.array(["c", "a", "b", "a", "c", "a"])

    def measure(rows: np.ndarray) -> dict[str, float]:
        drawn = groups[rows]
        assert len(rows) == sum({"a": 3, "b": 1, "c": 2}[x] / np.sum(groups == x) for x in drawn)
        for lesion in set(drawn):
            times = [int(np.sum(rows == row)) for row in np.flatnonzero(groups == lesion)]
            assert len(set(times)) == 1
        return {"rows": len(rows)}

    low, high = bootstrap(measure, groups, draws=300)["rows"]
    assert (low, high) == (3, 9)  # three times b, three times a


def test_copies_of_a_lesion_do_not_narrow_the_interval() -> None:
    """Five identical photos of each of 60 lesions tell as much as one of each."""
    rng = np.random.default_rng(0)
    values = np.repeat(rng.normal(size=60), 5)
    lesions = np.repeat(np.arange(60), 5)

    def width(groups: np.ndarray) -> float:
        low, high = bootstrap(lambda rows: {"mean": values[rows].mean()}, groups)["mean"]
        return high - low

    by_lesion, by_image = width(lesions), width(np.arange(300))
    assert by_lesion == pytest.approx(2 * 1.96 * values.std() / math.sqrt(60), rel=0.1)
    assert by_lesion / by_image == pytest.approx(math.sqrt(5), rel=0.1)


def test_bootstrap_is_repeatable() -> None:
    values = np.random.default_rng(0).normal(size=50)
    groups = np.arange(50) // 2

    def measure(rows: np.ndarray) -> dict[str, float]:
        return {"mean": values[rows].mean(), "top": values[rows].max()}

    first = bootstrap(measure, groups, draws=100)
    assert first == bootstrap(measure, groups, draws=100)


def test_bootstrap_passes_over_draws_without_a_figure() -> None:
    """A rare class is missing from some draws; its figure is then nan."""
    positive = np.array([True, False, False])

    def measure(rows: np.ndarray) -> dict[str, float]:
        return {"recall": 0.5 if positive[rows].any() else float("nan")}

    assert bootstrap(measure, np.arange(3), draws=50)["recall"] == (0.5, 0.5)


def test_ratios_get_the_very_intervals_of_the_bootstrap() -> None:
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 40, 90).astype(str)
    truth, said = rng.random(90) < 0.4, rng.random(90) < 0.5

    def measure(rows: np.ndarray) -> dict[str, float]:
        hits = (truth & said)[rows].sum()
        return {
            "recall": hits / truth[rows].sum(),
            "f1": 2 * hits / (truth[rows].sum() + said[rows].sum()),
        }

    slow = bootstrap(measure, groups, draws=200)
    fast = bootstrap_ratios(
        np.column_stack([truth & said, 2 * (truth & said)]),
        np.column_stack([truth, truth * 1 + said]),
        groups,
        draws=200,
    )
    np.testing.assert_allclose(fast, [slow["recall"], slow["f1"]], atol=1e-6)


def test_ratio_with_nothing_below_the_line_has_no_interval() -> None:
    ends = bootstrap_ratios(np.zeros((4, 1)), np.zeros((4, 1)), np.array(list("aabc")), draws=20)
    assert np.isnan(ends).all()


# The calibration error's interval


def answers(
    rng: np.random.Generator, lesions: int, right: Callable[[np.ndarray], np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two-class answers on lesions with one to three alike photos: probabilities, labels, groups.
    An answer of confidence c is right with the probability `right(c)`."""
    groups = np.repeat(np.arange(lesions), rng.choice([1, 1, 1, 2, 3], lesions))
    confidence = 0.5 + 0.49 * rng.beta(2, 1, lesions)[groups]
    confidence = np.clip(confidence + rng.normal(0, 0.02, len(groups)), 0.5, 0.995)
    shared = rng.random(len(groups)) < 0.5
    luck = np.where(shared, rng.random(lesions)[groups], rng.random(len(groups)))
    labels = np.where(luck < right(confidence), 0, 1)
    return np.stack([confidence, 1 - confidence], axis=1), labels, groups


CALIBRATIONS = {
    "calibrated": lambda c: c,
    "overconfident": lambda c: c - 0.06,
    "off in one bin": lambda c: c - 0.1 * ((c > 0.6) & (c < 0.66)),
    "slightly off everywhere": lambda c: c + 0.015 * np.sign(np.sin(c * np.pi * 15)),
}


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_interval_of_the_calibration_error_covers(kind: str) -> None:
    """Of 200 samples, at least 93 % of the intervals hold the true ECE (95 % less two standard
    errors of such a simulation). Percentiles of resampled ECEs do not."""
    right = CALIBRATIONS[kind]
    p, _, _ = answers(np.random.default_rng(0), 200_000, right)
    chance = p[:, 0] - right(p[:, 0])
    bins = (p[:, 0] * 15).astype(int)
    truth = sum(abs(chance[bins == b].sum()) for b in range(15)) / len(p)
    rng, held = np.random.default_rng(1), []
    for _ in range(200):
        low, high = ece_interval(*answers(rng, 400, right), draws=300)
        held.append(low - 1e-9 <= truth <= high)
    assert np.mean(held) >= 0.93


def test_percentiles_of_the_calibration_error_never_cover_a_calibrated_model() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        p, labels, groups = answers(rng, 400, CALIBRATIONS["calibrated"])
        low, _ = bootstrap(
            lambda rows, p=p, labels=labels: {
                "ece": expected_calibration_error(p[rows], labels[rows])
            },
            groups,
            draws=300,
        )["ece"]
        assert low > 0
        assert ece_interval(p, labels, groups, draws=300)[0] < low


def test_interval_of_the_calibration_error_narrows_with_lesions() -> None:
    """And copies of a photo tell no more than the photo."""
    rng, over = np.random.default_rng(2), CALIBRATIONS["overconfident"]
    few, many = (ece_interval(*answers(rng, n, over), draws=300) for n in (300, 4800))
    assert (few[1] - few[0]) / (many[1] - many[0]) > 2.5
    p, labels, groups = answers(rng, 300, over)
    once = ece_interval(p, labels, groups, draws=300)
    copied = ece_interval(*(np.repeat(a, 4, axis=0) for a in (p, labels, groups)), draws=300)
    assert copied == pytest.approx(once)
    assert once[0] <= expected_calibration_error(p, labels) <= once[1]


def test_interval_of_an_error_without_doubt() -> None:
    """Always wrong and certain of it: nothing varies."""
    certain = np.tile([1.0, 0.0], (6, 1))
    assert ece_interval(certain, np.ones(6, int), np.arange(6), draws=50) == (1, 1)


def test_where_no_draw_differs_the_interval_is_the_exact_one() -> None:
    # 3 photos of 2 lesions, none found: scipy's exact interval of 0 of 2.
    groups = np.array(["a", "a", "b", "c"])
    sick, found = np.array([1, 1, 1, 0]), np.array([0, 0, 0, 1])
    low, high = bootstrap_ratios((sick * found)[:, None], sick[:, None], groups)[0]
    exact = binomtest(0, 2).proportion_ci(0.95, "exact")
    assert (low, high) == (0, pytest.approx(exact.high))
    low, high = bootstrap_ratios(sick[:, None], sick[:, None], groups)[0]
    assert (low, high) == (pytest.approx(1 - exact.high), 1)


def test_a_ratio_that_is_no_proportion_has_no_exact_interval() -> None:
    above, below = np.zeros((4, 1)), np.ones((4, 1))
    assert np.isnan(bootstrap_ratios(above, below, np.arange(4), proportions=[False])).all()
    assert np.isnan(exact_interval(0.5, 7)).all()
    assert np.isnan(exact_interval(0.0, 0)).all()


def test_a_class_that_was_never_named_has_no_precision() -> None:
    rows = answers_per_class(np.array([0, 0, 0]), np.array([0, 0, 1]), ("a", "b"))
    assert rows["a"]["precision"] == pytest.approx(2 / 3)
    assert np.isnan(rows["b"]["precision"])
    assert rows["b"]["f1"] == 0
