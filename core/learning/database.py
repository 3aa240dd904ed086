"""`answers.sqlite`: who practises, their quizzes and their answers.

SQLite's write-ahead log with full synchronisation: an answer that was confirmed is on the disk, and
survives that the browser, the server or the computer stops at any moment.
"""

from contextlib import closing
from pathlib import Path
from typing import ClassVar

from core.errors import UserError
from core.system.disk_space import is_disk_full
from core.system.ownership import ForeignFolderError, claim
from core.system.sqlite_file import ERRORS, SQLiteFile, is_damaged, version_of
from core.system.storage import ANSWERS

FILE = "answers.sqlite"

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

OUTLINES = """
CREATE TABLE outlines (
    quiz TEXT NOT NULL,
    position INTEGER NOT NULL,
    points TEXT NOT NULL,
    scores TEXT,
    weights TEXT,
    PRIMARY KEY (quiz, position),
    FOREIGN KEY (quiz, position) REFERENCES cases ON DELETE CASCADE
);
"""
"""Points (or a painted area) and scores are JSON (`core.learning.outlines`), `weights` those of the
model that outlines (SHA-256)."""


BEGINNING = "ALTER TABLE classes ADD COLUMN begun INTEGER NOT NULL DEFAULT 1"
"""Whether the first case of a class is asked; until then its participants wait."""


class LearningError(UserError, ValueError):
    """Answers cannot be kept or read; the message says what to do."""


class Database(SQLiteFile):
    """The file in a folder, which is made if it is not there.

    Raises:
        LearningError: by every method, if the file cannot be used.
    """

    schema = SCHEMA
    additions: ClassVar = {2: OUTLINES, 3: BEGINNING}
    version = 3
    pragmas = ("foreign_keys = ON", "synchronous = FULL", "secure_delete = ON")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / FILE)
        try:
            claim(folder, ANSWERS)
            with closing(self.connect()) as connection:
                if self.holds_ours(connection) and version_of(connection) > self.version:
                    raise LearningError(
                        f"{self.path} is of a newer LesionLab. Get that one, or have "
                        "LESIONLAB_LEARNING name another folder."
                    )
                if version_of(connection) < self.version:
                    self.make_tables(connection)
        except ForeignFolderError as error:
            raise LearningError(
                f"{error} The setting LESIONLAB_LEARNING names the folder."
            ) from error
        except (OSError, *ERRORS) as error:
            raise self.unusable(error) from error

    def forget(self) -> None:
        """Leave nothing of what was deleted in the log beside the file, unless somebody reads."""
        try:
            with closing(self.connect()) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except ERRORS as error:
            raise self.unusable(error) from error

    def unusable(self, error: Exception) -> LearningError:
        """See `SQLiteFile`."""
        if is_damaged(error):
            return LearningError(
                f"{self.path} is damaged ({error}). Put a copy of it back, or move it away to "
                "begin again."
            )
        if is_disk_full(error):
            return LearningError(
                f"The disk that holds {self.path} is full. Free some space on it, then try again."
            )
        return LearningError(
            f"{self.path} cannot be used ({error}). Make its folder writable, or set "
            "LESIONLAB_LEARNING to one that is, then try again."
        )

    def foreign(self) -> LearningError:
        """See `SQLiteFile`."""
        return LearningError(
            f"{self.path} is not LesionLab's file of answers, so it is left alone. Move it away, "
            "or set LESIONLAB_LEARNING to another folder."
        )
