"""The same photo at another scale, or seen from another side, gets the same answer, by the shipped
weights."""

import numpy as np

from core.answer.analyser import Analyser
from core.answer.eight_views import eight_views
from core.imaging.image import LesionImage

TURNED = 40
"""Test photos that are turned and mirrored."""


def test_600x450_and_its_200x150_twin_agree(samples, dataset) -> None:
    """A user has the official 600×450; the dataset's photos are a third of that."""
    analyser, same, apart = Analyser.load(), [], []
    for image_id, large in samples.images.items():
        a = analyser.analyse_bytes(large)
        b = analyser.analyse_bytes(dataset.photo(image_id))
        assert (a.width, b.width) == (600, 200)
        same.append(a.most_probable == b.most_probable)
        apart.append(np.abs(a.probabilities - b.probabilities).mean())
    assert len(same) >= 100
    assert np.mean(same) >= 0.95
    assert np.mean(apart) <= 0.03


def test_turned_or_mirrored_the_mean_of_eight_views_names_the_same(dataset) -> None:
    analyser, same = Analyser.load(), []
    test = dataset.table.index[dataset.table["split"] == "test"]
    for image_id in test[np.linspace(0, len(test) - 1, TURNED).astype(int)]:
        rgb = LesionImage.from_bytes(dataset.photo(image_id)).rgb
        ways = (rgb, np.rot90(rgb), rgb[:, ::-1])
        found = [
            eight_views(analyser, LesionImage.from_array(np.ascontiguousarray(w))) for w in ways
        ]
        names = [views.mean.argmax() for views in found]
        same += [name == names[0] for name in names[1:]]
    assert np.mean(same) >= 0.95
