"""Which convolutions round to 8 bits, and what that may change."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from core.models.architectures import build_classifier
from core.models.cards import AgainstF32, Card, Int8
from core.settings import Settings
from train.finish.int8 import highest_inputs, roundable, too_far


def test_the_shipped_classifier_is_within_the_bounds() -> None:
    card = Card.read(Settings.from_environment().weights / "classifier")
    assert card.int8
    assert card.int8.against_f32
    assert too_far(card.int8.against_f32) == ""
    assert list(card.int8.highest) == roundable(build_classifier("resnet50", 7))


FINE = AgainstF32(
    photos=1000,
    cpu="any",
    moved_little=0.991,
    largest_move=0.1,
    named_otherwise=0.009,
    graded_otherwise=0.009,
    balanced_accuracy=0.748,
    balanced_accuracy_f32=0.75,
    nll=0.5,
    nll_f32=0.5,
)


@pytest.mark.parametrize(
    ("figure", "value", "problem"),
    [
        ("moved_little", 0.991, ""),
        ("moved_little", 0.989, "probabilities"),
        ("named_otherwise", 0.01, "another name"),
        ("graded_otherwise", 0.01, "grade"),
        ("balanced_accuracy", 0.7465, "balanced accuracy"),
    ],
)
def test_bounds(figure: str, value: float, problem: str) -> None:
    found = too_far(replace(FINE, **{figure: value}))
    assert problem in found
    assert bool(problem) == bool(found)


def test_only_convolutions_of_a_resnet_whose_input_is_never_negative() -> None:
    names = roundable(build_classifier("resnet50", 7))
    assert len(names) == 47
    assert not {"conv1", "layer1.0.conv1", "layer1.0.downsample.0"} & {*names}
    assert roundable(build_classifier("small-cnn", 7)) == []


def test_the_highest_of_all_batches() -> None:
    network = nn.Sequential(nn.Identity(), nn.ReLU())
    batches = torch.tensor([[-1.0, 2]]), torch.tensor([[0.123456, 1]])
    assert highest_inputs(network, network, ["1"], batches) == {"1": 2}
    assert highest_inputs(network, network, ["1"], batches[1:]) == {"1": 1}
    smaller = (torch.tensor([[0.123456, -1]]),)
    assert highest_inputs(network, network, ["1"], smaller) == {"1": 0.1235}
    network(batches[0])  # nobody looks any more


def test_a_card_keeps_it(tmp_path) -> None:
    card = Card.read(Settings.from_environment().weights / "classifier")
    section = Int8(highest={"layer1.1.conv1": 2.5}, against_f32=FINE)
    replace(card, int8=section).write(tmp_path)
    assert Card.read(tmp_path).int8 == section
