"""The words cover the choices, the presets hold, and none of it needs torch."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from core.models.cards import Card
from core.settings import REPOSITORY
from train import choices
from train.config import (
    CONFIGS,
    ClassifierConfig,
    Config,
    ConfigError,
    HybridConfig,
    SegmenterConfig,
)
from train.config_files import config_of, read_config, read_run_config, write_run_config
from train.experiments import SPLITS, run_name
from train.fields import specs
from train.learn.start_weights import start_weights, usable_starts
from train.presets import BY_KEY, PRESETS
from train.stages import Stage

WEIGHTS = REPOSITORY / "weights"

WORDS = (
    choices.TASKS,
    choices.LABELS,
    choices.ARCHITECTURES,
    choices.STARTS,
    choices.FREEZES,
    choices.LOSSES,
    choices.MASK_LOSSES,
    choices.AUGMENTATIONS,
    choices.PRECISIONS,
)


def test_every_choice_has_its_words() -> None:
    for known in WORDS:
        for key, choice in known.items():
            assert choice.title, key
            assert choice.text.endswith("."), key
    for config in CONFIGS.values():
        for name, spec in specs(config).items():
            assert spec.title, name
            assert spec.text.endswith("."), name
    assert set(choices.TASKS) == set(CONFIGS)


def test_no_torch() -> None:
    code = (
        "import sys, train.choices, train.config, train.presets, train.run, "
        "train.learn.start_weights, train.learn.teachers, train.learn.beginning, "
        "train.data.folders; "
        "print('torch' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.key)
def test_presets_survive_their_file(preset: object, tmp_path: Path) -> None:
    write_run_config(tmp_path, preset.config)
    assert read_run_config(tmp_path) == preset.config
    assert preset.text.endswith((".", "?"))


@pytest.mark.parametrize(
    "card",
    sorted((WEIGHTS / "comparison").glob("*/*")),
    ids=lambda folder: f"{folder.parent.name}-{folder.name}",
)
def test_a_preset_repeats_the_training_whose_figures_are_kept(card: Path) -> None:
    """Other defaults came later. How many threads it takes changes nothing that is learned."""
    done = config_of(Card.read(card).training.as_dict(), strict=False)
    experiments = {
        run_name(preset.key, length, split): (config, split)
        for preset in PRESETS
        for length, config in preset.lengths.items()
        for split in SPLITS
    }
    # Quick runs by lesion were kept under the preset's own name before there were two splits.
    name = card.parent.name
    config, split = experiments[name] if name in experiments else (BY_KEY[name].config, "lesions")
    assert replace(done, threads=config.threads) == replace(config, split=split)


def test_the_shipped_classifier_is_made_again_by_its_preset() -> None:
    """But for where photos and teachers lie and how many processes load them, which the computer
    decides."""
    done = config_of(Card.read(WEIGHTS / "classifier").training.as_dict(), strict=False)
    assert done.more
    assert done.teachers
    preset = BY_KEY["shipped-classifier-last"].config
    assert replace(done, more=(), teachers=(), workers=preset.workers) == preset


def test_presets_start_from_what_their_network_can_have() -> None:
    assert len({preset.key for preset in PRESETS}) == len(PRESETS)
    for preset in PRESETS:
        config = preset.config
        usable = usable_starts(config.network, config.kind)
        assert config.start in ("imagenet", *usable), preset.key


def test_usable_starts(environment: dict[str, str]) -> None:
    assert usable_starts("small-cnn", "classifier") == ("random",)
    assert usable_starts("resnet50", "classifier") == ("torchvision", "random")
    weights = Path(environment["LESIONLAB_WEIGHTS"])
    for kind, card in (
        ("classifier", Card(architecture="resnet50")),
        ("segmenter", Card(encoder="efficientnet_lite0")),
    ):
        (weights / kind).mkdir(parents=True)
        card.write(weights / kind)
    pretrained = weights.parent / "pretrained"
    pretrained.mkdir()
    (pretrained / "resnet50-imagenet-pqf.safetensors").touch()
    for kind in ("classifier", "segmenter"):
        found = usable_starts("resnet50", kind)
        assert found == ("imagenet", "torchvision", "shipped", "random")
        assert usable_starts("resnet18", kind) == ("torchvision", "random")
    # Its weights come in a package; a U-Net's lack the last convolution of a classifier's.
    assert usable_starts("efficientnet_lite0", "classifier") == ("imagenet", "random")
    assert usable_starts("efficientnet_lite0", "segmenter") == ("imagenet", "shipped", "random")


@pytest.mark.parametrize(
    "config",
    [
        ClassifierConfig(architecture="tu-efficientnet_b0", augment=("flip",), loss="focal"),
        SegmenterConfig(loss="tversky", stages=(Stage(1, 64), Stage(2, 96))),
        HybridConfig(labels="malignancy", mask_loss="fuzzy"),
    ],
    ids=lambda config: config.kind,
)
def test_file_of_a_run_says_its_kind(config: Config, tmp_path: Path) -> None:
    write_run_config(tmp_path, config)
    assert json.loads((tmp_path / "config.json").read_text())["kind"] == config.kind
    assert read_run_config(tmp_path) == config == read_config(tmp_path, type(config))
    others = [kind for name, kind in CONFIGS.items() if name != config.kind]
    for other in others:
        with pytest.raises(ConfigError, match="another kind"):
            read_config(tmp_path, other)


@pytest.mark.parametrize("config", [ClassifierConfig(lr=0.5), SegmenterConfig(lr=0.5)])
def test_file_of_an_older_run_is_read(config: Config, tmp_path: Path) -> None:
    """Before there were kinds, networks, losses and augmentations to choose."""
    new = ("kind", "data", "augment", "architecture", "labels", "loss")
    values = {k: v for k, v in asdict(config).items() if k not in new}
    (tmp_path / "config.json").write_text(json.dumps(values))
    assert read_run_config(tmp_path) == config == read_config(tmp_path, type(config))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "other"}, "no training other"),
        ({"kind": "classifier", "loss": "dice"}, "no loss dice; choose from adjusted"),
        ({"kind": "segmenter", "loss": "focal"}, "no loss focal"),
        ({"kind": "classifier", "labels": "colour"}, "no labels colour"),
        ({"kind": "classifier", "augment": ["flip", "swirl"]}, "no augmentation swirl"),
        ({"kind": "classifier", "stages": []}, "at least one stage"),
        ({"kind": "classifier", "stages": [{"epochs": 0, "size": 64}]}, "Epochs must be"),
        ({"kind": "classifier", "stages": [{"epochs": 1, "size": 100}]}, "multiple of 32"),
        ({"kind": "classifier", "stages": [{"epochs": 1}]}, "epochs and size"),
        ({"kind": "classifier", "stages": "8x128"}, "must be a list"),
        ({"kind": "classifier", "lr": "fast"}, "Learning rate must be a number"),
        ({"kind": "classifier", "lr": float("nan")}, "Learning rate must be a number"),
        ({"kind": "classifier", "patience": 0}, "Early stopping"),
        ({"kind": "classifier", "limit": -1}, "Subset"),
        ({"kind": "classifier", "batch": 16.5}, "whole number"),
        ({"kind": "classifier", "batch": True}, "whole number"),
        ({"kind": "classifier", "freeze": "layer1"}, "must be a list"),
        ({"kind": "classifier", "data": ""}, "a folder"),
        ({"kind": "classifier", "precision": "fp16"}, "no precision fp16; choose from auto"),
        ({"kind": ["classifier"]}, "no training"),
        ({"kind": "classifier", "start": "random", "freeze": ["base"]}, "unfreeze it"),
        ({"kind": "hybrid", "data": "/photos"}, "HAM10000 alone"),
    ],
)
def test_what_cannot_work_is_said(values: dict, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        config_of(values)


def test_small_cnn_has_no_start() -> None:
    with pytest.raises(ValueError, match="--start random"):
        start_weights("imagenet", "small-cnn")
