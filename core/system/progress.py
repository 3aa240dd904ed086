"""How far a process of its own is, told to whoever started it through a small file.

Whoever starts it names the file in the environment (`FILE`); without that, nothing is told.
"""

import contextlib
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from core.system import ownership

FILE = "LESIONLAB_PROGRESS"
"""The environment variable with the file's path."""


@dataclass(frozen=True)
class Step:
    """How far it is.

    Attributes:
        done, total: steps.
        doing: the one at work, in words.
        seconds_left: at the speed so far; None while that cannot be told.
    """

    done: int
    total: int
    doing: str
    seconds_left: float | None = None


class ProgressWriter:
    """Tells of each step.

    Args:
        total: steps.
    """

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self._file = os.environ.get(FILE)
        self._began = time.monotonic()

    def next(self, doing: str, finished: int = 0) -> None:
        """Some more steps are finished, and this is being done now."""
        self.done += finished
        left = None
        if self.done:
            left = (time.monotonic() - self._began) / self.done * (self.total - self.done)
        if self._file:
            step = json.dumps(asdict(Step(self.done, self.total, doing, left)))
            with contextlib.suppress(OSError):  # what is not told does not stop the work
                ownership.write(Path(self._file), step.encode())


def read_progress(file: Path) -> Step | None:
    """What was told last, the seconds left less those gone since; None if nothing was yet."""
    try:
        step = Step(**json.loads(file.read_text()))
        if step.seconds_left is None:
            return step
        since = max(0.0, time.time() - file.stat().st_mtime)
        return Step(step.done, step.total, step.doing, max(0.0, step.seconds_left - since))
    except (OSError, ValueError, TypeError):
        return None
