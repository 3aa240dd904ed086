"""What a training tells of itself while it runs, and to whom."""

import time
from collections.abc import Callable
from dataclasses import dataclass

PHASES = ("waiting", "preparing", "training", "exporting", "evaluating")
"""What `Watch.phase` is told, in turn. waiting: for a Ray cluster to begin; preparing: photos are
decoded (step and steps count them); training: epochs; exporting and evaluating: the best epoch
becomes a model's folder and is measured on validation (`train.finish.finish` says so)."""


Tick = Callable[[int, int], None]
"""Called with how much is done, and of how much."""


class Stopped(Exception):  # noqa: N818 - asked for, not an error
    """The training stopped because it was asked to. Every finished epoch is kept."""


@dataclass(frozen=True)
class Progress:
    """Where a training is. None: not known yet, or it does not apply in this phase."""

    epoch: int
    """The epoch at hand, from 1 (0 before the first)."""
    epochs: int
    """Epochs planned; early stopping may end before."""
    step: int
    """Steps done in this epoch; photos done while preparing or evaluating."""
    steps: int
    images_per_second: float | None = None
    """Over the last steps."""
    seconds_left: float | None = None
    """Until the last planned epoch ends, at most."""
    learning_rate: float | None = None
    loss: float | None = None
    """Mean training loss of this epoch so far."""


class Watch:
    """What a training reports to; this one looks at nothing.

    Attributes:
        called: what people call the run; empty where nobody knows.
    """

    called = ""

    def phase(self, name: str) -> None:
        """One of `PHASES` begins."""

    def progress(self, progress: Progress) -> None:
        """About once a second, and at the end of each epoch."""

    def stop_wanted(self) -> bool:
        """Asked before each batch, so it must be quick."""
        return False


class Meter:
    """Tells a watch about once a second how many photos are done, and stops when it wants that.

    Args:
        epoch, epochs: as of `Progress`.
        stopped: what to say then.
    """

    def __init__(self, watch: Watch, epoch: int, epochs: int, stopped: str) -> None:
        self._watch, self._epoch, self._epochs, self._stopped = watch, epoch, epochs, stopped
        self._began = self._told = time.monotonic()
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        """So many of all are done; `total` may be an estimate. Raises Stopped."""
        if self._watch.stop_wanted():
            raise Stopped(self._stopped)
        now = time.monotonic()
        if done < self._done:  # the photos of the next source
            self._began = self._told = now
        self._done = done
        if done and now - self._told >= 1:
            self._told = now
            speed = done / (now - self._began)
            left = max(total - done, 0) / speed
            steps = max(total, done)
            self._watch.progress(Progress(self._epoch, self._epochs, done, steps, speed, left))
