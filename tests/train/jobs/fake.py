"""A training that takes milliseconds, and waits where a test wants it to: for the queue's tests.

`python -m tests.train.jobs.fake supervise FOLDER | work FOLDER ID | enqueue FOLDER`;
`truly-supervise FOLDER`, whose trainings are real, and `strictly-supervise FOLDER`, which kills
what has not ended half a second after it was told to.

What it does is told by files in the run's folder: it stays in the middle of the epoch (0, 1, …)
named in `hold` as long as that file is there; `does` holds a word: `deaf` (never stops), `crash`,
`full` (the disk), `die` (as if the memory ran out).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE
from train.config_files import read_run_config
from train.jobs import Runs, ensure_supervisor, supervisor, worker
from train.presets import PRESETS
from train.progress import Progress, Stopped, Watch

HERE = (sys.executable, "-m", "tests.train.jobs.fake")


def command(step: str, folder: Path) -> tuple[str, ...]:
    """The command line of a step."""
    return (*HERE, step, str(folder))


def training(folder: Path, watch: Watch, resume: bool) -> None:
    """Stands in for `train.run.run_training`."""
    config = read_run_config(folder)
    assert config
    watch.phase("preparing")
    word = _text(folder / "does")
    if word == "crash":
        raise ZeroDivisionError("by nothing")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    done = int(_text(folder / "last.ckpt")) if resume else 0
    watch.phase("training")
    for epoch in range(done, config.epochs):
        watch.progress(Progress(epoch + 1, config.epochs, 1, 1))
        while _text(folder / "hold") == str(epoch):
            if watch.stop_wanted() and word != "deaf":
                raise Stopped
            time.sleep(0.005)
        if word == "full" and epoch == 1:
            (folder / ".lesionlab-0123456789abcdef").symlink_to("/dev/full")
        _replace(folder / "last.ckpt", str(epoch + 1))
        rows = _text(folder / "metrics.csv") or "epoch,val_score\n"
        _replace(folder / "metrics.csv", f"{rows}{epoch},{0.1 * epoch:.1f}\n")
    print("trained")


def _hold_trainings(run: Path) -> None:
    """Real ones stay behind the first step of the epoch that `hold` names."""
    from train.learn.classifier import ClassifierTraining

    step = ClassifierTraining.training_step

    def held(model: ClassifierTraining, batch: Any, index: int) -> Any:
        while index == 1 and _text(run / "hold") == str(model.trainer.current_epoch):
            time.sleep(0.005)
        return step(model, batch, index)

    ClassifierTraining.training_step = held  # type: ignore[method-assign]


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _replace(path: Path, text: str) -> None:
    part = path.with_name(".lesionlab-0123456789abcdef")
    part.write_text(text)
    os.replace(part, path)


def main(step: str, folder: Path, *others: str) -> int:
    """Run one step."""
    match step:
        case "supervise" | "truly-supervise" | "strictly-supervise":
            trainer = command("truly-work" if step == "truly-supervise" else "work", folder)
            supervisor.POLL_SECONDS, supervisor.STOP_SECONDS = 0.05, 0.2
            supervisor.KILL_SECONDS = 0.5 if step == "strictly-supervise" else PATIENCE
            supervisor.Supervisor(folder, trainer).run()
        case "work":
            return worker.work(Runs(folder), *others, train=training)
        case "truly-work":
            _hold_trainings(folder / others[0])
            return worker.work(Runs(folder), *others)
        case "enqueue":
            runs = Runs(folder)
            print(runs.create(PRESETS[0].config, "From a server"), flush=True)
            ensure_supervisor(runs, command("supervise", folder))
            time.sleep(PATIENCE)  # until killed, as a server is
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:]))
