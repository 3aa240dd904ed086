"""Runs of the queue on a real Ray cluster, of this computer alone, with two processes each."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.train.cluster.conftest import Cluster, command_of, end, with_variable
from train.cluster.client import Client, NoSuchJobError, UnreachableError
from train.config import SegmenterConfig
from train.jobs import Runs, ensure_supervisor
from train.jobs.record import read_record
from train.stages import Stage

Wait = Callable[[Callable[[], bool]], None]


def config(epochs: int) -> SegmenterConfig:
    return SegmenterConfig(
        start="random",
        stages=(Stage(epochs, 32),),
        epoch_images=16,
        batch=8,
        threads=1,
        limit=20,
        patience=1000,
        precision="32-true",
    )


def followers() -> list[psutil.Process]:
    """Processes of the queue: the one that follows a run, and the supervisor."""
    folder = os.environ["LESIONLAB_RUNS"]
    return [p for p in with_variable("LESIONLAB_RUNS", folder) if "train.jobs" in command_of(p)]


def test_run_of_two_processes(queued_there: dict[str, str], wait: Wait) -> None:
    runs = Runs.open()
    id = runs.create(config(2), "There")
    assert ensure_supervisor(runs)
    seen: set[tuple[str, str | None]] = set()

    def ended() -> bool:
        run = runs.get(id)
        seen.add((run.state, run.phase))
        return not run.active

    wait(ended)
    run = runs.get(id)
    assert (run.state, run.message) == ("finished", ""), runs.log(id, 60)
    assert {("running", "waiting"), ("running", "training")} <= seen
    assert [row["epoch"] for row in runs.metrics(id)] == [0, 1]
    assert (run.folder / "model" / "segmenter" / "card.json").is_file()
    assert "worker group of size 2" in runs.log(id, 500)
    left = {path.name for path in run.folder.iterdir()}
    assert not left & {"ray.json", "ray", "progress.json"}, left


def test_run_outlives_its_followers_and_stops(
    queued_there: dict[str, str], cluster: Cluster, wait: Wait
) -> None:
    runs = Runs.open()
    id = runs.create(config(500), "Long")
    ensure_supervisor(runs)
    wait(lambda: runs.get(id).epochs >= 1)
    assert len(cluster.training()) == 2
    record = read_record(runs.get(id).folder)
    assert record is not None
    end(followers)
    run = runs.get(id)
    assert run.state == "unknown", "nobody knows, and nothing is claimed"
    assert cluster.address in run.message
    before = run.epochs
    wait(lambda: runs.get(id).epochs > before)

    assert ensure_supervisor(runs), "someone has to follow it"
    wait(lambda: runs.get(id).state == "running")
    assert read_record(run.folder) == record, "it is the same job"
    runs.stop(id)
    assert runs.get(id).state == "stopping"
    wait(lambda: not runs.get(id).active)
    run = runs.get(id)
    assert run.state == "stopped"
    assert run.resumable
    assert run.epochs > before
    assert (run.folder / "last.ckpt").is_file()
    assert Client(cluster.address).status(record.job) == "STOPPED"
    wait(lambda: not cluster.training())


def test_node_that_does_not_see_the_photos(
    queued_there: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait: Wait
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "elsewhere"))
    runs = Runs.open()
    id = runs.create(config(1), "Blind")
    ensure_supervisor(runs)
    wait(lambda: not runs.get(id).active)
    run = runs.get(id)
    assert run.state == "failed"
    assert f"does not see {tmp_path / 'elsewhere'}" in run.message
    assert "LESIONLAB_DATA" in run.message


def test_without_the_token(queued_there: dict[str, str], cluster: Cluster) -> None:
    """The token is read once by a process, so another one asks."""
    code = (
        "from train.cluster.client import Client, UnreachableError\n"
        "try:\n    Client('%s')\nexcept UnreachableError as error:\n    print(error)"
    )
    for token in ({"RAY_AUTH_TOKEN": "0" * 32}, {"HOME": "/nowhere", "RAY_AUTH_TOKEN": ""}):
        said = subprocess.run(
            [sys.executable, "-c", code % cluster.address],
            env=os.environ | token,
            capture_output=True,
            text=True,
        )
        assert "get-auth-token" in said.stdout, said.stderr


def test_job_it_does_not_know(queued_there: dict[str, str], cluster: Cluster) -> None:
    client = Client(cluster.address)
    for ask in (client.status, client.log, client.stop):
        with pytest.raises(NoSuchJobError, match="does not know"):
            ask("lesionlab-nothing")


def test_nobody_answers(queued_there: dict[str, str]) -> None:
    with pytest.raises(UnreachableError, match="does not answer"):
        Client("http://127.0.0.1:9")
