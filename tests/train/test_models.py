"""What the two trainings do with their start weights, frozen blocks and draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from core.models.architectures import build_classifier
from core.models.cards import Card, write_model
from core.models.networks import LesionClassifier, build_segmenter, normalise
from core.models.weights import WeightsError
from core.taxonomy import KEYS
from tests.train.conftest import Tiny
from train.config import ClassifierConfig, ConfigError, SegmenterConfig
from train.data.arrays import Arrays, load_arrays
from train.learn.classifier import ClassifierTraining
from train.learn.segmenter import SegmenterTraining
from train.stages import Stage


@pytest.fixture(scope="module")
def arrays(tiny: Tiny) -> Arrays:
    return load_arrays(tiny.open())


@pytest.fixture(scope="module")
def imagenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ResNet-50 for 1000 classes, as torchvision's weights are."""
    path = tmp_path_factory.mktemp("imagenet") / "resnet50.safetensors"
    save_file({k: v.contiguous() for k, v in LesionClassifier(1000).state_dict().items()}, path)
    return path


@pytest.fixture(scope="module")
def classifier(arrays: Arrays, imagenet: Path) -> ClassifierTraining:
    return ClassifierTraining(ClassifierConfig(start=str(imagenet), epoch_images=700), arrays)


def test_classifier_starts_from_the_file_with_a_new_last_layer(
    classifier: ClassifierTraining, arrays: Arrays, imagenet: Path
) -> None:
    start, state = load_file(imagenet), classifier.net.state_dict()
    for key in ("conv1.weight", "layer4.2.bn3.running_var"):
        torch.testing.assert_close(state[key], start[key])
    assert state["fc.weight"].shape == (len(KEYS), 2048)
    assert not state["fc.bias"].any()
    again = ClassifierTraining(classifier.config, arrays)
    assert torch.equal(again.net.fc.weight, classifier.net.fc.weight), "drawn from the seed"


@pytest.mark.parametrize("loss", ["adjusted", "cross-entropy"])
def test_a_classifier_of_the_same_classes_keeps_its_last_layer(
    arrays: Arrays, tmp_path: Path, loss: str
) -> None:
    """Its scores, free of a prior, are what they were."""
    pixels = normalise(np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))
    for classes in (KEYS, KEYS[::-1]):
        started = build_classifier("resnet18", len(KEYS))
        torch.nn.init.normal_(started.fc.bias)
        folder = tmp_path / classes[0]
        card = Card(architecture="resnet18", classes=classes)
        write_model(folder, started.state_dict(), card)
        config = ClassifierConfig(start=str(folder), architecture="resnet18", loss=loss)
        training = ClassifierTraining(config, arrays)
        with torch.inference_mode():
            before = started.eval()(pixels)[0].numpy()
            after = training.class_scoring.scores(training.net.eval()(pixels)[0])
        assert np.allclose(before, after, atol=1e-2) == (classes == KEYS)


def test_weights_of_another_network_are_refused(arrays: Arrays, tmp_path: Path) -> None:
    save_file({"other": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="do not fit"):
        ClassifierTraining(ClassifierConfig(start=str(tmp_path / "other.safetensors")), arrays)


def test_frozen_blocks_stay_as_they_are(classifier: ClassifierTraining) -> None:
    net = classifier.net
    classifier.on_train_epoch_start()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    images = torch.randint(0, 256, (4, 32, 32, 3), dtype=torch.uint8)
    classifier.log = lambda *_, **__: None  # there is no trainer
    loss = classifier.training_step((images, torch.arange(4), torch.zeros(4, dtype=int)), 0)
    loss.backward()
    torch.optim.SGD([p for p in net.parameters() if p.grad is not None], lr=0.1).step()
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    frozen = tuple(f"{name}." for name in classifier.config.freeze)
    assert frozen
    assert not [k for k in changed if k.startswith(frozen)], "BatchNorm's statistics included"
    assert {"layer2.0.conv1.weight", "layer2.0.bn1.running_mean", "fc.weight"} <= changed


def test_unknown_block_to_freeze_is_named(arrays: Arrays, imagenet: Path) -> None:
    with pytest.raises(ConfigError, match="no block layer9"):
        ClassifierTraining(ClassifierConfig(start=str(imagenet), freeze=("layer9",)), arrays)


def test_random_start_freezes_nothing(arrays: Arrays) -> None:
    model = ClassifierTraining(ClassifierConfig(start="random"), arrays)
    assert all(p.requires_grad for p in model.net.parameters())


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_loss_is_told_the_shares_that_are_drawn(
    arrays: Arrays, imagenet: Path, power: float
) -> None:
    config = ClassifierConfig(start="random", epoch_images=700, sampling_power=power)
    model = ClassifierTraining(config, arrays)
    labels = arrays.table["label"].to_numpy()[model.rows]
    drawn = np.bincount(labels[list(model.make_loader(0).sampler)], minlength=len(KEYS)) / 700
    np.testing.assert_allclose(model.loss.log_prior[0].exp(), drawn, atol=0.02)
    assert model.class_scoring.prevalence == pytest.approx(np.bincount(labels) / len(labels))


def test_segmenter_starts_from_the_encoder(arrays: Arrays, tmp_path: Path) -> None:
    encoder = build_segmenter("mobilenet_v2").encoder.state_dict()
    head = {"classifier.1.weight": torch.ones(1000, 1280)}
    save_file({k: v.contiguous() for k, v in (encoder | head).items()}, tmp_path / "m.safetensors")
    model = SegmenterTraining(SegmenterConfig(start=str(tmp_path / "m.safetensors")), arrays)
    for key, value in model.net.encoder.state_dict().items():
        torch.testing.assert_close(value, encoder[key])


def test_batches(arrays: Arrays) -> None:
    sizes = (Stage(1, 32), Stage(1, 64))
    few = {"start": "random", "stages": sizes, "epoch_images": 20, "batch": 8}
    training = ClassifierTraining(ClassifierConfig(**few), arrays)
    pixels, labels, _ = next(iter(training.make_loader(0)))
    assert pixels.shape == (8, 32, 32, 3)
    assert pixels.dtype == torch.uint8
    assert labels.shape == (8,)
    segmenter = SegmenterTraining(SegmenterConfig(**few), arrays)
    pixels, labels, masks = next(iter(segmenter.make_loader(1)))
    assert pixels.shape == (8, 64, 64, 3)
    assert labels.shape == (8,)
    assert masks.shape == (8, 64, 64)
    assert set(masks.unique().tolist()) == {0, 1}
    assert len(segmenter.make_loader(0)) == 2, "whole batches only"
