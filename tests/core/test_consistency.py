"""The same photo at another scale gets the same answer, by the shipped weights."""

import numpy as np

from core.analyser import Analyser


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
