"""Entropy, and the track record of answers like it."""

from itertools import pairwise

import numpy as np
import pytest

from core.answer.entropy import band_of, bands, entropy
from core.evaluation.files import EvaluationError, read_predictions
from core.settings import REPOSITORY
from core.taxonomy import KEYS


def test_entropy_of_known_answers() -> None:
    rows = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4], np.float32)
    assert entropy(rows) == pytest.approx([0, np.log(2), np.log(4)], abs=1e-6)
    assert entropy(np.full(7, 1 / 7)) == pytest.approx(np.log(7))


def test_thirds_of_the_predictions() -> None:
    """Nine photos of two classes: sure ones right, torn ones wrong."""
    p = np.array([0.99, 0.99, 0.98, 0.8, 0.8, 0.8, 0.55, 0.52, 0.5])
    found = bands(np.stack([p, 1 - p], axis=1), np.arange(9) < 5)
    assert [band.name for band in found] == ["low", "medium", "high"]
    assert [band.images for band in found] == [3, 3, 3]
    assert [band.right for band in found] == pytest.approx([1, 2 / 3, 0])
    for value, name in ((0, "low"), (0.5, "medium"), (np.log(2), "high"), (9, "high")):
        assert band_of(value, found).name == name


def test_shipped_record_is_that_of_the_table() -> None:
    table = read_predictions(REPOSITORY / "weights" / "classifier", "validation")
    right = (table["dx"] == table["prediction"]).to_numpy()
    found = bands(table[list(KEYS)].to_numpy(), right)
    assert sum(band.images for band in found) == len(table)
    assert sum(band.right * band.images for band in found) == pytest.approx(right.sum())
    for earlier, later in pairwise(found):
        assert earlier.low <= earlier.high <= later.low
        assert earlier.right > later.right  # else entropy would tell a student nothing


def test_too_few_photos_say_so() -> None:
    with pytest.raises(EvaluationError, match="too few photos"):
        bands(np.full((2, 7), 1 / 7), np.ones(2, bool))
