"""The same probabilities at another prior, against Bayes' rule by hand."""

import numpy as np
import pytest

from core.answer.prior import COUNTED, general_practice, reweigh
from core.taxonomy import KEYS

P = np.array([0.05, 0.1, 0.2, 0.65])
PRIOR = np.array([0.1, 0.2, 0.3, 0.4])


def test_worked_by_hand() -> None:
    """Two classes: odds 0.8 / 0.2 at equal priors are 4; at 1 to 9 they are 4/9."""
    found = reweigh(np.array([0.8, 0.2]), np.array([0.5, 0.5]), np.array([0.1, 0.9]))
    assert found == pytest.approx([4 / 13, 9 / 13])


def test_its_own_prior_changes_nothing() -> None:
    assert reweigh(P, PRIOR, PRIOR) == pytest.approx(P, abs=1e-12)
    assert reweigh(P, PRIOR * 7, PRIOR * 0.01) == pytest.approx(P, abs=1e-12)


def test_there_and_back() -> None:
    new = np.array([0.7, 0.1, 0.1, 0.1])
    assert reweigh(reweigh(P, PRIOR, new), new, PRIOR) == pytest.approx(P, abs=1e-12)


def test_the_commoner_the_more_probable() -> None:
    found = reweigh(P, PRIOR, np.array([0.4, 0.2, 0.2, 0.2]))
    assert found.sum() == pytest.approx(1)
    assert found[0] > P[0]


def test_a_class_that_never_comes_is_ruled_out() -> None:
    found = reweigh(P, PRIOR, np.array([1.0, 1.0, 1.0, 0.0]))
    assert found[3] == 0
    assert found.sum() == pytest.approx(1)


def test_only_one_class_comes() -> None:
    assert reweigh(P, PRIOR, np.array([0, 0, 5.0, 0])).tolist() == [0, 0, 1, 0]


@pytest.mark.parametrize("new", [[1, 0, 0, 0], [1e-300, 1e300, 1, 1], [1e-12, 1, 1, 1e12]])
def test_extreme_values(new: list[float]) -> None:
    for p in (np.eye(4)[0], np.array([0, 1e-38, 1e-20, 1], np.float32), np.zeros(4)):
        found = reweigh(p, PRIOR, np.array(new))
        assert np.isfinite(found).all()
        assert (found >= 0).all()
        assert found.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("prior", "new", "message"),
    [
        ([0.5, 0.5, 0, 0], [1, 1, 1, 1], "first prior"),
        ([1, 1, 1, np.nan], [1, 1, 1, 1], "first prior"),
        ([1, 1, 1, 1], [0, 0, 0, 0], "at least one"),
        ([1, 1, 1, 1], [-1, 1, 1, 1], "0 or more"),
        ([1, 1, 1, 1], [np.inf, 1, 1, 1], "0 or more"),
        ([1, 1, 1], [1, 1, 1, 1], "one value for each class"),
    ],
)
def test_impossible_shares_are_refused(prior: list, new: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reweigh(P, np.array(prior, float), np.array(new, float))


def test_general_practice_has_fewer_melanomas_and_fills_what_was_not_counted() -> None:
    ham = np.array([0.03, 0.05, 0.11, 0.012, 0.111, 0.673, 0.014])
    found = dict(zip(KEYS, general_practice(KEYS, ham), strict=True))
    assert sum(found.values()) == pytest.approx(1)
    assert found["df"] == pytest.approx(0.012)
    assert found["vasc"] == pytest.approx(0.014)
    assert found["mel"] == pytest.approx(172 / 4813 * 0.974)
    assert sum(COUNTED.values()) == 4813
