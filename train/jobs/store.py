"""The runs of a folder, as a person deals with them."""

from __future__ import annotations

import math
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.models.registry import kinds_in_use, use_shipped
from core.settings import Settings
from core.system import ownership
from core.system.locks import HeldError, held, hold
from core.system.run_folder import RUN
from train.config import Config, ConfigError
from train.config_files import write_run_config
from train.jobs.database import Database, JobError
from train.jobs.logs import LOG_FILE, tail
from train.jobs.record import Record, read_record
from train.jobs.run_files import (
    SIGNS,
    as_time,
    changed_at,
    config_and_problem,
    discard,
    holds_a_run,
    is_finished,
    new_folder,
    read_metrics,
    sync_to_disk,
)
from train.jobs.states import ACTIVE, AT_WORK, Run, derive
from train.jobs.watch import PROGRESS_FILE, read_live, read_progress
from train.jobs.words import gone
from train.names import checked_name, with_absolute_paths

LOCK_FILE = "lock"
"""In a run's folder: its trainer holds it while it lives."""
BIN_DAYS = 7.0
RECENT_SECONDS = 1.0
_RECENT_LOCK = threading.Lock()
_recent: dict[Path, tuple[int, float, list[Run]]] = {}
"""Of each list of runs: how often it had been written to, when it was read, and what was read."""


class Runs:
    """All runs of a folder. Cheap to make; any number of processes may use one folder at once.

    Args:
        folder: made if it is not there.

    Raises:
        JobError: the folder cannot be written. Every method raises it, too, when that happens
            later, and if there is no run of the id it is given.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = Database(folder)

    @classmethod
    def open(cls) -> Runs:
        """Those of the folder that LESIONLAB_RUNS names."""
        return cls(Settings.from_environment().runs)

    @property
    def notice(self) -> str:
        """Something a person should know (a damaged list of runs was set aside, the queue cannot
        go on); empty if nothing."""
        with self.database.read() as connection:
            return " ".join(row["text"] for row in connection.execute("SELECT text FROM notices"))

    def dismiss_notice(self) -> None:
        """The notice has been read."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM notices")

    # Looking

    def all(self) -> list[Run]:
        """Every run that is not in the bin, the newest first; also those that were started from
        the command line."""
        return [run for run in self._runs() if run.deleted is None]

    def recent(self) -> list[Run]:
        """`all`, read at most a second ago for everybody whom this process serves; what was changed
        by this process is always seen."""
        path, now = self.database.path, time.monotonic()
        with _RECENT_LOCK:
            state, read, found = _recent.get(path, (-1, -math.inf, []))
            if state != self.database.changes[path] or now - read > RECENT_SECONDS:
                state, found = self.database.changes[path], self.all()
                _recent[path] = (state, time.monotonic(), found)
            return list(found)

    def queue(self) -> list[Run]:
        """Those that wait, the next one first."""
        waiting = [run for run in self.all() if run.state == "queued"]
        return sorted(waiting, key=lambda run: run.position or 0)

    def bin(self) -> list[Run]:
        """Deleted runs that can still be restored, the last deleted first."""
        deleted = [(run.deleted, run) for run in self._runs() if run.deleted is not None]
        return [run for _, run in sorted(deleted, key=lambda pair: pair[0], reverse=True)]

    def get(self, id: str) -> Run:
        """One run, in the bin or not."""
        self._reconcile()
        with self.database.read() as connection:
            return self._run(_row(connection, id), _places(connection))

    def metrics(self, id: str) -> list[dict[str, float]]:
        """Rows of `metrics.csv`, one per finished epoch; empty before the first."""
        return read_metrics(self._folder(id))

    def live(self, id: str) -> list[dict[str, float]]:
        """The way through the epochs, see `train.jobs.watch.read_live`."""
        return read_live(self._folder(id))

    def log(self, id: str, lines: int = 40) -> str:
        """The last lines of what the trainer printed; empty if nothing."""
        return tail(self._folder(id) / LOG_FILE, lines)

    # Starting and stopping

    def create(self, config: Config, name: str, notes: str = "") -> str:
        """Make a run and put it at the end of the queue; returns its id. `ensure_supervisor` comes
        next."""
        name, folder = _named(name), None
        try:
            with self.database.write() as connection:
                folder = new_folder(self.folder, name)
                write_run_config(folder, with_absolute_paths(config))
                sync_to_disk(folder / "config.json")
                connection.execute(
                    "INSERT INTO runs (id, name, notes, created, position) VALUES (?, ?, ?, ?, ?)",
                    (folder.name, name, notes, time.time(), _last_place(connection)),
                )
        except (JobError, OSError) as error:
            if folder is not None:
                discard(folder)
            if isinstance(error, OSError):
                raise self.database.unusable(error) from error
            raise
        return folder.name

    def resume(self, id: str) -> None:
        """Put a failed, stopped or interrupted run at the end of the queue, to go on after its last
        finished epoch. Does nothing if it waits there.

        Raises:
            JobError: it runs, has finished, is in the bin, or its choices cannot be read.
        """
        run = self.get(id)
        if run.state == "queued" and run.deleted is None:
            return
        if not run.resumable:
            raise JobError(
                f"“{run.name}” is in the bin: restore it first."
                if run.deleted
                else run.message
                if run.config is None
                else f"“{run.name}” is {run.state}: there is nothing to resume."
            )
        with self.database.write() as connection:
            connection.execute(
                "UPDATE runs SET position = ? WHERE id = ? AND position IS NULL",
                (_last_place(connection), id),
            )

    def stop(self, id: str) -> None:
        """Take a run out of the queue, or ask its trainer to stop after the step at hand; finished
        epochs stay. Does nothing if it has ended. `ensure_supervisor` comes next: it sees to it."""
        self._reconcile()
        with self.database.write() as connection:
            # A trainer takes its lock, and then its run out of the queue as one change like this
            # one: whichever comes first, the other sees it.
            row = _row(connection, id)
            if held(self.folder / id / LOCK_FILE) or at_cluster(self.folder, row):
                connection.execute("UPDATE runs SET stop_asked = 1 WHERE id = ?", (id,))
            connection.execute(
                "UPDATE runs SET outcome = 'stopped', ended = ?, message = ? "
                "WHERE id = ? AND position IS NOT NULL AND started IS NULL",
                (time.time(), "Taken out of the queue before it began.", id),
            )
            connection.execute("UPDATE runs SET position = NULL WHERE id = ?", (id,))

    def move(self, id: str, places: int) -> None:
        """Change the queue's order: -1 is one place towards its front, 1 towards its end. Nothing
        happens at its ends, or if the run does not wait."""
        with self.database.write() as connection:
            _row(connection, id)
            order = list(_places(connection))
            if id not in order:
                return
            place = min(max(order.index(id) + places, 0), len(order) - 1)
            order.remove(id)
            order.insert(place, id)
            connection.executemany(
                "UPDATE runs SET position = ? WHERE id = ?",
                [(place, id) for place, id in enumerate(order, start=1)],
            )

    # Names and notes

    def rename(self, id: str, name: str) -> None:
        """Call it something else; its folder keeps its name. Raises JobError: the name is empty."""
        self._set(id, name=_named(name))

    def set_notes(self, id: str, notes: str) -> None:
        """Notes of any length."""
        self._set(id, notes=notes)

    # The bin

    def delete(self, id: str) -> None:
        """Move to the bin; `restore` takes it back, also into the queue if it waited there. If the
        app uses a model of it, the shipped one is used from then on. Raises JobError: it runs."""
        run = self.get(id)
        if run.state in AT_WORK:
            raise JobError(f"“{run.name}” is {run.state}: stop it before you delete it.")
        for kind in kinds_in_use(run.folder):
            try:
                use_shipped(kind)
            except OSError as error:
                raise self.database.unusable(error) from error
        self._set(id, deleted=time.time())

    def restore(self, id: str) -> None:
        """Out of the bin. Nothing happens if it is not there."""
        self._set(id, deleted=None)

    def purge(self, days: float = BIN_DAYS) -> int:
        """Remove for good, with their folders, runs that have been in the bin for so many days; 0
        empties it. A folder that LesionLab did not make stays. Returns how many."""
        old = datetime.fromtimestamp(time.time() - days * 86400, UTC)
        removed = 0
        for run in self.bin():
            if run.deleted is None or run.deleted > old:
                continue
            try:
                with hold(run.folder / LOCK_FILE):
                    pass  # nobody is at work in it
            except (HeldError, OSError):
                continue
            removed += ownership.remove(run.folder, RUN)  # what is in the bin does not begin
        self._reconcile()
        return removed

    def _folder(self, id: str) -> Path:
        """A run's folder, without reading what is in it."""
        with self.database.read() as connection:
            known = connection.execute("SELECT 1 FROM runs WHERE id = ?", (id,)).fetchone()
        return self.folder / id if known else self.get(id).folder

    def _set(self, id: str, **values: Any) -> None:
        with self.database.write() as connection:
            _row(connection, id)
            columns = ", ".join(f"{column} = ?" for column in values)
            statement = f"UPDATE runs SET {columns} WHERE id = ?"  # noqa: S608 - names of ours
            connection.execute(statement, (*values.values(), id))

    def _runs(self) -> Iterator[Run]:
        self._reconcile()
        with self.database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM runs ORDER BY created DESC, id DESC"
            ).fetchall()
            places = _places(connection)
        return (self._run(row, places) for row in rows)

    def _reconcile(self) -> None:
        """Take in folders of runs that have no row, and drop rows whose folder was removed."""
        with self.database.read() as connection:
            known = {row["id"] for row in connection.execute("SELECT id FROM runs")}
        if known == self._folders():
            return
        with self.database.write() as connection:  # `create` has a folder and no row only in here
            known = {row["id"] for row in connection.execute("SELECT id FROM runs")}
            found = self._folders()
            connection.executemany("DELETE FROM runs WHERE id = ?", [(id,) for id in known - found])
            for id in found - known:
                finished = "finished" if is_finished(self.folder / id) else None
                made = changed_at(self.folder / id, SIGNS) or time.time()
                connection.execute(
                    "INSERT INTO runs (id, name, created, started, outcome) VALUES (?, ?, ?, ?, ?)",
                    (id, id, made, made, finished),
                )

    def _folders(self) -> set[str]:
        try:
            with os.scandir(self.folder) as entries:
                return {
                    entry.name for entry in entries if entry.is_dir() and holds_a_run(Path(entry))
                }
        except OSError as error:
            raise self.database.unusable(error) from error

    def _run(self, row: sqlite3.Row, places: dict[str, int]) -> Run:
        folder = self.folder / row["id"]
        while True:
            living = held(folder / LOCK_FILE)
            if living or row["position"] is not None or row["outcome"] is not None:
                break
            # It seems to be gone without a word. A trainer that said how it ended did so before it
            # let go of the lock: if the row is still the same, nothing was said.
            with self.database.read() as connection:
                again = _row(connection, row["id"])
            if again == row:
                break
            row = again
        record = at_cluster(self.folder, row)
        out_of_sight = record is not None and (not living or bool(record.problem))
        state = derive(
            living, row["position"] is not None, row["outcome"], row["stop_asked"], out_of_sight
        )
        seen = state in ("running", "stopping")
        phase, progress = read_progress(folder) if seen else (None, None)
        config, problem = config_and_problem(folder)
        message = "" if state in ACTIVE else row["message"]
        if state == "unknown" and record is not None:
            message = record.unknown
        if state == "interrupted" and not message:
            message = gone(folder)
        ended = row["ended"] or changed_at(folder, (PROGRESS_FILE, "last.ckpt", *SIGNS))
        rows = read_metrics(folder)
        return Run(
            id=row["id"],
            name=row["name"],
            notes=row["notes"],
            folder=folder,
            kind=config.kind if config else None,
            config=config,
            state=state,
            phase=phase,
            progress=progress,
            created=datetime.fromtimestamp(row["created"], UTC),
            started=as_time(row["started"]),
            ended=None if state in ACTIVE else as_time(ended),
            message=" ".join(part for part in (message, problem) if part),
            position=places.get(row["id"]),
            epochs=len(rows),
            best=max(rows, key=lambda r: r.get("val_score", float("-inf")), default={}),
            deleted=as_time(row["deleted"]),
        )


def at_cluster(folder: Path, row: sqlite3.Row) -> Record | None:
    """The job of a cluster that is at a run, which began and did not say how it ended."""
    begun = row["started"] is not None and row["position"] is None and row["outcome"] is None
    return read_record(folder / row["id"]) if begun else None


def _row(connection: sqlite3.Connection, id: str) -> sqlite3.Row:
    row = connection.execute("SELECT * FROM runs WHERE id = ?", (id,)).fetchone()
    if row is None:
        raise JobError(f"There is no run {id} (any more).")
    return row


def _places(connection: sqlite3.Connection) -> dict[str, int]:
    """Ids of those that wait, in order, each with its place from 1."""
    rows = connection.execute(
        "SELECT id FROM runs WHERE position IS NOT NULL AND deleted IS NULL ORDER BY position"
    )
    return {row["id"]: place for place, row in enumerate(rows, start=1)}


def _last_place(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT 1 + COALESCE(MAX(position), 0) FROM runs").fetchone()[0])


def _named(name: str) -> str:
    try:
        return checked_name(name)
    except ConfigError as error:
        raise JobError(str(error)) from error
