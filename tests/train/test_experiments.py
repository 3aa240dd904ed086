"""The experiments: what is run, kept, found again, and not repeated."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import train.finish.finish
from core.evaluation.files import COMPARISON, Evaluation
from core.evaluation.metrics import NAMES
from tests.train.few import FEW
from tests.waiting import wait_for
from train import experiments_command
from train.__main__ import main
from train.choices import LESIONS
from train.config_files import read_run_config
from train.experiments import (
    EXPERIMENTS,
    SPLITS,
    command,
    figures_of,
    label,
    length_shown,
    run_name,
)
from train.presets import AS_PUBLISHED, QUICK
from train.stages import Stage

KEY = "cnn-augmentation"


@pytest.fixture
def few(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Every experiment is a tiny training of a moment."""
    monkeypatch.setattr(train.finish.finish, "RUN_DRAWS", 5)
    monkeypatch.setattr("train.jobs.worker.give_way", lambda: None)
    tiny = [
        replace(e, key=e.key) if e.key != KEY else _Tiny(e.key, e.published, e.protocol)
        for e in EXPERIMENTS
    ]
    monkeypatch.setattr(experiments_command, "EXPERIMENTS", tuple(tiny))
    return environment


class _Tiny(type(EXPERIMENTS[0])):
    @property
    def preset(self):
        found = super().preset
        return replace(found, config=FEW, published=replace(FEW, stages=(Stage(2, 32),)))


def test_a_run_of_an_experiment_has_a_name_to_show_and_no_other_has() -> None:
    shown = [label(run_name("hybrid", AS_PUBLISHED, split)) for split in SPLITS]
    assert all(name.startswith("Hybrid, ") for name in shown)
    assert shown[0] != shown[1]
    assert label("hybrid") == label(run_name("hybrid", QUICK, LESIONS)) not in shown
    assert label("hybrid-of-mine") is None


def test_each_experiment_has_a_preset_of_both_lengths_and_known_measures() -> None:
    assert len({e.key for e in EXPERIMENTS}) == len(EXPERIMENTS)
    for experiment in EXPERIMENTS:
        assert set(experiment.preset.lengths) == {QUICK, AS_PUBLISHED}, experiment.key
        kinds = experiment.preset.published.models
        assert set(experiment.published) <= set(kinds)
        for figures in experiment.published.values():
            assert set(figures) <= {*NAMES, "pixel_accuracy"}
            assert all(0 < value < 1 for value in figures.values())
        assert experiment.source
        assert "frozen" not in experiment.key or "base" in experiment.preset.published.freeze


def test_the_frozen_network_is_trained_as_its_author_describes() -> None:
    config = next(e for e in EXPERIMENTS if e.key == "frozen-mobilenet").preset.published
    assert (config.architecture, config.start, config.freeze) == (
        "mobilenet_v2",
        "imagenet",
        ("base",),
    )
    assert (config.stages, config.batch) == ((Stage(10, 224),), 32)
    assert config.dropout > 0
    assert config.copies > 1
    assert set(config.augment) == {"zoom", "flip", "turn"}


def test_both_splits_are_trained_measured_and_kept(
    few: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["experiments", KEY, "--list"]) == 0
    assert capsys.readouterr().out.count("to do") == 2
    assert length_shown(KEY, "classifier") is None
    assert main(["experiments", KEY]) == 0
    runs, weights = (Path(few[f"LESIONLAB_{name}"]) for name in ("RUNS", "WEIGHTS"))
    for split in SPLITS:
        name = run_name(KEY, AS_PUBLISHED, split)
        assert read_run_config(runs / name).split == split
        kept = weights / COMPARISON / name / "classifier"
        figures = Evaluation.read(kept, "test")
        assert (figures.leak is not None) == (split == "images")
        assert set(figures.most_probable_classes) == set(figures.classes)
        assert figures_of(KEY, "classifier", AS_PUBLISHED, split) == (
            runs / name / "model/classifier"
        )
    assert length_shown(KEY, "classifier") == AS_PUBLISHED
    capsys.readouterr()
    written = [p.stat().st_mtime_ns for p in runs.rglob("metrics.csv")]
    assert main(["experiments", KEY]) == 0
    assert capsys.readouterr().out.count("measured already") == 2
    assert [p.stat().st_mtime_ns for p in runs.rglob("metrics.csv")] == written


def test_what_was_broken_off_goes_on(few: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("the power is gone")

    with monkeypatch.context() as patch:
        patch.setattr(train.finish.finish, "evaluate_run", broken)
        assert main(["experiments", KEY, "--split", "lesions", "--length", "quick"]) == 1
    run = Path(few["LESIONLAB_RUNS"]) / run_name(KEY, QUICK, "lesions")
    trained = (run / "metrics.csv").stat().st_mtime_ns
    assert main(["experiments", KEY, "--split", "lesions", "--length", "quick"]) == 0
    assert (run / "metrics.csv").stat().st_mtime_ns == trained
    assert length_shown(KEY, "classifier") == QUICK


def test_one_that_fails_does_not_keep_the_others_back(
    few: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    # No ImageNet weights lie here.
    assert main(["experiments", "frozen-mobilenet", KEY, "--split", "lesions"]) == 1
    said = capsys.readouterr()
    assert "frozen-mobilenet-lesions: There are no start weights" in said.err
    assert f"{KEY}-lesions: figures in" in said.out


def test_an_unknown_experiment_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["experiments", "frozen-mobile"])
    assert ended.value.code == 2
    assert "choose from frozen-mobilenet" in capsys.readouterr().err


def test_only_the_whole_word_sends_it_into_the_background() -> None:
    """What it starts is called with all words but that one; a part of it would start another."""
    with pytest.raises(SystemExit) as ended:
        main(["experiments", "frozen-mobilenet", "--backg"])
    assert ended.value.code == 2


def test_in_the_background_it_has_a_session_and_a_log(environment: dict[str, str]) -> None:
    words = ["experiments", "frozen-mobilenet", "--split", "lesions", "--background"]
    done = subprocess.run(
        [sys.executable, "-m", "train", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    log = Path(environment["LESIONLAB_RUNS"]) / "experiments.log"
    assert str(log) in done.stdout
    pid = int(done.stdout.split()[1])
    assert os.getsid(pid) == pid  # outlives the terminal
    # No ImageNet weights lie here, so it ends soon.
    wait_for(lambda: "frozen-mobilenet-lesions: There are no start weights" in log.read_text())


def test_the_command_that_pages_name_is_one() -> None:
    assert command("hybrid") == "python -m train experiments hybrid"
    assert command("hybrid", QUICK) == "python -m train experiments hybrid --length quick"
