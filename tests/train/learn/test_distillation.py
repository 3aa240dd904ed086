"""Learning from other networks' answers."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from core.models.architectures import build_classifier
from core.models.cards import Card, write_model
from core.models.networks import build_segmenter
from core.taxonomy import KEYS
from tests.train.few import prepared
from train.config import ClassifierConfig, SegmenterConfig
from train.learn.base import normalised
from train.learn.classifier import ClassifierTraining
from train.learn.distillation import (
    TEMPERATURE,
    Teachers,
    distillation_loss,
)
from train.learn.segmenter import SegmenterTraining
from train.names import with_absolute_paths
from train.stages import Stage

QUICK = ClassifierConfig(
    architecture="small-cnn", start="random", stages=(Stage(1, 32),), epoch_images=8, batch=4
)


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A model's folder."""
    torch.manual_seed(3)
    network = build_classifier("small-cnn", len(KEYS))
    torch.nn.init.normal_(network.fc.weight)
    card = {"architecture": "small-cnn", "classes": list(KEYS)}
    write_model(tmp_path / "teacher", network.state_dict(), Card.of(card), half=False)
    return tmp_path / "teacher"


@pytest.fixture
def mask_teachers(tmp_path: Path) -> list[str]:
    """Two folders of U-Nets."""
    folders = [tmp_path / "one", tmp_path / "two"]
    for seed, folder in enumerate(folders):
        torch.manual_seed(seed)
        unet = build_segmenter("mobilenet_v2")
        write_model(folder, unet.state_dict(), Card(encoder="mobilenet_v2"), half=False)
    return [str(folder) for folder in folders]


def loaded(config: ClassifierConfig | SegmenterConfig, folders: Sequence[str | Path]) -> Teachers:
    return Teachers.load(dataclasses.replace(config, teachers=tuple(map(str, folders))))


def test_the_loss_is_nothing_where_student_and_teacher_agree() -> None:
    scores = torch.tensor([[2.0, 0.0], [0.0, 4.0]])
    assert distillation_loss(
        scores, torch.softmax(scores / TEMPERATURE, 1)
    ).item() == pytest.approx(0, abs=1e-6)


def test_the_loss_by_hand() -> None:
    # The student says 1/2 and 1/2, the teacher 3/4 and 1/4.
    by_hand = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    found = distillation_loss(torch.zeros(1, 2), torch.tensor([[0.75, 0.25]]))
    assert found.item() == pytest.approx(TEMPERATURE**2 * by_hand)


def test_several_teachers_are_averaged(teacher: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_model(
        other,
        build_classifier("small-cnn", len(KEYS)).state_dict(),
        Card(architecture="small-cnn", classes=KEYS),
    )
    x = normalised(torch.randint(0, 255, (4, 32, 32, 3), dtype=torch.uint8))
    one, two, both = (
        loaded(QUICK, folders).answers(x) for folders in ([teacher], [other], [teacher, other])
    )
    assert not torch.allclose(one, two)
    torch.testing.assert_close(both, (one + two) / 2)
    torch.testing.assert_close(both.sum(1), torch.ones(4))


def test_a_student_comes_closer_to_its_teacher(environment: dict[str, str], teacher: Path) -> None:
    config = dataclasses.replace(QUICK, teachers=(str(teacher),), teacher_weight=1.0)
    training = ClassifierTraining(config, prepared(config))
    pixels = torch.from_numpy(
        np.random.default_rng(0).integers(0, 255, (8, 32, 32, 3), dtype=np.uint8)
    )
    labels, sources = torch.zeros(8, dtype=torch.long), torch.zeros(8, dtype=torch.long)
    optimiser = torch.optim.Adam(training.net.parameters(), 1e-2)
    training.log = lambda *_, **__: None  # type: ignore[method-assign]
    losses = []
    for _ in range(30):
        loss = training.training_step((pixels, labels, sources), 0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4


def test_mask_teachers_are_averaged(mask_teachers: list[str]) -> None:
    x = normalised(torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8))
    one, two, both = (
        loaded(SegmenterConfig(), folders).masks(x)
        for folders in (mask_teachers[:1], mask_teachers[1:], mask_teachers)
    )
    assert one.shape == (2, 1, 64, 64)
    assert both.min() >= 0
    assert both.max() <= 1
    assert not torch.allclose(one, two)
    torch.testing.assert_close(both, (one + two) / 2)


def test_a_u_net_learns_from_its_teachers_as_much_as_the_weight_says(
    environment: dict[str, str], mask_teachers: list[str]
) -> None:
    pixels = torch.randint(0, 255, (4, 64, 64, 3), dtype=torch.uint8)
    masks, nobody = torch.zeros(4, 64, 64), torch.zeros(4, dtype=torch.long)
    losses = []
    for weight in (0.0, 0.25, 1.0):
        config = SegmenterConfig(
            stages=(Stage(1, 64),),
            start=mask_teachers[0],
            teachers=tuple(mask_teachers[:1]),
            teacher_weight=weight,
        )
        training = SegmenterTraining(config, prepared(config)).eval()
        training.log = lambda *_, **__: None  # type: ignore[method-assign]
        losses.append(training.training_step((pixels, nobody, masks), 0).item())
        assert {k.split(".")[0] for k in training.state_dict()} == {"net"}
    # Of the teacher's own weights, copying costs its entropy; the masks here are empty.
    p = training.teachers.masks(normalised(pixels))
    entropy = -(p * p.log() + (1 - p) * (1 - p).log()).mean().item()
    assert losses[2] == pytest.approx(entropy, rel=1e-3)
    assert losses[1] == pytest.approx(0.75 * losses[0] + 0.25 * losses[2], rel=1e-4)


def test_teachers_are_no_part_of_the_student(environment: dict[str, str], teacher: Path) -> None:
    with_teacher = dataclasses.replace(QUICK, teachers=(str(teacher),))
    names = [
        set(ClassifierTraining(config, prepared(config)).state_dict())
        for config in (QUICK, with_teacher)
    ]
    assert names[0] == names[1]


def test_averaged_weights_share_the_teachers(environment: dict[str, str], teacher: Path) -> None:
    config = dataclasses.replace(QUICK, teachers=(str(teacher),))
    training = ClassifierTraining(config, prepared(config))
    assert copy.deepcopy(training).teachers.networks[0] is training.teachers.networks[0]


def test_a_teacher_is_found_from_every_folder(
    teacher: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = with_absolute_paths(dataclasses.replace(QUICK, teachers=("teacher",)))
    assert config.teachers == (str(teacher),)
