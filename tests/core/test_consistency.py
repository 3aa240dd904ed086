"""The same photo at another scale, or seen from another side, gets the same answer, by the shipped
weights."""

from __future__ import annotations

import numpy as np
import pytest

from core.answer.analyser import Analyser, Analysis
from core.answer.eight_views import eight_views
from core.ham10000.dataset import Dataset
from core.imaging.image import LesionImage
from tests.conftest import Samples

TURNED = 6
"""Test photos that are turned and mirrored."""


@pytest.fixture(scope="module")
def large(classifying: Analyser, samples: Samples) -> dict[str, Analysis]:
    """The answers to all photos of 600×450."""
    return {i: classifying.analyse_bytes(photo) for i, photo in samples.images.items()}


def test_photos_of_600x450_are_alike(large: dict[str, Analysis]) -> None:
    alarms = [i for i, answer in large.items() if not answer.in_domain]
    assert len(alarms) <= 0.02 * len(large) + 1, alarms


def test_600x450_and_its_200x150_twin_agree(
    classifying: Analyser, large: dict[str, Analysis], dataset: Dataset
) -> None:
    """A user has the official 600×450; the dataset's photos are a third of that."""
    same, apart = [], []
    for image_id, a in large.items():
        b = classifying.analyse_bytes(dataset.photo(image_id))
        assert (a.width, b.width) == (600, 200)
        same.append(a.most_probable == b.most_probable)
        apart.append(np.abs(a.probabilities - b.probabilities).mean())
    assert len(same) >= 100
    assert np.mean(same) >= 0.95
    assert np.mean(apart) <= 0.03


def test_turned_or_mirrored_the_mean_of_eight_views_names_the_same(
    classifying: Analyser, dataset: Dataset
) -> None:
    """Their eight views are the same ones in another order, but for the rounding of pixels."""
    test = dataset.table.index[dataset.table["split"] == "test"]
    for image_id in test[np.linspace(0, len(test) - 1, TURNED).astype(int)]:
        rgb = LesionImage.from_bytes(dataset.photo(image_id)).rgb
        ways = (rgb, np.rot90(rgb), rgb[:, ::-1])
        first, *others = (
            eight_views(classifying, LesionImage.from_array(np.ascontiguousarray(w))) for w in ways
        )
        for views in others:
            assert np.abs(views.mean - first.mean).max() <= 0.05
            assert views.mean.argmax() == first.mean.argmax()
