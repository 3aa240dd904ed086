"""`runs.sqlite`: what a person said of the runs (names, order, wishes) and what their trainers said
at their end. A damaged file is set aside: the runs themselves are folders."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from core.errors import UserError
from core.system.disk_space import is_disk_full
from core.system.locks import HeldError, hold
from core.system.run_folder import is_run
from core.system.sqlite_file import BUSY_SECONDS, ERRORS, SQLiteFile, is_damaged, version_of

DATABASE_FILE = "runs.sqlite"

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


class JobError(UserError, ValueError):
    """Something that cannot be done with a run; the message tells a person what to do instead."""


class Database(SQLiteFile):
    """The file in a folder of runs, which is made if it is not there.

    Raises:
        JobError: the folder cannot be written.
    """

    schema = SCHEMA
    changes: ClassVar[Counter[Path]] = Counter()
    """How often this process has written to each file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / DATABASE_FILE)
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not self._sound():
                self._set_aside()
        except (OSError, HeldError) as error:
            raise self.unusable(error) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """As any file's, and counted in `changes`."""
        try:
            with super().write() as connection:
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

    def foreign(self) -> JobError:
        """A sentence for a file that is something else."""
        return JobError(
            f"{self.path} is not LesionLab's list of runs, so it is left alone. Move it away, or "
            "set LESIONLAB_RUNS to another folder."
        )

    def _sound(self) -> bool:
        """Whether the file can be used; makes the tables of a new one."""
        try:
            with closing(self.connect()) as connection:
                if not self._checked(connection):
                    return False
                if not self.holds_ours(connection):
                    self.make_tables(connection)
                elif version_of(connection) != self.version:
                    raise self.foreign()
                return True
        except ERRORS as error:
            if is_damaged(error):
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
            raise self.foreign()
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
