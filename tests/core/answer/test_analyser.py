"""From the networks' answer to an analysis: calibration, geometry, and one whole pass."""

import numpy as np
import pytest

from core.answer.analyser import Analyser, mask_of
from core.imaging.image import ImageError, LesionImage, resize, to_png
from core.models.cards import Card
from core.models.neighbours import KnownCases
from core.models.novelty import FeatureGaussian
from core.models.reference import Reference
from core.models.runtime import Scores

SIZES = [(600, 450), (450, 600), (1000, 300), (200, 150), (64, 640), (256, 256), (3000, 2000)]


def rectangle(
    width: int, height: int, dark: int = 0
) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A dark photo with a white rectangle off its centre; its left, top, right and bottom."""
    edges = int(width * 0.23), int(height * 0.31), int(width * 0.71), int(height * 0.83)
    rgb = np.full((height, width, 3), dark, np.uint8)
    rgb[edges[1] : edges[3], edges[0] : edges[2]] = 255
    return rgb, edges


def edges_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    ys, xs = np.nonzero(mask)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


# Geometry: squeezed to a square and back


@pytest.mark.parametrize("size", [192, 256])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_mask_lands_where_the_lesion_is(width: int, height: int, size: int) -> None:
    """A network that marks the white pixels, surer the whiter: exact to one pixel."""
    rgb, edges = rectangle(width, height)
    logits = resize(rgb, (size, size))[..., 0] - np.float32(127.5)
    mask = mask_of(logits, width, height)
    assert mask.dtype == bool
    assert mask.shape == (height, width)
    assert edges_of(mask) == pytest.approx(edges, abs=1)
    blurred = 1 + max(width, height) // size  # rounds the corners
    left, top, right, bottom = edges
    assert mask[top + blurred : bottom - blurred, left + blurred : right - blurred].all()


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_mask_of_a_network_that_is_always_sure(width: int, height: int) -> None:
    """Only yes or no in 128×128 places: exact to one pixel and half such a place."""
    rgb, edges = rectangle(width, height)
    logits = np.where(resize(rgb, (128, 128))[..., 0] > 127, 9, -9).astype(np.float32)
    found = edges_of(mask_of(logits, width, height))
    limit = 1 + np.array([width, height] * 2) / 128 / 2
    assert (np.abs(np.subtract(found, edges)) <= limit).all()


def test_nothing_and_everything() -> None:
    assert not mask_of(np.full((64, 64), -0.1, np.float32), 90, 30).any()
    assert mask_of(np.full((64, 64), 0.1, np.float32), 90, 30).all()


# One pass, with networks that answer from the pixels

HEATMAPS = np.zeros((3, 2, 2), np.float32)
HEATMAPS[1, 1, 1] = 1


class _Runtime:
    name, precision = "made up", "f32"

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def classify(self, pixels: np.ndarray) -> Scores:
        self.seen.append(pixels.shape)
        logits = np.array([[2.0, 0.0, 1.0]], np.float32)
        embedding, texture = np.float32([[1, 1]]), np.float32([[0, 2]])
        return Scores(logits, HEATMAPS[None].copy(), embedding, texture)

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        self.seen.append(pixels.shape)
        return pixels[..., 0] - np.float32(127.5)

    def both(self, pixels: np.ndarray, others: np.ndarray) -> tuple[Scores, np.ndarray]:
        return self.classify(pixels), self.segment(others)


def analyser(
    prior: tuple[float, float, float] = (0.2, 0.2, 0.6), usual: float = 2.0, exponent: float = 0.0
) -> Analyser:
    classes = ["mel", "nv", "vasc"]
    calibration = {"temperature": 2.0, "prior": dict(zip(classes, prior, strict=True))}
    cards = (
        {
            "name": "classifier",
            "sha256": "a" * 64,
            "classes": classes,
            "input": {"size": 64},
            "calibration": calibration,
            "decision": {"exponent": exponent},
        },
        {"name": "segmenter", "sha256": "b" * 64, "input": {"size": 128}},
    )
    typed = map(Card.of, cards)
    zeros, ones = np.zeros(2, np.float32), np.ones(2, np.float32)
    familiar = FeatureGaussian(
        zeros + np.float32([0, usual]), ones, np.eye(1, 2, dtype=np.float32), ones[:1], 1.0
    )
    cases = KnownCases(
        np.eye(2, dtype=np.float32),
        np.float32([[0.6, 0.8], [-0.8, 0.6]]),
        ["ISIC_0000001", "ISIC_0000002"],
        ["HAM_0000001", "HAM_0000002"],
        ["mel", "nv"],
    )
    return Analyser(_Runtime(), *typed, Reference(familiar, 1.5, cases))


def test_analysis() -> None:
    rgb, edges = rectangle(300, 200, dark=50)  # black would be taken for a frame
    whole = analyser()
    analysis = whole.analyse(LesionImage.from_array(rgb))
    assert whole.runtime.seen == [(1, 64, 64, 3), (1, 128, 128, 3)]
    assert analysis.classes == ("mel", "nv", "vasc")
    odds = np.array([0.2 * np.e**1, 0.2, 0.6 * np.e**0.5])
    assert analysis.probabilities == pytest.approx(odds / odds.sum())
    assert analysis.prediction == "vasc"
    assert analysis.probability("mel") == pytest.approx(odds[0] / odds.sum())
    assert analysis.heatmap("nv").tolist() == [[0, 0], [0, 1]]
    assert not analysis.heatmap("vasc").any()
    assert analysis.mask.shape == (200, 300)
    assert edges_of(analysis.mask) == pytest.approx(edges, abs=1)
    assert analysis.measurements is not None
    assert analysis.measurements.area_share == pytest.approx(analysis.mask.mean())
    assert analysis.measurements.abrupt_segments == 8
    assert analysis.anatomy.width == 300
    assert analysis.models == {"classifier": "a" * 12, "segmenter": "b" * 12}
    for array in (
        analysis.probabilities,
        analysis.evidence,
        analysis.embedding,
        analysis.mask_logits,
    ):
        assert not array.flags.writeable


def test_the_answer_may_be_a_rarer_class_than_the_most_probable() -> None:
    analysis = analyser(exponent=1.0).analyse(
        LesionImage.from_array(np.zeros((64, 64, 3), np.uint8))
    )
    assert (analysis.prediction, analysis.most_probable) == ("mel", "vasc")


def test_no_lesion() -> None:
    analysis = analyser().analyse(LesionImage.from_array(np.zeros((64, 64, 3), np.uint8)))
    assert not analysis.mask.any()
    assert analysis.measurements is None
    assert analysis.anatomy is None


def test_like_and_unlike_the_training_images() -> None:
    image = LesionImage.from_array(np.zeros((64, 64, 3), np.uint8))
    like, unlike = analyser(usual=2.0).analyse(image), analyser(usual=-1.0).analyse(image)
    assert like.novelty == 0
    assert like.in_domain
    assert unlike.novelty == pytest.approx(3**2 / 2)
    assert not unlike.in_domain


def test_similar_cases() -> None:
    whole = analyser()
    analysis = whole.analyse(LesionImage.from_array(np.zeros((64, 64, 3), np.uint8)))
    first, second = whole.similar(analysis)
    assert (first.image_id, first.diagnosis) == ("ISIC_0000001", "mel")
    assert first.similarity == pytest.approx(1.4 / np.sqrt(2))
    assert whole.similar(analysis, without="HAM_0000001") == (second,)


def test_bytes_give_the_same_and_junk_is_refused() -> None:
    rgb, _ = rectangle(90, 60)
    whole = analyser()
    by_bytes = whole.analyse_bytes(to_png(rgb))
    assert (by_bytes.mask == whole.analyse(LesionImage.from_array(rgb)).mask).all()
    with pytest.raises(ImageError):
        whole.analyse_bytes(b"no picture")


def test_calibration_of_several_at_once() -> None:
    logits = np.array([[2.0, 0.0, 1.0], [1e3, 0.0, 0.0]], np.float32)
    table = analyser().calibrate(logits)
    assert table.dtype == np.float32
    assert table.sum(axis=1) == pytest.approx([1, 1])
    assert table[1] == pytest.approx([1, 0, 0])


def test_calibration_at_another_prevalence() -> None:
    """Without evidence, the probabilities are how common the diagnoses are."""
    prior = (0.7, 0.2, 0.1)
    assert analyser(prior).calibrate(np.zeros(3)) == pytest.approx(prior)
