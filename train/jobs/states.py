"""What a run is doing: derived from what is so, never read from a column that someone may not have
lived to change."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from train.config import Config
from train.progress import Progress

Outcome = Literal["finished", "failed", "stopped"]
"""How a trainer says that it ended."""

State = Literal[
    "queued", "running", "stopping", "unknown", "finished", "failed", "stopped", "interrupted"
]
"""`queued` waits for its turn; `running` has a living trainer; `stopping` has one that was asked to
stop; `unknown` was handed to a Ray cluster that does not answer, or is only now being asked;
`finished`, `failed` and `stopped` were told by the trainer itself; `interrupted` began, and its
trainer is gone without having told (killed, power cut)."""

AT_WORK: tuple[State, ...] = ("running", "stopping", "unknown")
"""States in which something trains, or may."""
ACTIVE: tuple[State, ...] = ("queued", *AT_WORK)
"""States that change by themselves: a page refreshes while a run is in one of them."""


def derive(
    living: bool,
    waits: bool,
    outcome: Outcome | None,
    stop_asked: bool,
    out_of_sight: bool = False,
) -> State:
    """The state of a run.

    Args:
        living: a trainer holds the lock of the run's folder.
        waits: it has a place in the queue.
        outcome: what the trainer of the latest attempt said at its end; None if it did not, or if
            there was none.
        stop_asked: that trainer was asked to stop.
        out_of_sight: a cluster has it, and it is not known what it does there.
    """
    if out_of_sight:
        return "unknown"
    if living:
        return "stopping" if stop_asked else "running"
    if waits:
        return "queued"
    if outcome is not None:
        return outcome
    return "stopped" if stop_asked else "interrupted"


@dataclass(frozen=True)
class Run:
    """A run as it is at this moment.

    Attributes:
        id: name of its folder.
        name, notes: what a person called it and wrote about it; both may be changed.
        folder: `config.json`, `metrics.csv`, checkpoints, `log.txt`, `model/`.
        kind: `classifier`, `segmenter`, `hybrid`; None if `config.json` cannot be read.
        config: None if `config.json` cannot be read; `message` then says so.
        state: see `State`.
        phase: of a living trainer: one of `train.progress.PHASES`; None otherwise.
        progress: the newest figures of a living trainer; None otherwise, or before the first.
        created, started, ended: in UTC; `started` is that of the latest attempt.
        message: why it failed, stopped or was interrupted, in words for a student; may be empty.
        position: place in the queue, from 1; None if it does not wait.
        epochs: finished ones, rows of `metrics.csv`.
        best: that table's row with the highest `val_score`, numbers by column; empty before the
            first epoch.
        deleted: when it went to the bin; None if it did not.
    """

    id: str
    name: str
    notes: str
    folder: Path
    kind: str | None
    config: Config | None
    state: State
    phase: str | None
    progress: Progress | None
    created: datetime
    started: datetime | None
    ended: datetime | None
    message: str
    position: int | None
    epochs: int
    best: dict[str, float]
    deleted: datetime | None

    @property
    def active(self) -> bool:
        """Waits, trains or stops."""
        return self.state in ACTIVE

    @property
    def resumable(self) -> bool:
        """May be queued again, to go on after its last finished epoch (or to begin)."""
        return (
            self.config is not None
            and self.deleted is None
            and self.state in ("failed", "stopped", "interrupted")
        )
