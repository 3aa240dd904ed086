"""The process that trains one run, and says at its end how it ended."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from core.settings import Settings
from core.system import ownership
from core.system.locks import HeldError, Identity, hold
from core.system.run_folder import RUN
from train.config_files import checkpoints_of
from train.jobs.database import JobError
from train.jobs.record import read_record
from train.jobs.states import Outcome
from train.jobs.store import LOCK_FILE, Runs
from train.jobs.watch import PROGRESS_FILE, FolderWatch
from train.jobs.words import ending
from train.progress import Stopped, Watch
from train.run import run_training

TURN_FILE = ".lesionlab-training.lock"
"""In the folder of runs: held by the trainer whose turn it is."""
LATER = 75
"""Exit status of a trainer that could not begin now: another one is at it."""
LOCK_SECONDS = 10.0

Train = Callable[[Path, Watch, bool], None]
"""`train.run.run_training`, or the like."""


def work(runs: Runs, id: str, train: Train | None = None) -> int:
    """Train a run that waits in the queue, or follow the one that a cluster has; how it ends is
    recorded. Whether it goes on or begins depends on what its folder holds.

    Args:
        train: by default `train.run.run_training`, behind everything else on this computer; or
            `train.cluster.follow.follow` if there is a cluster.

    Returns:
        The exit status: 0 done, or nothing to do (it was taken out of the queue), 1 failed, 130
        stopped, `LATER` if another trainer is at it.
    """
    try:
        with hold(runs.folder / TURN_FILE, LOCK_SECONDS), attended(runs, id) as watch:
            folder = runs.folder / id
            train = train or _way_to_train(folder)
            train(folder, watch, bool(checkpoints_of(folder)))
    except HeldError:
        return LATER
    except NotQueuedError:
        return 0
    except JobError as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, Stopped):
        return 130
    except Exception:
        traceback.print_exc()
        return 1
    return 0


def _way_to_train(folder: Path) -> Train:
    """Here, behind all else, or on the cluster that is set or that has the run already."""
    if Settings.from_environment().ray or read_record(folder):
        from train.cluster.follow import follow

        return follow
    give_way()
    return run_training


class NotQueuedError(JobError):
    """The run does not wait (any more): it was taken out of the queue, or deleted."""


@contextmanager
def attended(runs: Runs, id: str, by_hand: Watch | None = None) -> Iterator[Watch]:
    """Train a run within the block, seen by everyone who looks at the runs; errors are recorded
    and pass through. Every training of the app and of the command line runs in here.

    Args:
        id: its folder's name; the folder has its `config.json`.
        by_hand: a person started it, and follows it with this; without, it must wait in the queue,
            or a cluster has it already.

    Raises:
        HeldError: another process trains it, or a cluster.
        NotQueuedError: it does not wait, or is in the bin.
        JobError: there is no such run, or the folder of runs cannot be written.
        ForeignFolderError: the folder was not made by LesionLab.
    """
    run = runs.get(id)
    folder = run.folder
    ownership.claim(folder, RUN)
    with hold(folder / LOCK_FILE, LOCK_SECONDS), _termination() as told_to_end:
        if read_record(folder) is None:
            _clear(folder)
            _begin(runs, id, queued=by_hand is None)
        elif by_hand is None:
            _go_on(runs, id)
        else:
            raise HeldError(f"{folder} is trained on a Ray cluster. Stop it there first.")
        watch = FolderWatch(folder, lambda: _stop_asked(runs, id), by_hand)
        watch.called = run.name
        error: BaseException | None = None
        try:
            yield watch
        except BaseException as raised:
            error = raised
            raise
        finally:
            if read_record(folder) is None:
                _clear(folder)  # half a checkpoint may be what fills the disk
            end = ending(error, folder, _stop_asked(runs, id), told_to_end.yes)
            _end(runs, id, *end)


def _begin(runs: Runs, id: str, queued: bool) -> None:
    own = Identity.own()
    with runs.database.write() as connection:
        begun = connection.execute(
            "UPDATE runs SET position = NULL, started = ?, ended = NULL, outcome = NULL, "
            "message = '', stop_asked = 0, pid = ?, pid_began = ? "
            "WHERE id = ? AND deleted IS NULL AND (position IS NOT NULL OR NOT ?)",
            (time.time(), own.pid, own.began, id, queued),
        )
        if begun.rowcount == 0:
            raise NotQueuedError(f"The run {id} does not wait in the queue, or is in the bin.")


def _go_on(runs: Runs, id: str) -> None:
    """What `_begin` does if a cluster has the run already: it is the same attempt."""
    own = Identity.own()
    with runs.database.write() as connection:
        connection.execute(
            "UPDATE runs SET ended = NULL, message = '', pid = ?, pid_began = ? WHERE id = ?",
            (own.pid, own.began, id),
        )


def _end(runs: Runs, id: str, outcome: Outcome | None, message: str) -> None:
    """Record the end. If that fails, the run will be taken for interrupted, which it is."""
    try:
        with runs.database.write() as connection:
            connection.execute(
                "UPDATE runs SET outcome = ?, message = ?, ended = ? WHERE id = ?",
                (outcome, message, time.time(), id),
            )
    except JobError as error:
        print(f"{message}\nThis could not be recorded. {error}", file=sys.stderr)


def _stop_asked(runs: Runs, id: str) -> bool:
    """Whether a person wants it to stop; not if that cannot be told."""
    with suppress(JobError), runs.database.read() as connection:
        row = connection.execute("SELECT stop_asked FROM runs WHERE id = ?", (id,)).fetchone()
        return row is not None and bool(row["stop_asked"])
    return False


def _clear(folder: Path) -> None:
    """Remove what the last attempt left half-written, and its figures."""
    ownership.clear(folder)
    with suppress(OSError):
        (folder / PROGRESS_FILE).unlink()


@contextmanager
def _termination() -> Iterator[SimpleNamespace]:
    """Within the block, `yes` tells whether this process was told to end, which it does as if by
    Ctrl+C: it gets to say so. Signals reach the main thread alone."""
    told = SimpleNamespace(yes=False)

    def end(*_: Any) -> None:
        if not told.yes:  # once: it may be on its way out already
            told.yes = True
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield told
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield told
    finally:
        signal.signal(signal.SIGTERM, before)


def give_way() -> None:
    """Let everything else on this computer go first, the app's analyses above all."""
    nice = Settings.from_environment().nice
    with suppress(OSError, AttributeError):  # Windows has no such thing
        os.nice(nice)
    # Linux shares the processor among sessions first, and only within one by niceness.
    with suppress(OSError, AttributeError):
        if os.getsid(0) == os.getpid():  # not that of a terminal in which a person works
            Path("/proc/self/autogroup").write_text(f"{nice}\n")
