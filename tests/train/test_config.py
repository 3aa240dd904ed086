"""Stages, sizes and the command line's defaults."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from train.__main__ import _parser
from train.commands import _chosen
from train.config import CONFIGS, ClassifierConfig, ConfigError
from train.config_files import write_run_config
from train.fields import specs
from train.stages import Stage

STAGES, FREEZE = specs(ClassifierConfig)["stages"], specs(ClassifierConfig)["freeze"]


def test_stages_are_read() -> None:
    assert STAGES.parsed("8x128") == (Stage(8, 128),)
    assert STAGES.parsed("8x128,2x160") == (Stage(8, 128), Stage(2, 160))


@pytest.mark.parametrize(
    "text", ["", "8", "8x", "x128", "8x128x2", "8x128,", "ax128", "0x128", "-1x128", "8x0", "8x100"]
)
def test_wrong_stages_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"EPOCHSxSIZE|multiple of 32|Epochs must be"):
        STAGES.parsed(text)


def test_words() -> None:
    assert FREEZE.parsed("conv1,bn1") == ("conv1", "bn1")
    assert FREEZE.parsed("") == ()


def test_size_at_each_epoch() -> None:
    config = ClassifierConfig(stages=(Stage(2, 64), Stage(1, 96), Stage(2, 128)))
    assert config.epochs == 5
    assert [config.size_at(e) for e in range(5)] == [64, 64, 96, 128, 128]
    assert config.size_at(99) == 128, "after the last epoch: the last size"


@pytest.mark.parametrize("name", CONFIGS)
def test_command_line_defaults_are_the_dataclass_defaults(name: str) -> None:
    options = _parser().parse_args([name])
    assert _chosen(options, Path("nowhere")) == CONFIGS[name]()
    assert options.run_name == name
    assert options.resume is False


def test_resume_keeps_the_runs_own_choices_unless_told_otherwise(tmp_path: Path) -> None:
    config = ClassifierConfig(stages=(Stage(1, 64),), lr=0.5, freeze=("layer2",))
    write_run_config(tmp_path, config)
    options = _parser().parse_args(["classifier", "--resume", "--threads", "1"])
    assert _chosen(options, tmp_path) == dataclasses.replace(config, threads=1)


def test_damaged_configuration_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        _chosen(_parser().parse_args(["segmenter", "--resume"]), tmp_path)


def test_impossible_choices_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one batch"):
        ClassifierConfig(epoch_images=8, batch=16)
    with pytest.raises(ConfigError, match="Batch must be a whole number from 2"):
        ClassifierConfig(batch=1)


def test_as_dict_is_plain_data() -> None:
    config = ClassifierConfig(stages=(Stage(7, 128),), freeze=("conv1", "bn1"))
    values = json.loads(json.dumps(dataclasses.asdict(config)))
    assert values["stages"] == [{"epochs": 7, "size": 128}]
    assert values["freeze"] == ["conv1", "bn1"]
    assert len(values) == len(dataclasses.fields(config))
