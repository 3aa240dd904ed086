"""`answers.sqlite`: who practises, their quizzes and their answers.

SQLite's write-ahead log with full synchronisation: an answer that was confirmed is on the disk, and
survives that the browser, the server or the computer stops at any moment. Each use opens the file
and closes it again, so any number of threads and processes may share it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from core.errors import UserError
from core.system.ownership import ForeignFolderError, claim
from core.system.storage import ANSWERS

FILE = "answers.sqlite"
VERSION = 1
BUSY_SECONDS = 15.0

SCHEMA = """
CREATE TABLE profiles (
    id TEXT PRIMARY KEY,
    browser TEXT NOT NULL,
    nickname TEXT NOT NULL,
    used REAL NOT NULL,
    UNIQUE (browser, nickname)
);
CREATE TABLE quizzes (
    id TEXT PRIMARY KEY,
    profile TEXT NOT NULL REFERENCES profiles ON DELETE CASCADE,
    mode TEXT NOT NULL,
    level TEXT NOT NULL,
    started REAL NOT NULL,
    finished REAL
);
CREATE INDEX quizzes_of ON quizzes (profile, started);
CREATE TABLE cases (
    quiz TEXT NOT NULL REFERENCES quizzes ON DELETE CASCADE,
    position INTEGER NOT NULL,
    image TEXT NOT NULL,
    lesion TEXT NOT NULL,
    truth TEXT NOT NULL,
    named TEXT,
    probabilities TEXT,
    weights TEXT,
    closed REAL,
    PRIMARY KEY (quiz, position)
);
CREATE TABLE answers (
    quiz TEXT NOT NULL,
    position INTEGER NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('first', 'second')),
    diagnosis TEXT NOT NULL,
    confidence REAL,
    seconds REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (quiz, position, stage),
    FOREIGN KEY (quiz, position) REFERENCES cases ON DELETE CASCADE
);
CREATE TABLE classes (
    code TEXT PRIMARY KEY,
    names INTEGER NOT NULL,
    level TEXT NOT NULL,
    opened REAL NOT NULL,
    closed REAL,
    position INTEGER NOT NULL DEFAULT 0,
    revealed INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE class_cases (
    code TEXT NOT NULL REFERENCES classes ON DELETE CASCADE,
    position INTEGER NOT NULL,
    image TEXT NOT NULL,
    lesion TEXT NOT NULL,
    truth TEXT NOT NULL,
    PRIMARY KEY (code, position)
);
CREATE TABLE participants (
    id TEXT PRIMARY KEY,
    code TEXT NOT NULL REFERENCES classes ON DELETE CASCADE,
    browser TEXT NOT NULL,
    name TEXT NOT NULL,
    joined REAL NOT NULL,
    UNIQUE (code, browser)
);
CREATE TABLE class_answers (
    participant TEXT NOT NULL REFERENCES participants ON DELETE CASCADE,
    position INTEGER NOT NULL,
    diagnosis TEXT NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (participant, position)
);
"""
"""Times are seconds since 1970. `named`, `probabilities` (JSON) and `weights` (SHA-256) are the
model's answer."""


class LearningError(UserError, ValueError):
    """Answers cannot be kept or read; the message says what to do."""


class Database:
    """The file in a folder, which is made if it is not there.

    Raises:
        LearningError: by every method, if the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        try:
            claim(folder, ANSWERS)
            with closing(self._connect()) as connection:
                self._prepare(connection)
        except ForeignFolderError as error:
            raise LearningError(
                f"{error} The setting LESIONLAB_LEARNING names the folder."
            ) from error
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One moment's view."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Changes that happen together or, if the block raises, not at all. On the disk at its
        end."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def forget(self) -> None:
        """Leave nothing of what was deleted in the log beside the file, unless somebody reads."""
        try:
            with closing(self._connect()) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self._connect()) as connection:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        version = _version(connection)
        if version == VERSION:
            return
        if version > VERSION:
            raise LearningError(
                f"{self.path} is of a newer LesionLab. Get that one, or have LESIONLAB_LEARNING "
                "name another folder."
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if _version(connection) == 0:  # no one else has made them meanwhile
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")

    def _unusable(self, error: Exception) -> LearningError:
        code = getattr(error, "sqlite_errorcode", 0) or 0
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return LearningError(
                f"{self.path} is damaged ({error}). Put a copy of it back, or move it away to "
                "begin anew."
            )
        if code == sqlite3.SQLITE_FULL:
            return LearningError(
                f"The disk that holds {self.path} is full: this was not saved. Free some space on "
                "it, then confirm again."
            )
        return LearningError(
            f"{self.path} cannot be used ({error}): this was not saved. Make its folder writable, "
            "or set LESIONLAB_LEARNING to one that is, then try again."
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
