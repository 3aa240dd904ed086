"""Learning on the features of a frozen base: each computed once, and the same as without."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from core.models.architectures import build_classifier
from core.models.cards import Card, write_model
from core.taxonomy import KEYS
from tests.train.few import fit, prepared
from train.config import ClassifierConfig
from train.data.arrays import rows_of
from train.estimate import estimate
from train.learn.base import normalised
from train.learn.classifier import ClassifierTraining
from train.learn.frozen import Places
from train.stages import Stage

ARCHITECTURE = "resnet18"


@pytest.fixture
def config(environment: dict[str, str], tmp_path: Path) -> ClassifierConfig:
    """A frozen base with weights of its own, drawn once."""
    torch.manual_seed(0)
    start = tmp_path / "start"
    card = Card(architecture=ARCHITECTURE, classes=KEYS)
    write_model(start, build_classifier(ARCHITECTURE, len(KEYS)).state_dict(), card, half=False)
    return ClassifierConfig(
        architecture=ARCHITECTURE,
        start=str(start),
        freeze=("base",),
        stages=(Stage(5, 32),),
        epoch_images=32,
        batch=8,
        copies=2,
        lr=0.01,
        ema=0.0,
        threads=1,
        precision="32-true",
    )


def table(run: Path) -> pd.DataFrame:
    return pd.read_csv(run / "metrics.csv").drop(columns="seconds")


def counted(model: ClassifierTraining) -> list[int]:
    """How many photos go through the base from now on, each time."""
    counts: list[int] = []
    keep = model.features._keep

    def noted(kept: Any, keys: list[int], net: Any, pixels: torch.Tensor) -> None:
        counts.append(len(pixels))
        keep(kept, keys, net, pixels)

    model.features._keep = noted
    return counts


def test_each_copy_and_each_frame_goes_through_the_base_once(
    config: ClassifierConfig, tmp_path: Path
) -> None:
    arrays = prepared(config)
    model = ClassifierTraining(config, arrays)
    base = {k: v.clone() for k, v in model.net.state_dict().items() if not k.startswith("fc.")}
    computed = counted(model)
    fit(model, tmp_path / "run")
    trained, validated = (len(rows_of(arrays, s)) for s in ("train", "validation"))
    assert validated < sum(computed) <= config.copies * trained + validated
    after = model.net.state_dict()
    assert all(torch.equal(after[k], v) for k, v in base.items())
    losses = table(tmp_path / "run")["train_loss"]
    assert losses.iloc[-1] < losses.iloc[0]
    assert "train_accuracy" in table(tmp_path / "run")


def test_kept_features_are_those_of_the_network(config: ClassifierConfig) -> None:
    model = ClassifierTraining(config, prepared(config))
    model.net.eval()
    places = model.samples(32)
    assert isinstance(places, Places)
    drawn, computed = torch.tensor([3, 1, 3]), counted(model)
    found = model.features.of_copies(model.net, places, drawn, 0)
    torch.testing.assert_close(found[0], found[2])
    assert sum(computed) == 2
    again = model.features.of_copies(model.net, places, drawn, 2)  # two copies: the first again
    torch.testing.assert_close(found, again)
    assert sum(computed) == 2
    other = model.features.of_copies(model.net, places, drawn, 1)
    assert not torch.allclose(found, other)
    frames = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    kept = model.features.of_frames(model.net, frames, torch.tensor([5, 6]))
    logits = model.net(normalised(frames))[0]
    torch.testing.assert_close(model.net.fc(kept), logits, atol=2e-3, rtol=2e-3)


def test_features_are_kept_in_mixed_precision_too(config: ClassifierConfig) -> None:
    model = ClassifierTraining(config, prepared(config))
    model.net.eval()
    frames = torch.randint(0, 255, (2, 32, 32, 3), dtype=torch.uint8)
    with torch.autocast("cpu", torch.bfloat16):
        kept = model.features.of_frames(model.net, frames, torch.tensor([5, 6]))
    assert kept.dtype == torch.float32


def test_a_resumed_training_sees_the_same_copies(config: ClassifierConfig, tmp_path: Path) -> None:
    config = replace(config, dropout=0.3)
    arrays = prepared(config)
    fit(ClassifierTraining(config, arrays), tmp_path / "whole")
    first = ClassifierTraining(config, arrays)

    class EnoughError(Exception):
        pass

    def stop() -> None:
        if first.current_epoch == 3:
            raise EnoughError

    first.on_train_start = lambda: None
    began = first.on_train_epoch_start
    first.on_train_epoch_start = lambda: (stop(), began())[1]
    with pytest.raises(EnoughError):
        fit(first, tmp_path / "parts")
    fit(ClassifierTraining(config, arrays), tmp_path / "parts")
    pd.testing.assert_frame_equal(table(tmp_path / "whole"), table(tmp_path / "parts"))


def test_dropout_changes_learning_alone(config: ClassifierConfig) -> None:
    model = ClassifierTraining(replace(config, dropout=0.5), prepared(config))
    x = torch.ones(4, model.net.fc.in_features)
    model.net.fc.train()
    assert not torch.equal(model.net.fc(x)[0], model.net.fc(x)[1])
    model.net.fc.eval()
    assert torch.equal(model.net.fc(x)[0], model.net.fc(x)[1])
    assert not [k for k in model.state_dict() if "dropout" in k.lower()]


def test_nothing_is_kept_where_anything_else_learns(config: ClassifierConfig) -> None:
    arrays = prepared(config)
    for changes in ({"copies": 0}, {"freeze": ("layer1",)}):
        assert ClassifierTraining(replace(config, **changes), arrays).features is None


def test_the_estimate_counts_each_copy_once(
    config: ClassifierConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.estimate._measure", lambda model, config: ({32: 1.0}, 4))
    kept, fresh = (estimate(replace(config, copies=c)).seconds for c in (2, 0))
    assert fresh - kept >= 3 * config.epoch_images
