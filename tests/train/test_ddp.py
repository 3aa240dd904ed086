"""A run in two processes is the same run as in one."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from safetensors.torch import save_file
from torch.utils.data import BatchSampler

from core.models.architectures import build_classifier
from core.settings import REPOSITORY
from tests.waiting import PATIENCE, wait_for
from train.__main__ import main
from train.config import ConfigError
from train.data.samplers import EpochSampler
from train.learn.ranks import BatchParts, check_batch, gathered, part_of_rows, placement, rank

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]


def run_there(command: list[str], environment: dict[str, str]) -> str:
    """Run a command to its end; returns what it printed."""
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout + ended.stderr


def gone(process: int) -> bool:
    """Whether a process has ended, also where nobody has asked how."""
    try:
        return psutil.Process(process).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def table(run: Path) -> list[dict[str, float]]:
    with (run / "metrics.csv").open(newline="") as file:
        rows = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]
    return [{k: v for k, v in row.items() if k != "seconds"} for row in rows]


# The parts


def test_processes_share_the_draws_of_one() -> None:
    whole = list(BatchSampler(EpochSampler(np.ones(50), 40, 7, 3), 8, drop_last=True))
    parts = [
        list(BatchParts(BatchSampler(EpochSampler(np.ones(50), 40, 7, 3), 8, True), r, 2))
        for r in (0, 1)
    ]
    assert [a + b for a, b in zip(*parts, strict=True)] == whole
    assert {len(part) for each in parts for part in each} == {4}
    assert len(BatchParts(BatchSampler(range(40), 8, True), 0, 2)) == 5


@pytest.mark.parametrize(("batch", "processes"), [(9, 2), (4, 4), (2, 2)])
def test_batch_that_cannot_be_shared(batch: int, processes: int) -> None:
    with pytest.raises(ConfigError, match=f"multiple of {processes}"):
        check_batch(batch, processes)


def test_rows_are_validated_by_as_many_batches_everywhere() -> None:
    rows = np.array([3, 5, 8, 13, 21])
    parts = [part_of_rows(rows, r, 2) for r in (0, 1)]
    assert [len(part) for part in parts] == [3, 3]
    assert set(np.concatenate(parts)) == set(rows)
    assert part_of_rows(rows, 0, 1).tolist() == rows.tolist()
    assert [part_of_rows(rows[:1], r, 4).tolist() for r in range(4)] == [[3]] * 4


def test_rows_of_all_processes_come_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def gather(into: list[object], mine: object) -> None:
        into[:] = [mine, (np.array([4, 3]), np.array([40.0, 30.0]))]

    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    monkeypatch.setattr(torch.distributed, "all_gather_object", gather)
    rows, values = gathered(np.array([7, 3]), np.array([70.0, 30.0]))
    assert rows.tolist() == [3, 4, 7]
    assert values.tolist() == [30, 40, 70]


def test_placement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", "cpu")
    assert placement() == {"accelerator": "cpu", "devices": 1}
    assert placement(3) == {"accelerator": "cpu", "devices": 3, "strategy": "ddp"}
    with pytest.raises(ConfigError, match="at least one"):
        placement(0)
    for name, value in {
        "TORCHELASTIC_RUN_ID": "x",
        "LOCAL_WORLD_SIZE": "2",
        "WORLD_SIZE": "4",
        "RANK": "3",
        "LOCAL_RANK": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert rank() == 3
    expected = {"accelerator": "cpu", "devices": 2, "num_nodes": 2, "strategy": "ddp"}
    assert placement() == expected, "two on each of two computers"


def test_more_processes_than_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ConfigError, match="this computer has 1"):
        placement(2)


# The whole


def test_torchrun_trains_the_same_run(environment: dict[str, str], tmp_path: Path) -> None:
    """Without augmentation, whose randomness differs, and with BatchNorm frozen, whose statistics
    differ, nothing but rounding is left: the metrics agree to 1e-4."""
    torch.manual_seed(3)
    start = tmp_path / "start.safetensors"
    state = build_classifier("resnet18", 7).state_dict()
    save_file({name.removeprefix("encoder."): values for name, values in state.items()}, start)
    choices = f"--architecture resnet18 --start {start} --freeze base --stages 2x32"
    choices += " --epoch-images 16 --batch 8 --limit 21 --threads 1 --precision 32-true"
    choices += " --crop-share 0 --augment="
    command = ["classifier", *choices.split()]
    assert main([*command, "--run-name", "one"]) == 0
    run_there([*TORCHRUN, "-m", "--", "train", *command, "--run-name", "two"], environment)
    one, two = (Path(os.environ["LESIONLAB_RUNS"]) / name for name in ("one", "two"))
    assert len(table(two)) == 2
    for row, expected in zip(table(two), table(one), strict=True):
        assert row == pytest.approx(expected, abs=1e-4)

    saved = [torch.load(run / "last.ckpt", weights_only=False) for run in (one, two)]
    assert [s["global_step"] for s in saved] == [4, 4]
    weights = [s["state_dict"]["net.fc.weight"] for s in saved]
    assert torch.allclose(*weights, atol=1e-4)
    assert sorted(p.relative_to(two) for p in two.rglob("*.json")) == sorted(
        p.relative_to(one) for p in one.rglob("*.json")
    ), "samples and model, written once"
    names = ("model/classifier/evaluation-validation.json", "config.json")
    assert all(json.loads((two / name).read_text()) for name in names)

    # What two began, one goes on with.
    longer = [*command, "--run-name", "two", "--resume", "--stages", "3x32"]
    assert main(longer) == 0
    assert [row["epoch"] for row in table(two)] == [0, 1, 2]


def test_processes_stop_together(environment: dict[str, str], tmp_path: Path) -> None:
    """Started by Lightning, with averaged weights."""
    run = tmp_path / "run"
    run_there([sys.executable, "-m", "tests.train.two_processes", str(run)], environment)
    assert sorted(path.name for path in run.glob("stopped-*")) == ["stopped-0", "stopped-1"]
    assert [row["epoch"] for row in table(run)] == [0, 1]
    assert torch.load(run / "last.ckpt", weights_only=False)["epoch"] == 1


SECOND = """
import time
from train.learn.ranks import end_with_starter
end_with_starter()
print("waiting", flush=True)
time.sleep(3600)
"""
FIRST = f"""
import os, subprocess, sys
second = subprocess.Popen([sys.executable, "-c", {SECOND!r}], env=os.environ | {{"RANK": "1"}})
print(second.pid, flush=True)
second.wait()
"""


def test_a_process_ends_with_a_first_one_that_was_killed() -> None:
    """That one tells nobody, and the other may be waiting for it."""
    first = subprocess.Popen(
        [sys.executable, "-c", FIRST], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert first.stdout
    second = int(first.stdout.readline())
    assert first.stdout.readline() == "waiting\n"
    first.kill()
    first.wait()
    wait_for(lambda: gone(second))


def test_batch_that_two_cannot_share_ends_in_a_sentence(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    choices = "--start random --batch 9 --limit 20 --devices 2 --threads 1"
    assert main(["segmenter", *choices.split()]) == 1
    assert "multiple of 2" in capsys.readouterr().err
