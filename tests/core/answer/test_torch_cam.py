"""The grad-cam package's methods on our network: against closed forms and by the book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from core.answer.cam_methods import METHODS, SCORED, passes
from core.answer.torch_cam import KINDS, Cams
from core.imaging.image import resize
from core.lesion.phantom import practice_set
from core.models.explained import Explained
from core.models.networks import LesionClassifier, normalise
from core.models.weights import WeightsError
from core.settings import Settings

MEL = 4


@pytest.fixture(scope="module", autouse=True)
def _threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def shipped() -> Cams:
    return Cams.load(replace(Settings.from_environment(), threads=1))


@pytest.fixture(scope="module")
def pixels() -> np.ndarray:
    return resize(practice_set()[0].image.rgb, (192, 192))


@pytest.fixture(scope="module")
def small() -> Cams:
    """An untrained network, quick on 64×64 pixels: maps of 2×2 places."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = LesionClassifier(7)
    with torch.no_grad():
        network.fc.weight *= 30
    return Cams(network)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)


def look(cams: Cams, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last feature map C×h×w and the class weights K×C."""
    with torch.no_grad():
        features = cams.network(normalise(pixels[None]))[1][0]
    return features.numpy(), cams.network.fc.weight.numpy()


def test_every_method_is_described() -> None:
    assert METHODS.keys() == KINDS.keys()
    assert len({m.name for m in METHODS.values()}) == len(METHODS)


def test_gradcam_of_the_package_is_ours(shipped: Cams, pixels: np.ndarray) -> None:
    with torch.no_grad():
        ours = Explained(shipped.network)(torch.from_numpy(pixels[None]))[1][0].relu().numpy()
    for index in range(7):
        theirs = shipped.compute("gradcam", pixels, index)
        assert theirs.shape == (6, 6)
        assert theirs.dtype == np.float32
        assert np.abs(theirs - ours[index]).max() < 2e-6


def test_threads_are_bounded(shipped: Cams) -> None:
    assert torch.get_num_threads() == 1


def test_layercam_leaves_out_what_speaks_against_the_class(small: Cams, noise: np.ndarray) -> None:
    features, weights = look(small, noise)
    expected = np.einsum("c,chw->hw", np.maximum(weights[MEL], 0), features) / 4
    assert small.compute("layercam", noise, MEL) == pytest.approx(expected, rel=1e-3)


def test_gradcam_plus_plus_has_no_cold_place(small: Cams, noise: np.ndarray) -> None:
    heat = small.compute("gradcam++", noise, MEL)
    assert (heat > 0).all(), "no feature map takes anything away"
    assert not np.allclose(heat, small.compute("gradcam", noise, MEL))


def test_eigencam_is_the_principal_component_turned_upright(small: Cams, noise: np.ndarray) -> None:
    features = look(small, noise)[0].reshape(2048, 4).T
    centred = features - features.mean(axis=0)
    component = (centred @ np.linalg.svd(centred, full_matrices=False)[2][0]).reshape(2, 2)
    component *= np.sign(component.max() + component.min())
    heat = small.compute("eigencam", noise, MEL)
    assert heat == pytest.approx(np.maximum(component, 0), rel=1e-2, abs=1e-4)
    assert np.array_equal(heat, small.compute("eigencam", noise, 0)), "whatever the class"


def test_scorecam_by_the_book(small: Cams, noise: np.ndarray) -> None:
    """Wang et al. 2020, algorithm 1, on the channels that vary most."""
    features = torch.from_numpy(look(small, noise)[0])
    kept = features[features.var((1, 2)).topk(SCORED).indices]
    large = functional.interpolate(kept[None], (64, 64), mode="bilinear", align_corners=True)[0]
    low, high = large.amin((1, 2), keepdim=True), large.amax((1, 2), keepdim=True)
    masks = (large - low) / (high - low + 1e-8)
    with torch.no_grad():
        scores = small.network(normalise(noise[None]) * masks[:, None])[0][:, MEL]
    expected = torch.einsum("c,chw->hw", scores.softmax(0), kept).relu().numpy()
    told: list[int] = []
    heat = small.compute("scorecam", noise, MEL, lambda: told.append(1))
    assert heat == pytest.approx(expected, rel=1e-3)
    assert len(told) == passes("scorecam") > 5, "often enough for a progress bar"


class _LeftError(BaseException):
    """As Streamlit ends a script whose visitor has left."""


@pytest.mark.parametrize("method", ["gradcam", "scorecam"])
def test_leaving_halfway_leaves_nothing_behind(small: Cams, noise: np.ndarray, method: str) -> None:
    def leave() -> None:
        raise _LeftError

    before = small.compute("layercam", noise, MEL)
    with pytest.raises(_LeftError):
        small.compute(method, noise, MEL, leave)
    assert not small.network.layer4[-1]._forward_hooks
    assert all(p.grad is None and not p.requires_grad for p in small.network.parameters())
    assert np.array_equal(small.compute("layercam", noise, MEL), before)


def test_an_error_that_the_package_hides_is_told(small: Cams, noise: np.ndarray) -> None:
    def stumble() -> None:
        raise IndexError

    with pytest.raises(RuntimeError, match="Grad-CAM could not be computed"):
        small.compute("gradcam", noise, MEL, stumble)


def test_bad_input_is_refused(small: Cams, noise: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"no method 'magic', only gradcam"):
        small.compute("magic", noise, MEL)
    for index in (-1, 7):
        with pytest.raises(ValueError, match=f"no class {index} of 7"):
            small.compute("gradcam", noise, index)
    with pytest.raises(ValueError, match="uint8"):
        small.compute("gradcam", noise.astype(np.float32), MEL)


def test_missing_weights_are_named(tmp_path) -> None:
    with pytest.raises(WeightsError, match=r"card\.json"):
        Cams.load(replace(Settings.from_environment(), weights=tmp_path))
