"""Classifiers, U-Nets and networks that are both, on any encoder."""

from __future__ import annotations

import pytest
import torch

from core.models.architectures import Hybrid, build_classifier
from core.models.networks import build_encoder, build_segmenter
from core.models.weights import WeightsError, load_into
from train.choices import ENCODERS


@pytest.mark.parametrize(
    "architecture",
    [
        "resnet50",
        "resnet18",
        "mobilenet_v2",
        "small-cnn",
        "efficientnet_lite0",
        "tu-efficientnet_b0",
    ],
)
def test_classifier_gives_logits_and_its_last_map(architecture: str) -> None:
    network = build_classifier(architecture, 2).eval()
    with torch.no_grad():
        x = torch.randn(3, 3, 64, 64)
        logits, last = network(x)
        middle = network.features(x)[0]
    assert logits.shape == (3, 2)
    assert last.shape[2:] == (2, 2)
    assert middle.shape[2:] == (4, 4)
    expected = network.fc(last.mean((2, 3)))
    assert torch.allclose(logits, expected, atol=1e-6), "average pooling and one linear layer"


@pytest.mark.parametrize("name", ["no-such", "tu-no_such", "tu-vit_tiny_patch16_224", "../x", ""])
def test_other_names_are_explained(name: str) -> None:
    with pytest.raises(WeightsError, match="no encoder"):
        build_encoder(name)
    with pytest.raises(WeightsError, match="no encoder"):
        build_classifier(name, 7)
    with pytest.raises(WeightsError, match="no encoder"):
        build_segmenter(name)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_hybrid_is_made_of_an_ordinary_classifier_and_an_ordinary_unet(encoder: str) -> None:
    torch.manual_seed(0)
    hybrid = Hybrid(encoder, 7).eval()
    classifier, segmenter = build_classifier(encoder, 7), build_segmenter(encoder)
    states = hybrid.parts()
    load_into(classifier, states[0], "classifier")
    load_into(segmenter, states[1], "segmenter")
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        logits, masks = hybrid(x)
        assert torch.allclose(classifier.eval()(x)[0], logits, atol=1e-5)
        assert torch.allclose(segmenter.eval()(x), masks, atol=1e-5)
