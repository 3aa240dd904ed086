"""Novelty: about 1 among the training images, larger the further away."""

import numpy as np
import pytest

from core.models.novelty import FeatureGaussian


@pytest.fixture(scope="module")
def familiar() -> FeatureGaussian:
    """Images that vary in three directions of 20, and a little in the others."""
    return FeatureGaussian.fit(images(500), components=3)


def images(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    directions = np.random.default_rng(9).normal(size=(3, 20))
    return random.normal(size=(count, 3)) @ directions + 0.1 * random.normal(size=(count, 20)) + 5


def test_worked_by_hand() -> None:
    """Variances 4 and 1 along two axes, 1/4 along the two others."""
    familiar = FeatureGaussian(
        np.zeros(4, np.float32),
        np.ones(4, np.float32),
        np.eye(4, dtype=np.float32)[:2],
        np.float32([4, 1]),
        0.25,
    )
    assert familiar.novelty(np.zeros(4)) == 0
    assert familiar.novelty(np.array([2.0, 0, 0, 0])) == pytest.approx(1 / 4)
    assert familiar.novelty(np.array([0, 0, 1.0, 0])) == pytest.approx(4 / 4)
    assert familiar.novelty(np.array([2.0, 1.0, 0.5, 0.5])) == pytest.approx(4 / 4)


def test_one_on_average_over_what_it_was_fitted_to(familiar: FeatureGaussian) -> None:
    assert familiar.novelty(images(500)).mean() == pytest.approx(1, abs=0.01)
    assert familiar.novelty(images(500, seed=1)).mean() == pytest.approx(1, abs=0.1)


def test_a_table_gives_what_its_rows_give(familiar: FeatureGaussian) -> None:
    some = images(5, seed=2)
    assert familiar.novelty(some) == pytest.approx([familiar.novelty(row) for row in some])


def test_grows_with_the_distance(familiar: FeatureGaussian) -> None:
    photo = images(1, seed=3)[0]
    away = np.random.default_rng(4).normal(size=20)
    found = familiar.novelty(photo + np.array([[0], [1], [2], [4]]) * away)
    assert (np.diff(found) > 0).all()


def test_a_new_direction_counts_more_than_a_known_one(familiar: FeatureGaussian) -> None:
    middle = familiar.mean
    known = familiar.basis[-1] * familiar.scale
    new = np.linalg.svd(familiar.basis)[2][-1] * familiar.scale  # at right angles to all three
    assert familiar.novelty(middle + 2 * new) > 5 * familiar.novelty(middle + 2 * known)


def test_a_feature_that_never_varies_is_no_division_by_zero() -> None:
    same = images(50)
    same[:, 3] = 7
    assert np.isfinite(FeatureGaussian.fit(same, components=3).novelty(same)).all()


@pytest.mark.parametrize("shape", [(3, 20), (50, 3), (0, 20)])
def test_too_little_to_fit(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="3 components need more"):
        FeatureGaussian.fit(np.zeros(shape), components=3)
