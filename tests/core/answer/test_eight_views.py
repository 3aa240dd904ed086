"""Eight views of one photo, and what their spread says."""

import numpy as np
import pytest

from core.answer.analyser import Analyser
from core.answer.eight_views import EightViews, eight_views, views, views_back
from core.imaging.image import LesionImage
from core.lesion.phantom import practice_set
from core.models.cards import Card
from core.models.neighbours import KnownCases
from core.models.novelty import FeatureGaussian
from core.models.reference import Reference
from core.models.runtime import Scores

CLASSES = ("mel", "nv", "vasc")


class _Runtime:
    """Says melanoma the surer, the brighter the photo's top left quarter is."""

    name = "made up"

    def classify(self, pixels: np.ndarray) -> Scores:
        half = pixels.shape[1] // 2
        mel = pixels[:, :half, :half].mean(axis=(1, 2, 3)) / 64 - 2
        logits = np.stack([mel, np.zeros_like(mel), np.full_like(mel, -1)], axis=1)
        return Scores(logits, np.zeros((len(mel), 3, 1, 1)), *np.zeros((2, len(mel), 2)))

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        raise AssertionError("No outline is needed.")

    def both(self, pixels: np.ndarray, others: np.ndarray) -> tuple[Scores, np.ndarray]:
        return self.classify(pixels), self.segment(others)


def analyser() -> Analyser:
    card = {
        "classes": list(CLASSES),
        "input": {"size": 64},
        "calibration": {"temperature": 1.0, "prior": dict.fromkeys(CLASSES, 1 / 3)},
        "decision": {"exponent": 0.0},
    }
    points = np.random.default_rng(0).normal(size=(9, 2))
    cases = KnownCases.fit(points, ["ISIC_0000001"] * 9, ["HAM_0000001"] * 9, ["nv"] * 9, 1)
    return Analyser(
        _Runtime(), Card.of(card), Card(), Reference(FeatureGaussian.fit(points, 1), 1.0, cases)
    )


def said(*rows: tuple[float, float, float]) -> EightViews:
    p = np.array(rows, np.float32)
    return EightViews(CLASSES, p, tuple(CLASSES[k] for k in p.argmax(axis=1)))


def test_views_turn_there_and_back() -> None:
    photo = np.arange(2 * 5 * 5).reshape(2, 5, 5)
    seen = list(views(photo))
    assert len({view.tobytes() for view in seen}) == 8
    assert (seen[0] == photo).all()
    for back in views_back(seen):
        assert (back == photo).all()
    assert [len(list(views(photo, n))) for n in (1, 8)] == [1, 8]


def test_views_keep_the_colours() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (1, 6, 6, 3), np.uint8)
    for view in views(photo):
        assert view.shape == photo.shape
        assert sorted(map(tuple, view.reshape(-1, 3))) == sorted(map(tuple, photo.reshape(-1, 3)))


def test_a_photo_with_one_bright_corner_is_seen_differently() -> None:
    rgb = np.full((90, 120, 3), 50, np.uint8)
    rgb[:45, :60] = 255
    found = eight_views(analyser(), LesionImage.from_array(rgb))
    # The corner is top left as the photo is, and once more among the mirrored ones.
    assert found.named == ("mel", *found.named[1:])
    assert found.named.count("mel") == found.agreeing == 2
    assert found.probabilities.shape == (8, 3)
    assert found.probabilities.dtype == np.float32
    assert not found.probabilities.flags.writeable
    assert found.probabilities.sum(axis=1) == pytest.approx(np.ones(8))
    assert found.of("mel")[0] == pytest.approx(found.of("mel").max())
    assert found.mean == pytest.approx(found.probabilities.mean(axis=0))
    assert found.disagreement > 0.1


@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_photo_looks_the_same_in_all_views(level: int) -> None:
    image = LesionImage.from_array(np.full((32, 32, 3), level, np.uint8))
    found = eight_views(analyser(), image)
    assert found.agreeing == 8
    assert found.probabilities.std(axis=0) == pytest.approx(np.zeros(3), abs=1e-6)
    assert found.disagreement == pytest.approx(0, abs=1e-6)


def test_doubt_of_each_view_is_told_from_disagreement() -> None:
    sure = said(*[(1.0, 0.0, 0.0)] * 8)
    assert (sure.entropy, sure.disagreement, sure.agreeing) == (0, 0, 8)
    torn = said(*[(0.5, 0.5, 0.0)] * 8)  # every view in doubt, all the same
    assert torn.entropy == pytest.approx(np.log(2), abs=1e-6)
    assert torn.disagreement == pytest.approx(0, abs=1e-6)
    split = said(*[(1.0, 0.0, 0.0)] * 4, *[(0.0, 1.0, 0.0)] * 4)  # each sure, of something else
    assert split.entropy == pytest.approx(np.log(2), abs=1e-6)
    assert split.expected_entropy == pytest.approx(0, abs=1e-6)
    assert split.disagreement == pytest.approx(np.log(2), abs=1e-6)
    assert split.agreeing == 4


def test_first_of_the_eight_is_the_analysis_itself() -> None:
    whole = Analyser.load()
    image = practice_set()[0].image
    found, analysis = eight_views(whole, image), whole.analyse(image)
    assert found.probabilities[0] == pytest.approx(analysis.probabilities, abs=1e-6)
    assert found.named[0] == analysis.prediction
