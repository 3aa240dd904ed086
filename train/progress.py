"""What a training tells of itself while it runs, and to whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

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


class Watch(Protocol):
    """What a training reports to."""

    def phase(self, name: str) -> None:
        """One of `PHASES` begins."""

    def progress(self, progress: Progress) -> None:
        """About once a second, and at the end of each epoch."""

    def stop_wanted(self) -> bool:
        """Asked before each batch, so it must be quick."""


class Unwatched:
    """A `Watch` that nobody looks at."""

    def phase(self, name: str) -> None:
        """See `Watch`."""

    def progress(self, progress: Progress) -> None:
        """See `Watch`."""

    def stop_wanted(self) -> bool:
        """See `Watch`."""
        return False
