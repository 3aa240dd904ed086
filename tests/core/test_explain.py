"""Grad-CAM in closed form is the grad-cam package's Grad-CAM."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from core.explain import rescale
from core.models import Explained, LesionClassifier, normalise


@pytest.fixture
def _one_thread() -> Iterator[None]:
    """Threads that wait for each other take long on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class _LogitsOnly(torch.nn.Module):
    """As the grad-cam package wants a model: it returns the logits alone."""

    def __init__(self, model: LesionClassifier) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.model(x)[0]


@pytest.mark.usefixtures("_one_thread")
def test_equal_to_the_package_for_every_class() -> None:
    from pytorch_grad_cam import GradCAM
    from pytorch_grad_cam.utils.image import scale_cam_image
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    torch.manual_seed(0)
    model = LesionClassifier(7).eval()
    pixels = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    x = normalise(pixels)
    with torch.no_grad():
        features = model(x)[1][0]
        # An untrained network has evidence all over the photo for a class, or nowhere: take out
        # what all places share.
        mean = features.mean(dim=(1, 2))
        model.fc.weight -= torch.outer(model.fc.weight @ mean, mean) / mean.square().sum()
        logits, maps, embedding = (part.numpy() for part in Explained(model)(pixels))
        assert logits == pytest.approx(model(x)[0].numpy())
        assert embedding == pytest.approx(model(x)[1].mean((2, 3)).numpy())
    assert maps.shape == (1, 7, 2, 2)
    maps = maps[0]
    with GradCAM(_LogitsOnly(model), [model.layer4[-1]]) as package:
        for k, heatmap in enumerate(maps):
            theirs = package(x, [ClassifierOutputTarget(k)])[0]
            # What the package does to a map of its own: stretch, enlarge to the input, stretch.
            enlarged = scale_cam_image(heatmap[None], (64, 64))
            ours = scale_cam_image(np.maximum(enlarged, 0))[0]
            assert ours.max() > 0.999
            assert np.abs(ours - theirs).max() < 1e-4


class _Fixed(torch.nn.Module):
    """A classifier whose last feature map is given."""

    def __init__(self, features: list, weights: list) -> None:
        super().__init__()
        self.features = torch.tensor([features])
        self.fc = torch.nn.Linear(len(features), len(weights))
        self.fc.weight.data = torch.tensor(weights)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.fc(self.features.mean((2, 3))), self.features


def maps_of(features: list, weights: list) -> np.ndarray:
    pixels = torch.zeros(1, 32, 32, 3, dtype=torch.uint8)
    with torch.no_grad():
        return Explained(_Fixed(features, weights))(pixels)[1][0].numpy()


def test_worked_by_hand() -> None:
    features = [[[1.0, 2.0]], [[3.0, 0.0]]]  # two channels of 1×2
    weights = [[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0]]
    expected = [[[4 / 2, 2 / 2]], [[2 / 2, 0]], [[0, 0]]]
    assert maps_of(features, weights).tolist() == expected


def test_class_without_evidence() -> None:
    maps = maps_of([[[1.0, 1.0], [1.0, 1.0]]] * 4, [[-1.0] * 4])
    assert not rescale(maps[0]).any()


def test_rescale() -> None:
    stretched = rescale(np.array([[2.0, 3.0], [4.0, 6.0]]))
    assert stretched.dtype == np.float32
    assert stretched.tolist() == [[0, 0.25], [0.5, 1]]


@pytest.mark.parametrize("level", [0.0, 0.7, 1e6])
def test_flat_map_has_no_hot_spot(level: float) -> None:
    assert rescale(np.full((7, 7), level)).tolist() == np.zeros((7, 7)).tolist()
