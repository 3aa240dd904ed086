"""What a trainer tells: `progress.json` while it lives, and `live.csv`, its way through the epochs;
both are read by pages."""

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from core.system import ownership
from core.system.json_files import is_number, read_object
from train.progress import Progress, Watch

PROGRESS_FILE = "progress.json"
WRITE_SECONDS = 0.5
"""Figures are written at most so often …"""
ASK_SECONDS = 1.0
"""… and whether to stop is asked at most so often."""

LIVE_FILE = "live.csv"
POINTS = 50
"""Of an epoch, at most, in `live.csv`."""


class FolderWatch(Watch):
    """Writes down in a run's folder how it goes.

    Args:
        stop_asked: whether a person wants the training to stop; asked about once a second.
        also: hears everything as well.
    """

    def __init__(
        self, folder: Path, stop_asked: Callable[[], bool], also: Watch | None = None
    ) -> None:
        self._also = also
        self._path = folder / PROGRESS_FILE
        self._stop_asked = stop_asked
        self._phase, self._progress = "", Progress(0, 0, 0, 0)
        self._written = self._asked = -1e9
        self._stop = False
        self._point = (0, 0)

    def phase(self, name: str) -> None:
        """A phase begins; its figures are yet to come."""
        if self._also:
            self._also.phase(name)
        self._phase = name
        self._write(None)

    def progress(self, progress: Progress) -> None:
        """Write the figures, unless some were written just now and the epoch is not at its end."""
        if self._also:
            self._also.progress(progress)
        self._mark(progress)
        due = time.monotonic() - self._written >= WRITE_SECONDS
        if due or progress.step == progress.steps:
            self._write(progress)

    def stop_wanted(self) -> bool:
        """Whether a person wants the training to stop."""
        if not self._stop and time.monotonic() - self._asked >= ASK_SECONDS:
            self._stop = self._stop_asked()
            self._asked = time.monotonic()
        return self._stop

    def _mark(self, progress: Progress) -> None:
        """Add a row to `live.csv`, if the epoch has come further by a point."""
        if self._phase != "training" or not progress.steps:
            return
        point = (progress.epoch, POINTS * progress.step // progress.steps)
        if point == self._point:
            return
        self._point = point
        place = progress.epoch - 1 + progress.step / progress.steps
        loss, rate = (
            "" if v is None else f"{v:.6g}" for v in (progress.loss, progress.learning_rate)
        )
        with suppress(OSError), (self._path.parent / LIVE_FILE).open("a", encoding="utf-8") as file:
            file.write(f"{place:.4f},{loss},{rate}\n")

    def _write(self, progress: Progress | None) -> None:
        """Atomic, so that readers find it whole. Not written on a full disk: that is no reason to
        end a training, whose checkpoints will say so if it lasts."""
        values = {"phase": self._phase, "progress": progress and asdict(progress)}
        with suppress(OSError):
            ownership.write(self._path, json.dumps(values).encode())
        self._written = time.monotonic()


def read_live(folder: Path) -> list[dict[str, float]]:
    """The way through the epochs so far, some fifty points each: `epoch` (finished ones and the
    share of the one at work), `train_loss` (the mean of its epoch so far) and `learning_rate`,
    those that are known. Of an epoch that was begun twice, what came last. Empty if there is none.
    """
    try:
        lines = (folder / LIVE_FILE).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return []
    points: list[dict[str, float]] = []
    for line in lines:
        with suppress(ValueError):  # the line that a power cut left half-written
            place, loss, rate = line.split(",")
            if not math.isfinite(float(place)):
                continue
            point = {"epoch": float(place)}
            point |= {
                name: float(text)
                for name, text in (("train_loss", loss), ("learning_rate", rate))
                if text and math.isfinite(float(text))
            }
            while points and points[-1]["epoch"] >= point["epoch"]:
                points.pop()
            points.append(point)
    return points


def read_progress(folder: Path) -> tuple[str | None, Progress | None]:
    """Phase and figures that the trainer wrote last; None where there is none that can be read."""
    try:
        values = read_object(folder / PROGRESS_FILE)
        phase, figures = str(values["phase"] or "") or None, values["progress"] or {}
        if not all(value is None or is_number(value) for value in figures.values()):
            raise ValueError("It holds more than numbers.")
        return phase, Progress(**figures) if figures else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None, None
