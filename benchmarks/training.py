"""An analysis while a network trains: `python -m benchmarks.training`.

A run of the queue trains in a folder of its own; meanwhile photos are analysed as the app does,
one after the other with a pause between them, as visitors would. Needs the imported dataset. Exit
status 1 if the slowest twentieth takes more than three times as long as on the idle machine.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.common import machine, on_the_cpu, run, table
from benchmarks.memory import photos
from core.ham10000.dataset import Dataset
from train.jobs import Run, Runs, ensure_supervisor
from train.presets import BY_KEY
from train.stages import Stage
from ui.case import Case
from ui.state import ModelServer

ALLOWED = 3.0
PAUSE_SECONDS = 0.2
START_SECONDS = 600.0


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.training", description=__doc__)
    parser.add_argument("--analyses", type=int, default=150, help="of each (default: %(default)s)")
    parser.add_argument("--preset", choices=BY_KEY, default="demo", help="default: %(default)s")
    options = parser.parse_args()
    Dataset.open()  # rather now than after the first half
    model_server, endless = ModelServer(), photos()
    _times(model_server, endless, 10)
    idle = _times(model_server, endless, options.analyses)
    with training(options.preset) as now:
        busy = _times(model_server, endless, options.analyses)
        progress = now().progress
    print(f"{machine()}; {on_the_cpu().threads} threads.\n")
    rows = [
        (name, *(f"{1000 * np.quantile(times, q):.0f}" for q in (0.5, 0.95)))
        for name, times in (("Idle", idle), (f"While “{options.preset}” trains", busy))
    ]
    print(table(("One analysis", "Median, ms", "95 %, ms"), rows))
    ratio = float(np.quantile(busy, 0.95) / np.quantile(idle, 0.95))
    if progress is None:
        sys.exit("The training ended too early to compare with.")
    speed = f"{progress.images_per_second or 0:.0f} photos a second"
    print(f"\nThe slowest twentieth: {ratio:.2f} times as long. The training saw {speed}.")
    return 1 if ratio > ALLOWED else 0


def _times(model_server: ModelServer, endless: Iterator[bytes], count: int) -> np.ndarray:
    """Seconds of analyses, bytes in, answer out."""
    seconds = []
    for number in range(count):
        case = Case.of_file(next(endless), f"photo {number}", "")
        time.sleep(PAUSE_SECONDS)
        began = time.perf_counter()
        model_server.answer(case)
        seconds.append(time.perf_counter() - began)
    return np.array(seconds)


@contextmanager
def training(preset: str) -> Iterator[Callable[[], Run]]:
    """A run of the queue that trains all the time within the block, like the preset of that key but
    with more epochs; gives what tells how it is now."""
    config = BY_KEY[preset].config
    config = replace(config, stages=(Stage(1000, config.size_at(0)),), patience=1000)
    folder = Path(tempfile.mkdtemp(prefix="lesionlab-"))
    runs = Runs(folder)
    id = runs.create(config, "Benchmark")
    ensure_supervisor(runs)
    try:
        deadline = time.monotonic() + START_SECONDS
        while (run := runs.get(id)).phase != "training" or run.progress is None:
            if not run.active or time.monotonic() > deadline:
                sys.exit(f"It does not train. {run.message}\n{runs.log(id)}")
            time.sleep(0.5)
        yield lambda: runs.get(id)
    finally:
        runs.stop(id)
        while runs.get(id).active:
            ensure_supervisor(runs)
            time.sleep(0.2)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    run(main)
