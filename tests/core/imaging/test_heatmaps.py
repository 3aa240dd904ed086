"""Grad-CAM in closed form is the grad-cam package's Grad-CAM."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from core.answer.analyser import Analyser
from core.imaging.heatmaps import agreement, reachable_share, rescale, share_inside
from core.lesion.phantom import practice_set
from core.models.architectures import build_classifier
from core.models.explained import Explained
from core.models.networks import normalise


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other take long on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class _LogitsOnly(torch.nn.Module):
    """As the grad-cam package wants a model: it returns the logits alone."""

    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)[0]


@pytest.mark.usefixtures("_one_thread")
@pytest.mark.parametrize("architecture", ["resnet50", "mobilenet_v2", "small-cnn"])
def test_equal_to_the_package_for_every_class(architecture: str) -> None:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.image import scale_cam_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.manual_seed(0)
    model = build_classifier(architecture, 7).eval()
    pixels = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    x = normalise(pixels)
    with torch.no_grad():
        features = model(x)[1][0]
        # An untrained network has evidence all over the photo for a class, or nowhere: take out
        # what all places share.
        mean = features.mean(dim=(1, 2))
        model.fc.weight -= torch.outer(model.fc.weight @ mean, mean) / mean.square().sum()
        logits, maps, embedding, texture = (part.numpy() for part in Explained(model)(pixels))
        assert logits == pytest.approx(model(x)[0].numpy())
        assert embedding == pytest.approx(model(x)[1].mean((2, 3)).numpy())
        assert texture == pytest.approx(model.features(x)[0].mean((2, 3)).numpy())
    assert maps.shape == (1, 7, 2, 2)
    maps = maps[0]
    with GradCAM(_LogitsOnly(model), [model.last_block]) as package:
        for k, heatmap in enumerate(np.maximum(maps, 0)):
            theirs = package(x, [ClassifierOutputTarget(k)])[0]
            # What the package does to a map of its own: stretch, enlarge to the input, stretch.
            enlarged = scale_cam_image(heatmap[None], (64, 64))
            ours = scale_cam_image(enlarged)[0]
            assert ours.max() > 0.999
            assert np.abs(ours - theirs).max() < 1e-4


class _Fixed(torch.nn.Module):
    """A classifier whose last feature map is given."""

    def __init__(self, features: list, weights: list) -> None:
        super().__init__()
        self.map = torch.tensor([features])
        self.fc = torch.nn.Linear(len(features), len(weights))
        self.fc.weight.data = torch.tensor(weights)

    def features(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return x, self.map


def maps_of(features: list, weights: list) -> np.ndarray:
    pixels = torch.zeros(1, 32, 32, 3, dtype=torch.uint8)
    with torch.no_grad():
        return Explained(_Fixed(features, weights))(pixels)[1][0].numpy()


def test_worked_by_hand() -> None:
    features = [[[1.0, 2.0]], [[3.0, 0.0]]]  # two channels of 1×2
    weights = [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]]
    expected = [[[4 / 2, 2 / 2]], [[2 / 2, -2 / 2]], [[-4 / 2, -2 / 2]]]
    assert maps_of(features, weights).tolist() == expected


def test_class_without_evidence() -> None:
    maps = maps_of([[[1.0, 1.0], [1.0, 1.0]]] * 4, [[-1.0] * 4])
    assert (maps < 0).all()
    assert not rescale(np.maximum(maps[0], 0)).any()


def test_maps_sum_to_the_scores_less_the_constant_of_each_class() -> None:
    features = [[[1.0, 2.0], [0.5, 0.0]], [[3.0, 0.0], [0.0, 4.0]]]
    model = _Fixed(features, [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]])
    with torch.no_grad():
        logits, maps, *_ = Explained(model)(torch.zeros(1, 32, 32, 3, dtype=torch.uint8))
        assert torch.allclose(maps.sum((2, 3)) + model.fc.bias, logits, atol=1e-6)


def test_rescale() -> None:
    stretched = rescale(np.array([[2.0, 3.0], [4.0, 6.0]]))
    assert stretched.dtype == np.float32
    assert stretched.tolist() == [[0, 0.25], [0.5, 1]]


@pytest.mark.parametrize("level", [0.0, 0.7, 1e6])
def test_flat_map_has_no_hot_spot(level: float) -> None:
    assert rescale(np.full((7, 7), level)).tolist() == np.zeros((7, 7)).tolist()


# What is said of a map


def test_contrast_is_the_difference_of_the_scores_but_for_a_constant() -> None:
    """Scores are read back from the probabilities; what is left is the same for every photo."""
    analyser = Analyser.load()
    rest = []
    for lesion in practice_set()[:3]:
        analysis = analyser.analyse(lesion.image)
        i, j = analysis.classes.index("bkl"), analysis.classes.index("nv")
        p, prior = analysis.probabilities.astype(float), analyser.calibration.prior
        apart = np.log(p[i] / p[j]) - np.log(prior[i] / prior[j])
        contrast = analysis.contrast("bkl", "nv")
        assert np.array_equal(contrast, -analysis.contrast("nv", "bkl"))
        rest.append(apart * analyser.calibration.temperature - contrast.sum())
        assert np.array_equal(analysis.heatmap("bkl"), np.maximum(analysis.evidence[i], 0))
        assert np.array_equal(analysis.heatmap("nv"), np.maximum(analysis.evidence[j], 0))
    assert np.ptp(rest) < 1e-3


def half(width: int = 60, height: int = 40) -> np.ndarray:
    """A mask of the left half."""
    mask = np.zeros((height, width), bool)
    mask[:, : width // 2] = True
    return mask


@pytest.mark.parametrize(
    ("heatmap", "share"),
    [
        (np.ones((6, 6)), 0.5),
        (np.array([[2.0, 0.0]]), 0.875),  # falls off linearly between the two places' centres
        (np.array([[0.0, 2.0]]), 0.125),
        (np.array([[3.0, 1.0]]), 0.6875),
        (np.eye(6)[:1].repeat(6, 0), 1.0),
    ],
)
def test_share_inside_by_hand(heatmap: np.ndarray, share: float) -> None:
    for size in ((60, 40), (600, 400), (1000, 100)):
        assert share_inside(heatmap, half(*size)) == pytest.approx(share, abs=0.01)
    assert share_inside(heatmap * 1e-6, half()) == pytest.approx(share, abs=0.01)


def test_share_inside_nothing() -> None:
    assert share_inside(np.zeros((6, 6)), half()) is None
    assert share_inside(np.ones((6, 6)), np.zeros((40, 60), bool)) == 0
    assert share_inside(np.ones((6, 6)), np.ones((40, 60), bool)) == 1


def test_coarse_places_bound_what_a_small_lesion_can_get() -> None:
    mask = np.zeros((120, 120), bool)
    mask[50:62, 50:62] = True
    small = reachable_share(mask, (6, 6))
    assert 0.01 < small < 0.3
    assert small < reachable_share(mask, (24, 24)) < 1
    assert reachable_share(np.ones((9, 9), bool), (6, 6)) == 1
    assert reachable_share(np.zeros((9, 9), bool), (6, 6)) is None


def test_agreement() -> None:
    ramp = np.arange(36.0).reshape(6, 6)
    assert agreement(ramp, ramp**3) == pytest.approx(1)
    assert agreement(ramp, -ramp) == pytest.approx(-1)
    assert agreement(np.array([[1, 2, 3, 4]]), np.array([[1, 3, 2, 4]])) == pytest.approx(0.8)
    assert agreement(ramp, np.full((6, 6), 0.3)) is None
