"""The training loop: what it writes, and that being killed costs no more than the epoch at hand."""

from __future__ import annotations

import csv
import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from core.settings import REPOSITORY
from core.system.ownership import mark
from core.system.run_folder import RUN
from tests.train.few import fit
from tests.waiting import wait_for
from train.__main__ import main
from train.choices import ARCHITECTURES
from train.config import Config, ConfigError
from train.config_files import check_free
from train.data.arrays import Arrays
from train.learn.base import PhotoModel
from train.learn.callbacks import KNOWN_COST, Watching
from train.learn.fit import AtomicCheckpointIO
from train.learn.segmenter import SegmenterTraining
from train.progress import Progress, Watch
from train.stages import Stage

QUICK = "--start random --epoch-images 16 --batch 8 --threads 1 --limit 20"
CLASSIFIER = f"classifier --architecture resnet18 --stages 3x32 --freeze layer3 {QUICK}".split()
SEGMENTER = f"segmenter --stages 2x32 {QUICK}".split()


def table(run: Path) -> list[dict[str, str]]:
    with (run / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def finished(run: Path) -> int:
    """Epochs in the metrics table, 0 while there is none."""
    return len(table(run)) if (run / "metrics.csv").is_file() else 0


def no_photos() -> Arrays:
    """One black photo to learn from and one for validation."""
    known = {"label": 0, "source": 0, "has_mask": False}
    table = pd.DataFrame([{"split": s, **known} for s in ("train", "validation")], ["a", "b"])
    black = np.zeros((2, 8, 8, 3), np.uint8)
    return Arrays(table, black, black[..., 0], black[:0])


class Line(PhotoModel):
    """A line through points: trains in milliseconds. `scores` overrides the validation score."""

    def __init__(self, config: Config, scores: dict[int, float] | None = None) -> None:
        super().__init__(config, no_photos())
        self.scores = scores
        self.net = torch.nn.Sequential(torch.nn.Linear(1, 4), torch.nn.Dropout(), torch.nn.ReLU())
        self.epochs: list[int] = []

    def sample_answers(self, pixels: torch.Tensor, rows: np.ndarray) -> list[dict[str, Any]]:
        return [{} for _ in rows]

    def make_loader(self, epoch: int) -> DataLoader:
        return DataLoader(TensorDataset(torch.randn(8, 1)), batch_size=4)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(TensorDataset(torch.ones(4, 1)), batch_size=4)

    def on_train_epoch_start(self) -> None:
        self.epochs.append(self.trainer.current_epoch)

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        loss = (self.net(batch[0]) - 1).square().mean()
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: list[torch.Tensor], index: int) -> None:
        score = -(self.net(batch[0]) - 1).square().mean()
        epoch = self.trainer.current_epoch
        self.log("val_score", score if self.scores is None else self.scores[epoch])


class Interrupted(Line):
    """Fails in the middle of an epoch."""

    def __init__(self, config: Config, at: int, **others: Any) -> None:
        super().__init__(config, **others)
        self.at = at

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        if (self.trainer.current_epoch, index) == (self.at, 1):
            raise ZeroDivisionError
        return super().training_step(batch, index)


def line_config(epochs: int = 4, **choices: Any) -> Config:
    return Config(
        stages=(Stage(epochs, 32),), epoch_images=8, batch=4, precision="32-true", **choices
    )


@pytest.fixture(autouse=True)
def _unfinished(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made of a finished run has its own tests."""
    monkeypatch.setattr("train.finish.finish.finish", lambda folder, watch: None)


# Checkpoints


def test_checkpoint_writing_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    io, path = AtomicCheckpointIO(), tmp_path / "new" / "last.ckpt"
    io.save_checkpoint({"epoch": 1}, path)

    def breaks_off(checkpoint: Any, file: Any) -> None:
        file.write(b"half a check")
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", breaks_off)
        with pytest.raises(OSError, match="No space"):
            io.save_checkpoint({"epoch": 2}, path)
    assert io.load_checkpoint(path) == {"epoch": 1}
    io.save_checkpoint({"epoch": 3}, path)
    assert io.load_checkpoint(path) == {"epoch": 3}
    assert [p.name for p in path.parent.iterdir()] == ["last.ckpt"], "the part was renamed"


def test_part_is_not_taken_for_a_checkpoint(tmp_path: Path) -> None:
    mark(tmp_path, RUN)
    (tmp_path / ".lesionlab-0123456789abcdef").write_bytes(b"half a check")
    fit(Line(line_config(1)), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0"]
    assert sorted(p.name for p in tmp_path.glob("*.ckpt*")) == ["best.ckpt", "last.ckpt"]


def load(model: PhotoModel, checkpoint: Path) -> None:
    model.load_state_dict(torch.load(checkpoint, weights_only=False)["state_dict"])


def test_best_checkpoint_is_of_the_best_epoch(tmp_path: Path) -> None:
    fit(Line(line_config(4), {0: 0.1, 1: 0.7, 2: 0.3, 3: 0.6}), tmp_path)
    best = tmp_path / "best.ckpt"
    assert torch.load(best, weights_only=False)["epoch"] == 1
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["epoch"] == 3
    model = Line(line_config())
    load(model, best)
    saved = torch.load(best, weights_only=False)["state_dict"]
    assert torch.equal(model.net[0].weight, saved["net.0.weight"])


def test_best_score_is_remembered_over_a_resume(tmp_path: Path) -> None:
    scores = {0: 0.1, 1: 0.7, 2: 0.3, 3: 0.6}
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(4), at=2, scores=scores), tmp_path)
    fit(Line(line_config(4), scores), tmp_path)
    assert torch.load(tmp_path / "best.ckpt", weights_only=False)["epoch"] == 1


def weights_of(run: Path, key: str = "state_dict") -> torch.Tensor:
    return torch.load(run / "last.ckpt", weights_only=False)[key]["net.0.weight"]


def test_averaged_weights_are_scored_kept_and_survive_a_resume(tmp_path: Path) -> None:
    plain, whole, parted = (tmp_path / name for name in ("plain", "whole", "parted"))
    fit(Line(line_config()), plain)
    fit(Line(line_config(ema=0.9)), whole)
    assert not torch.equal(weights_of(whole), weights_of(plain))
    assert torch.equal(weights_of(whole, "current_model_state"), weights_of(plain)), (
        "averaging does not touch the weights that are trained"
    )
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(ema=0.9), at=2), parted)
    fit(Line(line_config(ema=0.9)), parted)
    assert torch.equal(weights_of(parted), weights_of(whole))
    model = Line(line_config())
    load(model, whole / "last.ckpt")
    with torch.no_grad():
        score = -(model.eval().net(torch.ones(4, 1)) - 1).square().mean()
    assert float(table(whole)[-1]["val_score"]) == pytest.approx(float(score), abs=1e-6)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_stopped_training_keeps_its_epochs(tmp_path: Path, how: signal.Signals) -> None:
    class Stopped(Line):
        def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
            if (self.trainer.current_epoch, index) == (2, 0):
                os.kill(os.getpid(), how)
            return super().training_step(batch, index)

    handlers = {s: signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        # Where a shell runs the tests in the background, Ctrl+C is ignored from the start.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with pytest.raises(KeyboardInterrupt):
            fit(Stopped(line_config()), tmp_path)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert [row["epoch"] for row in table(tmp_path)] == ["0", "1"]
    assert torch.load(tmp_path / "last.ckpt", weights_only=False)["epoch"] == 1


# Numbers that are none any more


@pytest.mark.parametrize(("value", "said"), [(math.nan, "NaN"), (math.inf, "infinite")])
def test_a_lost_loss_stops_the_training_and_keeps_the_epochs(
    tmp_path: Path, value: float, said: str
) -> None:
    class Lost(Line):
        def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
            loss = super().training_step(batch, index)
            return loss * value if (self.trainer.current_epoch, index) == (2, 1) else loss

    with pytest.raises(ConfigError, match=rf"{said} .*step 2 of epoch 3.*now 0\.01"):
        fit(Lost(line_config(lr=0.01)), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0", "1"]
    for name in ("last", "best"):
        kept = torch.load(tmp_path / f"{name}.ckpt", weights_only=False)
        assert kept["epoch"] <= 1
        assert all(value.isfinite().all() for value in kept["state_dict"].values())


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_a_network_that_is_lost_on_validation_alone(tmp_path: Path, ema: float) -> None:
    """BatchNorm's averages are used there only; nor may a score of it be the best."""

    class Lost(Line):
        def __init__(self, config: Config) -> None:
            super().__init__(config)
            self.net.append(torch.nn.BatchNorm1d(4))

        def on_train_batch_end(self, outputs: Any, batch: Any, batch_idx: int) -> None:
            if (self.trainer.current_epoch, batch_idx) == (1, 0):
                self.net[3].running_mean.fill_(math.nan)

    with pytest.raises(ConfigError, match="on validation after epoch 2"):
        fit(Lost(line_config(ema=ema)), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0"]
    kept = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]
    assert all(value.isfinite().all() for value in kept.values())


# The table, the choices, early stopping


def without_seconds(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


def test_table_has_one_row_per_epoch_also_over_a_resume(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    fit(Line(line_config()), whole)
    assert [row["epoch"] for row in table(whole)] == ["0", "1", "2", "3"]
    assert {"size", "seconds", "train_loss", "val_score"} <= table(whole)[0].keys()
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(), at=2), parted)
    assert [row["epoch"] for row in table(parted)] == ["0", "1"]
    resumed = Line(line_config())
    fit(resumed, parted)
    assert resumed.epochs == [2, 3], "finished epochs are not repeated"
    assert without_seconds(table(parted)) == without_seconds(table(whole))


def test_row_without_its_checkpoint_gives_way(tmp_path: Path) -> None:
    """Killed after the row of epoch 2 was written and before its checkpoint was."""
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(), at=2), tmp_path)
    with (tmp_path / "metrics.csv").open("a") as file:
        file.write("2,32" + ",9" * (len(table(tmp_path)[0]) - 2) + "\n")
    fit(Line(line_config()), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0", "1", "2", "3"]
    assert float(table(tmp_path)[2]["train_loss"]) != 9


def test_same_seed_same_metrics_other_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        torch.manual_seed(5)  # the model's weights are drawn before `fit`
        fit(Line(line_config(seed=seed)), tmp_path / name)
    rows = {name: without_seconds(table(tmp_path / name)) for name in "abc"}
    assert rows["a"] == rows["b"]
    assert rows["a"] != rows["c"]


@pytest.mark.parametrize("seed", [0, 20240101, 2**32 - 1])
def test_any_seed_trains_and_goes_on_the_same(tmp_path: Path, seed: int) -> None:
    config = line_config(2, seed=seed)
    fit(Line(config), tmp_path / "whole")
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(config, at=1), tmp_path / "parted")
    fit(Line(config), tmp_path / "parted")
    whole, parted = (without_seconds(table(tmp_path / name)) for name in ("whole", "parted"))
    assert whole == parted


def test_early_stopping(tmp_path: Path) -> None:
    scores = dict(enumerate([0.1, 0.5, 0.4, 0.4, 0.3, 0.9, 0.9, 0.9]))
    fit(Line(line_config(8, patience=3), scores), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0", "1", "2", "3", "4"]


def test_patience_is_remembered_over_a_resume(tmp_path: Path) -> None:
    scores = dict(enumerate([0.5, 0.4, 0.4, 0.4, 0.3, 0.9, 0.9, 0.9]))
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(8, patience=3), at=2, scores=scores), tmp_path)
    fit(Line(line_config(8, patience=3), scores), tmp_path)
    assert [row["epoch"] for row in table(tmp_path)] == ["0", "1", "2", "3"]


def test_a_resumed_run_takes_todays_patience(tmp_path: Path) -> None:
    scores = dict(enumerate([0.5, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3]))
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(8, patience=2), at=2, scores=scores), tmp_path)
    fit(Line(line_config(8, patience=5), scores), tmp_path)
    assert [int(row["epoch"]) for row in table(tmp_path)] == [0, 1, 2, 3, 4, 5]


def test_a_resumed_run_takes_todays_learning_rate_and_decay(tmp_path: Path) -> None:
    one, other = line_config(6, lr=0.01, weight_decay=0.0), line_config(6, lr=0.04)
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(one, at=3), tmp_path / "parted")
    resumed = Line(replace(other, weight_decay=0.5))
    fit(resumed, tmp_path / "parted")
    fit(Line(one), tmp_path / "one")
    fit(Line(other), tmp_path / "other")
    rates = {
        name: [float(row["lr-AdamW/pg1"]) for row in table(tmp_path / name)]
        for name in ("parted", "one", "other")
    }
    assert rates["parted"][:3] == rates["one"][:3]
    assert rates["parted"][3:] == pytest.approx(rates["other"][3:])
    groups = resumed.trainer.optimizers[0].param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]


def test_a_run_that_was_moved_keeps_its_best_epoch(tmp_path: Path) -> None:
    scores = {0: 0.9, 1: 0.1, 2: 0.2, 3: 0.3}
    with pytest.raises(ZeroDivisionError):
        fit(Interrupted(line_config(4), at=2, scores=scores), tmp_path / "run")
    moved = (tmp_path / "run").rename(tmp_path / "moved")
    fit(Line(line_config(4), scores), moved)
    assert torch.load(moved / "best.ckpt", weights_only=False)["epoch"] == 0
    assert sorted(p.name for p in moved.glob("*.ckpt")) == ["best.ckpt", "last.ckpt"]
    assert not (tmp_path / "run").exists()


def test_finished_run_resumed_is_left_as_it_is(tmp_path: Path) -> None:
    fit(Line(line_config(2)), tmp_path)
    before = (tmp_path / "metrics.csv").read_bytes()
    again = Line(line_config(2))
    fit(again, tmp_path)
    assert (tmp_path / "metrics.csv").read_bytes() == before
    with pytest.raises(FileExistsError, match="--resume"):
        check_free(tmp_path, resume=False)


def test_tensorboard_can_follow(tmp_path: Path) -> None:
    fit(Line(line_config(1)), tmp_path)
    assert list(tmp_path.glob("events.out.tfevents.*"))


def test_learning_rate_warms_up_and_falls(tmp_path: Path) -> None:
    fit(Line(line_config(8, warmup=0.25, patience=99, lr=0.01)), tmp_path)
    rates = [float(row["lr-AdamW/pg1"]) for row in table(tmp_path)]
    assert rates[0] < rates[2] == max(rates)
    assert rates[2:] == sorted(rates[2:], reverse=True)
    assert rates[-1] < 0.1 * max(rates)


def test_fit_is_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    fit(Line(line_config(1)), tmp_path)
    assert not recwarn.list, [str(w.message) for w in recwarn.list]
    printed = capsys.readouterr()
    assert not printed.out
    assert len(printed.err.splitlines()) == 1, "one line for the epoch"


# The real trainings, killed


HELD = """
import sys, time
from pathlib import Path
from train.__main__ import main
from train.learn.classifier import ClassifierTraining

step = ClassifierTraining.training_step

def held(model, batch, index):
    if (model.trainer.current_epoch, index) == (2, 1):
        Path(sys.argv[1]).touch()
        time.sleep(1e6)
    return step(model, batch, index)

ClassifierTraining.training_step = held
main(sys.argv[2:])
"""
"""`train`, which stays in the middle of the third epoch, and says so by a file: the first argument.
"""


def test_killed_classifier_loses_only_the_epoch_at_hand(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs, there = Path(environment["LESIONLAB_RUNS"]), tmp_path / "there"
    process = subprocess.Popen(
        [sys.executable, "-c", HELD, str(there), *CLASSIFIER, "--run-name", "killed"],
        cwd=REPOSITORY,
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    wait_for(lambda: there.exists() or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    before = table(runs / "killed")
    assert [row["epoch"] for row in before] == ["0", "1"], "killed in the third"
    assert torch.load(runs / "killed/last.ckpt", weights_only=False)["epoch"] == 1

    capsys.readouterr()
    assert main([*CLASSIFIER, "--run-name", "killed", "--resume"]) == 0
    printed = capsys.readouterr()
    assert "Best checkpoint" in printed.out
    epochs = [line.split()[1] for line in printed.err.splitlines() if line.startswith("epoch ")]
    assert epochs == ["2"], "finished epochs are not repeated"
    rows = table(runs / "killed")
    assert [row["epoch"] for row in rows] == ["0", "1", "2"]
    assert rows[:2] == before

    assert main([*CLASSIFIER, "--run-name", "whole"]) == 0
    for row, expected in zip(rows, table(runs / "whole"), strict=True):
        assert float(row["train_loss"]) == pytest.approx(float(expected["train_loss"]), abs=1e-4)


def test_segmenter_goes_on(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Path(environment["LESIONLAB_RUNS"])
    assert main([*SEGMENTER, "--run-name", "whole"]) == 0
    step = SegmenterTraining.training_step

    def fails(model: SegmenterTraining, batch: Any, index: int) -> torch.Tensor:
        if (model.trainer.current_epoch, index) == (1, 1):
            raise ZeroDivisionError
        return step(model, batch, index)

    with monkeypatch.context() as patch:
        patch.setattr(SegmenterTraining, "training_step", fails)
        with pytest.raises(ZeroDivisionError):
            main([*SEGMENTER, "--run-name", "parted"])
    assert finished(runs / "parted") == 1
    assert main([*SEGMENTER, "--run-name", "parted", "--resume"]) == 0
    rows = table(runs / "parted")
    assert [row["epoch"] for row in rows] == ["0", "1"]
    for row, expected in zip(rows, table(runs / "whole"), strict=True):
        assert float(row["train_loss"]) == pytest.approx(float(expected["train_loss"]), abs=1e-4)


def test_all_epochs_are_validated_at_the_last_size(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size alone moves the scores; epochs and early stopping would compare unlike with like."""
    sizes: list[tuple[int, int]] = []
    step = SegmenterTraining.validation_step

    def note(model: SegmenterTraining, batch: Any, index: int) -> None:
        sizes.append((model.trainer.current_epoch, batch[0].shape[1]))
        step(model, batch, index)

    monkeypatch.setattr(SegmenterTraining, "validation_step", note)
    assert main([*SEGMENTER, "--stages", "1x32,1x64", "--epoch-images", "8"]) == 0
    assert set(sizes) == {(0, 64), (1, 64)}
    run = Path(os.environ["LESIONLAB_RUNS"]) / "segmenter"
    assert [row["size"] for row in table(run)] == ["32", "64"]
    assert [row["validation_size"] for row in table(run)] == ["64", "64"]


def test_time_left_reckons_with_validation_at_the_last_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One epoch at 32 px, one at 64: trained 8 photos each, validated 6 each at 64 px."""
    told: list[Progress] = []

    class Told(Watch):
        def progress(self, progress: Progress) -> None:
            told.append(progress)

    config = line_config()
    config = replace(config, stages=(Stage(1, 32), Stage(1, 64)))
    watching = Watching(Told(), config, validated=6)
    clock = iter([0.0, 30.0])
    monkeypatch.setattr("train.learn.callbacks.time.monotonic", lambda: next(clock))
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    trainer = SimpleNamespace(current_epoch=0, num_training_batches=2, optimizers=[optimiser])
    model: Any = SimpleNamespace(device="cpu")
    watching.on_train_start(trainer, model)  # type: ignore[arg-type]
    watching.on_train_epoch_end(trainer, model)  # type: ignore[arg-type]
    first, second = 8 * 32**2 + 2 * 64**2, 8 * 64**2 + 2 * 64**2
    assert told[-1].seconds_left == pytest.approx(30 * second / first)


def test_time_left_knows_which_features_are_kept() -> None:
    """Two copies of each photo: the third epoch computes none, and validation the first alone."""
    config = replace(line_config(), stages=(Stage(3, 32),))
    work = [Watching(Watch(), config, validated=6, copies=2)._work(e) for e in range(3)]
    trained, validated = 8 * 32**2, 2 * 32**2
    assert work[0] == pytest.approx(trained + validated)
    assert work[1] == pytest.approx(trained + KNOWN_COST * validated)
    assert work[2] == pytest.approx(KNOWN_COST * (trained + validated))


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "resnet18"])
def test_each_network_of_the_form_learns(environment: dict[str, str], architecture: str) -> None:
    command = [*CLASSIFIER, "--architecture", architecture, "--epoch-images", "8"]
    assert main([*command, "--stages", "1x96", "--run-name", architecture]) == 0
    run = Path(environment["LESIONLAB_RUNS"]) / architecture
    assert math.isfinite(float(table(run)[0]["train_loss"]))
    saved = torch.load(run / "best.ckpt", weights_only=False)["state_dict"]
    assert all(value.isfinite().all() for value in saved.values())
