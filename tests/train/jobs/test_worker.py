"""One trainer, in this process; `test_supervisor` has it as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from core.system.locks import held, hold
from tests.train.jobs import fake
from tests.train.jobs.conftest import config
from train.config import ConfigError
from train.jobs import Runs
from train.jobs.store import LOCK_FILE
from train.jobs.worker import LATER, TURN_FILE, work
from train.progress import Watch


@pytest.fixture(autouse=True)
def _in_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("train.jobs.worker.LOCK_SECONDS", 0.05)


@pytest.mark.parametrize("checkpoint", ["last.ckpt", "best.ckpt"])
def test_begins_then_goes_on(runs: Runs, checkpoint: str) -> None:
    """Also from the best epoch alone, as a full disk leaves it."""
    id = runs.create(config(), "a")
    told: list[bool] = []

    def training(folder: Path, watch: Watch, resume: bool) -> None:
        told.append(resume)
        assert held(folder / LOCK_FILE)
        assert held(runs.folder / TURN_FILE)
        (folder / checkpoint).touch()
        (folder / ".lesionlab-0123456789abcdef").touch()
        if len(told) == 1:
            raise ConfigError("Choose at least two classes.")

    assert work(runs, id, training) == 1
    run = runs.get(id)
    assert (run.state, run.message) == ("failed", "Choose at least two classes.")
    runs.resume(id)
    assert work(runs, id, training) == 0
    assert told == [False, True]
    assert runs.get(id).state == "finished"
    assert not held(run.folder / LOCK_FILE)
    assert not list(run.folder.glob(".lesionlab-*"))


def test_runs_that_do_not_wait_are_left_alone(runs: Runs) -> None:
    out, deleted = (runs.create(config(), name) for name in ("out", "deleted"))
    runs.stop(out)
    runs.delete(deleted)
    for id in (out, deleted):
        assert work(runs, id, fake.training) == 0
        assert runs.get(id).epochs == 0
        assert runs.get(id).started is None


@pytest.mark.parametrize("lock", ["of the run", "of whose turn it is"])
def test_another_trainer_is_at_it(runs: Runs, lock: str) -> None:
    id = runs.create(config(), "a")
    file = runs.folder / id / LOCK_FILE if lock == "of the run" else runs.folder / TURN_FILE
    with hold(file):
        assert work(runs, id, fake.training) == LATER
    assert runs.get(id).state == "queued"
    assert work(runs, id, fake.training) == 0
    assert runs.get(id).state == "finished"


def test_end_that_cannot_be_recorded(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The folder of runs is gone, say: the training is not taken for finished."""
    id = runs.create(config(), "a")

    def training(folder: Path, watch: Watch, resume: bool) -> None:
        fake.training(folder, watch, resume)
        runs.database.path.rename(folder / "aside")
        runs.database.path.mkdir()

    assert work(runs, id, training) == 0
    assert "could not be recorded" in capsys.readouterr().err
    runs.database.path.rmdir()
    (runs.folder / id / "aside").rename(runs.database.path)
    assert runs.get(id).state == "interrupted"
    assert runs.get(id).epochs == 4


@pytest.mark.skipif(not hasattr(os, "nice"), reason="needs a system with niceness")
@pytest.mark.parametrize(("own_session", "setting"), [(True, ""), (False, ""), (True, "5")])
def test_gives_way(own_session: bool, setting: str) -> None:
    code = (
        "import os; from pathlib import Path; from train.jobs.worker import give_way\n"
        "group = Path('/proc/self/autogroup')\n"
        "before = group.read_text() if group.exists() else ''\n"
        "give_way()\n"
        "after = group.read_text() if group.exists() else ''\n"
        "print(os.nice(0), before.strip(), after.strip(), sep='|')"
    )
    printed = subprocess.check_output(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env=os.environ | {"LESIONLAB_NICE": setting},
        text=True,
        start_new_session=own_session,
    )
    nice, before, after = printed.strip().split("|")
    expected = str(min(19, os.nice(0) + int(setting or 19)))
    assert nice == expected
    if not own_session:
        assert after == before, "a person's terminal stays as it is"
    elif before:  # Linux, and its scheduler groups by session
        assert after.endswith(f"nice {setting or 19}")
