"""`runs.sqlite`: what a person said of the runs (names, order, wishes) and what their trainers said
at their end. A damaged file is set aside: the runs themselves are folders."""

from __future__ import annotations

import errno
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from core.errors import UserError
from core.system.run_folder import is_run
from train.jobs.locks import BusyError, hold

DATABASE_FILE = "runs.sqlite"
VERSION = 1
BUSY_SECONDS = 15.0
OURS = {"runs", "notices"}
"""The tables."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

SCHEMA = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    notes TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL,
    position INTEGER,
    started REAL,
    ended REAL,
    outcome TEXT CHECK (outcome IN ('finished', 'failed', 'stopped')),
    message TEXT NOT NULL DEFAULT '',
    stop_asked INTEGER NOT NULL DEFAULT 0,
    pid INTEGER,
    pid_began REAL,
    deleted REAL
);
CREATE TABLE notices (text TEXT PRIMARY KEY);
"""
"""Times are seconds since 1970. `position` orders those that wait. `started`, `ended`, `outcome`,
`message`, `stop_asked`, `pid` and `pid_began` belong to the latest attempt."""
_sound_states: dict[Path, tuple[int, int, int]] = {}
"""Of each file its inode, size and time of change when it was last found whole."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or someone's share of it, is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


class JobError(UserError, ValueError):
    """Something that cannot be done with a run; the message tells a person what to do instead."""


class Database:
    """The file in a folder of runs, which is made if it is not there.

    Every use opens the file and closes it, so that whoever comes after it was set aside finds the
    new one.

    Raises:
        JobError: the folder cannot be written.
    """

    changes: ClassVar[Counter[Path]] = Counter()
    """How often this process has written to each file."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / DATABASE_FILE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._sound():
                self._set_aside()
        except (OSError, BusyError) as error:
            raise self.unusable(error) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One moment's view. Raises JobError."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Changes that happen together or, if the block raises, not at all; no one else writes
        meanwhile. Raises JobError."""
        try:
            with self._transaction("BEGIN IMMEDIATE") as connection:
                yield connection
        finally:
            self.changes[self.path] += 1

    def notify(self, text: str) -> None:
        """Leave word for a person, who sees it with the runs; once only. Raises JobError."""
        with self.write() as connection:
            connection.execute("INSERT OR IGNORE INTO notices VALUES (?)", (text,))

    def unusable(self, error: Exception) -> JobError:
        """A sentence for an error in writing to the folder."""
        if is_disk_full(error):
            return JobError(f"The disk that holds {self.folder} is full. Free some space on it.")
        return JobError(
            f"The folder of runs, {self.folder}, cannot be used ({error}). Make it writable, or "
            "set LESIONLAB_RUNS to a folder you may write to."
        )

    def _foreign(self) -> JobError:
        return JobError(
            f"{self.path} is not LesionLab's list of runs, so it is left alone. Move it away, or "
            "set LESIONLAB_RUNS to another folder."
        )

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as connection:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self.unusable(error) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def _sound(self) -> bool:
        """Whether the file can be used; makes the tables of a new one."""
        try:
            with closing(self._connect()) as connection:
                if not self._checked(connection):
                    return False
                tables = _tables(connection)
                if _version(connection) == VERSION and tables >= OURS:
                    return True
                if tables:
                    raise self._foreign()
                _use_wal(connection)
                connection.execute("BEGIN IMMEDIATE")
                if _version(connection) != VERSION:  # no one else has made them meanwhile
                    for statement in SCHEMA.split(";"):
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {VERSION}")
                connection.execute("COMMIT")
                return True
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                return False
            raise self.unusable(error) from error

    def _checked(self, connection: sqlite3.Connection) -> bool:
        """SQLite's own check, once for each state of the file in this process: pages look at the
        runs every two seconds."""
        facts = self.path.stat()
        state = (facts.st_ino, facts.st_size, facts.st_mtime_ns)
        if _sound_states.get(self.path) != state:
            if connection.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                return False
            _sound_states[self.path] = state
        return True

    def _set_aside(self) -> None:
        if not any(is_run(folder) for folder in self.folder.iterdir()):
            raise self._foreign()
        with hold(self.folder / ".lesionlab-repair.lock", BUSY_SECONDS):
            if self._sound():  # another process was quicker
                return
            name = f"runs-damaged-{datetime.now():%Y%m%d-%H%M%S}.sqlite"
            for suffix in ("-wal", "-shm", ""):
                file = self.path.with_name(DATABASE_FILE + suffix)
                if file.exists():
                    file.rename(self.folder / (name + suffix))
            self._sound()
            self.notify(
                f"The list of runs was damaged and is set aside as {name}. All runs were read in "
                "again from their folders; their names and notes, the queue and the bin could not "
                "be."
            )


def _use_wal(connection: sqlite3.Connection) -> None:
    """Write-ahead logging, for good. SQLite does not wait by itself for the others who have just
    opened the new file."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row["name"] for row in rows}


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
