"""Entropy, and the track record of answers like it."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.answer.entropy import band_of, bands, entropy
from core.evaluation.files import EvaluationError
from core.settings import REPOSITORY
from core.taxonomy import KEYS

PREDICTIONS = "predictions-validation.parquet"


def test_entropy_of_known_answers() -> None:
    rows = np.array([[1, 0, 0, 0], [0.5, 0.5, 0, 0], [0.25] * 4], np.float32)
    assert entropy(rows) == pytest.approx([0, np.log(2), np.log(4)], abs=1e-6)
    assert entropy(np.full(7, 1 / 7)) == pytest.approx(np.log(7))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine photos of two classes: sure ones right, torn ones wrong."""
    p = np.array([0.99, 0.99, 0.98, 0.8, 0.8, 0.8, 0.55, 0.52, 0.5])
    table = pd.DataFrame({"mel": p, "nv": 1 - p, "prediction": "mel", "lesion_id": "a"})
    table["dx"] = ["mel"] * 5 + ["nv"] * 4
    table.to_parquet(tmp_path / PREDICTIONS)
    return tmp_path


def test_thirds_of_the_predictions(folder: Path) -> None:
    found = bands(folder, ("mel", "nv"))
    assert [band.name for band in found] == ["low", "medium", "high"]
    assert [band.images for band in found] == [3, 3, 3]
    assert [band.right for band in found] == pytest.approx([1, 2 / 3, 0])
    for value, name in ((0, "low"), (0.5, "medium"), (np.log(2), "high"), (9, "high")):
        assert band_of(value, found).name == name


def test_shipped_record_is_that_of_the_table() -> None:
    classifier = REPOSITORY / "weights" / "classifier"
    found = bands(classifier, KEYS)
    table = pd.read_parquet(classifier / PREDICTIONS)
    assert sum(band.images for band in found) == len(table)
    right = sum(band.right * band.images for band in found)
    assert right == pytest.approx((table["dx"] == table["prediction"]).sum())
    for earlier, later in pairwise(found):
        assert earlier.low <= earlier.high <= later.low
        assert earlier.right > later.right  # else entropy would tell a student nothing


@pytest.mark.parametrize("problem", ["missing", "damaged", "other classes", "too few"])
def test_unusable_predictions_say_so(folder: Path, problem: str) -> None:
    path, classes = folder / PREDICTIONS, ("mel", "nv")
    if problem == "missing":
        path.unlink()
    elif problem == "damaged":
        path.write_bytes(b"no table")
    elif problem == "other classes":
        classes = ("mel", "df")
    else:
        pd.read_parquet(path).head(2).to_parquet(path)
    with pytest.raises(EvaluationError, match="validation"):
        bands(folder, classes)
