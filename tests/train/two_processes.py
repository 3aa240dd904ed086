"""A training in two processes that only the first is told to stop, started by Lightning:
`python -m tests.train.two_processes RUN`. Each says so by a file."""

from __future__ import annotations

import sys
from pathlib import Path

import train.learn.fit
from tests.train.learn.test_fit import Line, line_config
from train.learn.ranks import placement, rank
from train.progress import Stopped, Watch


class StopInEpoch(Watch):
    """Wants to stop once the second epoch has a row."""

    def __init__(self, run: Path) -> None:
        self.table = run / "metrics.csv"

    def stop_wanted(self) -> bool:
        return self.table.is_file() and len(self.table.read_text().splitlines()) == 3


def main(run: Path) -> None:
    watch = Watch() if rank() else StopInEpoch(run)
    try:
        train.learn.fit.fit(Line(line_config(50, ema=0.9)), run, watch, placement(2))
    except Stopped:
        (run / f"stopped-{rank()}").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
