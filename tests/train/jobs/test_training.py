"""Real trainings, on a tiny dataset, through the queue."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.system import ownership
from core.system.locks import held
from tests.train.jobs import fake
from tests.waiting import wait_for
from train.config import ClassifierConfig
from train.jobs import Runs, ensure_supervisor
from train.jobs.store import LOCK_FILE
from train.jobs.supervisor import SUPERVISOR_FILE
from train.jobs.worker import work
from train.progress import Progress, Watch
from train.run import run_training
from train.stages import Stage

CONFIG = ClassifierConfig(
    start="random",
    architecture="small-cnn",
    freeze=(),
    stages=(Stage(3, 32),),
    epoch_images=16,
    batch=8,
    precision="32-true",
    threads=1,
)


pytestmark = pytest.mark.usefixtures("environment")


def pid(runs: Runs, id: str) -> int:
    with runs.database.read() as connection:
        return connection.execute("SELECT pid FROM runs WHERE id = ?", (id,)).fetchone()["pid"]


def test_killed_training_goes_on(runs: Runs) -> None:
    id = runs.create(replace(CONFIG, stages=(Stage(4, 32),), patience=99), "Tiny")
    (runs.folder / id / "hold").write_text("2")
    assert ensure_supervisor(runs, fake.command("truly-supervise", runs.folder))
    wait_for(lambda: runs.get(id).epochs == 2)
    run = runs.get(id)
    assert (run.state, run.phase) == ("running", "training")
    assert run.progress
    assert run.progress.epochs == 4
    before = runs.metrics(id)
    psutil.Process(pid(runs, id)).kill()
    wait_for(lambda: runs.get(id).state == "interrupted")
    wait_for(lambda: not held(runs.folder / SUPERVISOR_FILE))
    assert "by force" in runs.get(id).message

    runs.resume(id)
    assert work(runs, id) == 0
    assert runs.get(id).state == "finished"
    after = runs.metrics(id)
    assert [row["epoch"] for row in after] == list(range(4))
    # The last row may be of an epoch whose checkpoint was not written yet: that one is repeated.
    assert after[: len(before) - 1] == before[:-1]


def test_told_to_end(runs: Runs) -> None:
    """Lightning has a say in what SIGTERM does: the run is still told from one stopped."""
    id = runs.create(CONFIG, "Tiny")

    def shut_down(run: Path, watch: Watch, resume: bool) -> None:
        progress = watch.progress

        def told(figures: Progress) -> None:
            progress(figures)
            if figures.epoch == 2:
                os.kill(os.getpid(), signal.SIGTERM)

        watch.progress = told  # type: ignore[method-assign]
        run_training(run, watch, resume)

    before = signal.getsignal(signal.SIGINT)
    try:
        assert work(runs, id, shut_down) == 130
    finally:
        signal.signal(signal.SIGINT, before)  # Lightning takes it away
    run = runs.get(id)
    assert run.state == "interrupted"
    assert "shut down" in run.message
    assert run.epochs >= 1
    assert run.resumable


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' /dev/full")
def test_full_disk_keeps_the_finished_epochs(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    id = runs.create(CONFIG, "Tiny")
    folder = runs.folder / id

    def fills_the_disk(run: Path, watch: object, resume: bool) -> None:
        """From the second epoch on, nothing can be written."""
        replaced = os.replace

        def full(path: Path) -> Path:
            scratch = path.with_name(f".lesionlab-{0:016x}")
            scratch.unlink(missing_ok=True)
            scratch.symlink_to("/dev/full")
            return scratch

        def replace_once(source: object, target: object) -> None:
            replaced(source, target)
            if Path(str(target)).name == "last.ckpt":
                patch.setattr(ownership, "beside", full)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", replace_once)
            run_training(run, watch, resume)

    assert work(runs, id, fills_the_disk) == 1
    run = runs.get(id)
    assert run.state == "failed"
    assert "Free some space" in run.message
    kept = runs.metrics(id)[0]
    assert (folder / "last.ckpt").stat().st_size > 1000
    assert not held(folder / LOCK_FILE)

    runs.resume(id)
    assert work(runs, id) == 0
    run = runs.get(id)
    assert (run.state, run.message) == ("finished", "")
    assert [row["epoch"] for row in runs.metrics(id)] == [0, 1, 2]
    assert runs.metrics(id)[0] == kept, "the first epoch was not trained again"
    assert (folder / "model" / "classifier" / "card.json").is_file()
