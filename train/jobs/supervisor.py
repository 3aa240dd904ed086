"""One process for each folder of runs that starts one training after the other.

It keeps nothing to itself: if it is killed, the training goes on, and whoever looks at the runs
next starts another supervisor, which finds everything in the folder.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.settings import REPOSITORY
from core.system.locks import HeldError, Identity, held, hold
from core.system.processes import apart
from train.jobs.database import JobError
from train.jobs.logs import LOG_FILE, tail, trim
from train.jobs.states import Run
from train.jobs.store import LOCK_FILE, Runs, at_cluster
from train.jobs.words import death
from train.jobs.worker import LATER

SUPERVISOR_FILE = ".lesionlab-queue.lock"
SUPERVISOR_LOG = ".lesionlab-queue.log"
SUPERVISE = (sys.executable, "-m", "train.jobs", "supervise")
WORK = (sys.executable, "-m", "train.jobs", "work")

POLL_SECONDS = 0.3
STOP_SECONDS = 60.0
"""A trainer that was asked to stop and has not by then gets a SIGTERM …"""
KILL_SECONDS = 20.0
"""… and after so many more a SIGKILL."""
FOLLOW_SECONDS = 20.0
"""Between two attempts to follow a run on a cluster."""
TROUBLES = 10
"""The folder cannot be used, so many times in a row: the supervisor gives up."""
TROUBLE_SECONDS = 3.0

FORCED = (
    "It did not stop when it was asked to, and was ended by force. Finished epochs are kept; "
    "resume it to go on."
)

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "LESIONLAB_THREADS")


def ensure_supervisor(runs: Runs, command: Sequence[str] = SUPERVISE) -> bool:
    """Start a supervisor, apart from this process, if there is something to do and none lives.

    Returns at once; true if one was started. Call it after `create`, `resume` and `stop`, and
    whenever runs are looked at, so that nothing waits for a supervisor that was killed.

    Raises:
        JobError: the folder of runs cannot be used, or no process can be started.
    """
    to_do = (
        _waits(runs)
        or any(row["stop_asked"] for row in _begun(runs, living=True))
        or _out_of_sight(runs)
    )
    if held(runs.folder / SUPERVISOR_FILE) or not to_do:
        return False
    log = runs.folder / SUPERVISOR_LOG
    process = _spawn(command, log, {}, runs)
    threading.Thread(target=_reap, args=(process, runs), name="supervisor-end", daemon=True).start()
    return True


def _reap(process: subprocess.Popen[bytes], runs: Runs) -> None:
    """Wait for a supervisor's end, so that the system forgets it (it would stay in the list of
    processes otherwise); one that failed leaves the queue waiting, which people should know."""
    if process.wait() > 0:
        said = tail(runs.folder / SUPERVISOR_LOG, 1)
        with suppress(JobError):
            runs.database.notify(f"The queue could not go on ({said}).")


class Supervisor:
    """Starts the trainings of a folder, sees to it that they stop, and ends when nothing is left.

    Args:
        command: starts a trainer, if a run's id is put behind it.
    """

    def __init__(self, folder: Path, command: Sequence[str] = WORK) -> None:
        self._runs = Runs(folder)
        self._command = command
        self._child: tuple[str, subprocess.Popen[bytes]] | None = None
        self._followed = -FOLLOW_SECONDS
        self._asked: dict[str, float] = {}
        """When it was first seen that a run should stop, by the clock that is never set."""

    def run(self) -> None:
        """Supervise until nothing is left to do, or another supervisor is there."""
        while True:
            try:
                with hold(self._runs.folder / SUPERVISOR_FILE):
                    self._serve()
            except HeldError:
                return
            # Who queued a run just now may have found this supervisor still there.
            if not (_waits(self._runs) or _out_of_sight(self._runs)):
                return

    def _serve(self) -> None:
        troubles = 0
        while True:
            try:
                if troubles:
                    self._runs = Runs(self._runs.folder)  # sets a damaged database aside
                if self._step():
                    return
                troubles = 0
            except JobError as error:
                troubles += 1
                if troubles == TROUBLES:
                    raise
                print(error, file=sys.stderr, flush=True)
                time.sleep(TROUBLE_SECONDS)
            self._wait()

    def _step(self) -> bool:
        """Look once; true if nothing is left to do."""
        if self._child and self._child[1].poll() is not None:
            _note_end(self._runs, *self._child)
            self._child = None
        living = _begun(self._runs, living=True)
        for row in living:
            trim(self._runs.folder / row["id"] / LOG_FILE)
            self._press(row)
        if living or self._child:
            return False
        if ids := _out_of_sight(self._runs):
            self._follow(ids[0])
            return False
        queue = self._runs.queue()
        if not queue:
            self._runs.purge()
            return True
        self._begin(queue[0])
        return False

    def _follow(self, id: str) -> None:
        """Have a run followed that a cluster has, but not again and again if that fails."""
        if time.monotonic() - self._followed >= FOLLOW_SECONDS:
            self._followed = time.monotonic()
            self._begin(self._runs.get(id))

    def _begin(self, run: Run) -> None:
        cores = os.cpu_count() or 1
        threads = min(run.config.threads, cores) if run.config else 1
        environment = dict.fromkeys(THREADS, str(threads))
        try:
            command, log = (*self._command, run.id), run.folder / LOG_FILE
            self._child = run.id, _spawn(command, log, environment, self._runs)
        except JobError as error:
            _fail(self._runs, run.id, str(error))

    def _press(self, row: Any) -> None:
        """End a trainer that was asked to stop and does not; not one that waits for a cluster."""
        if not row["stop_asked"] or row["pid"] is None or at_cluster(self._runs.folder, row):
            self._asked.pop(row["id"], None)
            return
        waited = time.monotonic() - self._asked.setdefault(row["id"], time.monotonic())
        if waited > STOP_SECONDS:
            force = waited > STOP_SECONDS + KILL_SECONDS
            Identity(row["pid"], row["pid_began"]).end(force)

    def _wait(self) -> None:
        if self._child is None:
            time.sleep(POLL_SECONDS)
            return
        with suppress(subprocess.TimeoutExpired):
            self._child[1].wait(POLL_SECONDS)


def _begun(runs: Runs, living: bool) -> list[Any]:
    """Rows of the runs that began and did not say how they ended, with a living trainer or none."""
    with runs.database.read() as connection:
        rows = connection.execute(
            "SELECT * FROM runs WHERE started IS NOT NULL AND outcome IS NULL"
        ).fetchall()
    return [row for row in rows if held(runs.folder / row["id"] / LOCK_FILE) == living]


def _out_of_sight(runs: Runs) -> list[str]:
    """Runs that a cluster has and nobody here follows."""
    alone = [row for row in _begun(runs, living=False) if row["deleted"] is None]
    return [row["id"] for row in alone if at_cluster(runs.folder, row)]


def _waits(runs: Runs) -> bool:
    """Whether a run waits for its turn."""
    with runs.database.read() as connection:
        waiting = "SELECT 1 FROM runs WHERE position IS NOT NULL AND deleted IS NULL"
        return connection.execute(waiting).fetchone() is not None


def _note_end(runs: Runs, id: str, process: subprocess.Popen[bytes]) -> None:
    """Say of a trainer what it could not say itself: that it never began, or how it died."""
    if process.returncode in (0, LATER):
        return
    with runs.database.read() as connection:
        row = connection.execute("SELECT * FROM runs WHERE id = ?", (id,)).fetchone()
    message = death(process.returncode, tail(runs.folder / id / LOG_FILE, 1))
    if row is None:
        return
    if row["pid"] != process.pid:
        _fail(runs, id, message)
        return
    with runs.database.write() as connection:
        connection.execute(
            "UPDATE runs SET message = ? "
            "WHERE id = ? AND pid = ? AND position IS NULL AND outcome IS NULL AND message = ''",
            (FORCED if row["stop_asked"] else message, id, process.pid),
        )


def _fail(runs: Runs, id: str, message: str) -> None:
    """Out of the queue: it could not begin."""
    with runs.database.write() as connection:
        connection.execute(
            "UPDATE runs SET position = NULL, outcome = 'failed', message = ?, ended = ? "
            "WHERE id = ? AND position IS NOT NULL",
            (message, time.time(), id),
        )


def _spawn(
    command: Sequence[str], log: Path, environment: dict[str, str], runs: Runs
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that it outlives this one, what it prints going
    to a log."""
    try:
        trim(log)
        with log.open("ab") as file:
            return subprocess.Popen(
                command,
                cwd=REPOSITORY,
                env={**os.environ, "LESIONLAB_RUNS": str(runs.folder), **environment},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                **apart(),
            )
    except OSError as error:
        raise runs.database.unusable(error) from error
