"""Checkpoints are read without running what they hold; a damaged one gives way to the other."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from core.models.weights import WeightsError
from core.system import ownership
from core.system.disk_space import NoRoomError
from core.system.ownership import mark
from core.system.run_folder import RUN
from tests.train.few import fit
from tests.train.learn.test_fit import Line, line_config, table
from tests.train.test_main import failure
from train.config_files import check_free
from train.learn.checkpoints import checkpoint_to_resume, read_checkpoint
from train.learn.fit import AtomicCheckpointIO


class Harmful:
    """Unpickled, it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)


DAMAGES = {
    "cut": cut,
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "text": lambda path: path.write_text("no checkpoint at all"),
    "other": lambda path: torch.save({"weights": torch.zeros(2)}, path),
    "list": lambda path: torch.save([1, 2], path),
    "short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two finished epochs of four; the first one was the best."""
    with pytest.raises(ZeroDivisionError):
        fit(Broken(line_config(4), {0: 0.9, 1: 0.5, 2: 0.4, 3: 0.3}), tmp_path / "run")
    return tmp_path / "run"


class Broken(Line):
    """Stops in its third epoch."""

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        if self.current_epoch == 2:
            raise ZeroDivisionError


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_last_one_gives_way_to_the_best(
    run: Path, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checkpoint_to_resume(run) == (run / "last.ckpt", "")
    DAMAGES[damage](run / "last.ckpt")
    found, said = checkpoint_to_resume(run)
    assert found == run / "best.ckpt"
    assert "last.ckpt" in said
    assert "after epoch 1" in said
    if damage == "cut":
        fit(Line(line_config(4)), run)
        assert said in capsys.readouterr().err
        assert [row["epoch"] for row in table(run)] == ["0", "1", "2", "3"]
        assert checkpoint_to_resume(run) == (run / "last.ckpt", "")


def test_a_missing_last_one_does_too(run: Path) -> None:
    (run / "last.ckpt").unlink()
    found, said = checkpoint_to_resume(run)
    assert (found, bool(said)) == (run / "best.ckpt", True)
    with pytest.raises(FileExistsError, match="--resume"):
        check_free(run, resume=False)


def test_nothing_is_begun_anew_over_damaged_ones(run: Path) -> None:
    for name in ("last.ckpt", "best.ckpt"):
        cut(run / name)
    before = {path: path.read_bytes() for path in run.glob("*.*")}
    with pytest.raises(WeightsError, match="start a new training"):
        fit(Line(line_config(4)), run)
    assert {path: path.read_bytes() for path in run.glob("*.*")} == before


@pytest.mark.parametrize("how", ["torch", "pickle"])
def test_nothing_in_a_checkpoint_is_run(run: Path, tmp_path: Path, how: str) -> None:
    bad = {"state_dict": {}, "epoch": 1, "x": Harmful(tmp_path / "was here")}
    if how == "torch":
        torch.save(bad, run / "best.ckpt")
    else:
        (run / "best.ckpt").write_bytes(pickle.dumps(bad))
    with pytest.raises(WeightsError, match="not opened"):
        read_checkpoint(run / "best.ckpt")
    os.replace(run / "best.ckpt", run / "last.ckpt")
    with pytest.raises(WeightsError):
        fit(Line(line_config(4)), run)
    assert not (tmp_path / "was here").exists()


def test_a_full_disk_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    io, path = AtomicCheckpointIO(), tmp_path / "last.ckpt"
    io.save_checkpoint({"epoch": 1}, path)
    (tmp_path / "scratch").symlink_to("/dev/full")
    monkeypatch.setattr(ownership, "beside", lambda path: path.with_name("scratch"))
    with pytest.raises(NoRoomError, match="Free some space"):
        io.save_checkpoint({"epoch": 2, "w": torch.zeros(1000)}, path)
    assert torch.load(path) == {"epoch": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["last.ckpt"]


def test_a_full_disk_ends_the_command_with_a_sentence(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(environment["LESIONLAB_RUNS"]) / "classifier"
    quick = ["classifier", "--architecture", "small-cnn", "--start", "random", "--stages", "1x32"]
    quick += ["--epoch-images", "8", "--batch", "4", "--threads", "1"]
    run.mkdir(parents=True)
    mark(run, RUN)
    with monkeypatch.context() as full:
        (run / "scratch").symlink_to("/dev/full")
        full.setattr("core.system.ownership.beside", lambda path: path.with_name("scratch"))
        assert "The disk is full" in failure(capsys, *quick)
    assert not (run / "config.json").exists()
    monkeypatch.setattr(
        "core.system.disk_space.room", lambda folder: 1000 if folder == run else 10**12
    )
    assert "checkpoints" in failure(capsys, *quick)
    assert not (run / "last.ckpt").exists()
