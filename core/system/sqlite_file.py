"""SQLite files that many threads and processes share. Each use opens the file and closes it again,
so that whoever comes after it was replaced finds the new one."""

import re
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import ClassVar

from core.errors import UserError

BUSY_SECONDS = 15.0
"""How long to wait for others."""
ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What reading or writing a file raises; Python's sqlite3 raises the second one instead of the
first where SQLite's message quotes damaged text."""


class SQLiteFile(ABC):
    """A file with tables of a known version.

    Attributes:
        schema: the statements that make them.
        version: kept in the file (`PRAGMA user_version`).
        additions: by version, the statements that make its tables of those of the version before.
            Those of all versions after the first are here; `schema` makes the first one's.
        pragmas: of each connection.
    """

    schema: ClassVar[str]
    version: ClassVar[int] = 1
    additions: ClassVar[Mapping[int, str]] = {}
    pragmas: ClassVar[tuple[str, ...]] = ()

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def unusable(self, error: Exception) -> UserError:
        """A sentence for an error in reading or writing the file."""

    @abstractmethod
    def foreign(self) -> UserError:
        """A sentence for a file that holds other tables."""

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One moment's view. Raises what `unusable` returns."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Changes that happen together or, if the block raises, not at all; no one else writes
        meanwhile. Raises what `unusable` returns."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def rows(self, statement: str, *values: object) -> list[sqlite3.Row]:
        """What one statement finds. Raises what `unusable` returns."""
        with self.read() as connection:
            return connection.execute(statement, values).fetchall()

    def connect(self) -> sqlite3.Connection:
        """To be closed again; by itself each statement is a transaction."""
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # That of a damaged file need not be UTF-8.
        connection.text_factory = lambda text: text.decode(errors="replace")
        for pragma in self.pragmas:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def holds_ours(self, connection: sqlite3.Connection) -> bool:
        """Whether the file has our tables; False if it has none at all. Raises what `foreign`
        returns of any other, and `sqlite3.DatabaseError`, as of a damaged file, where tables of
        this version lack columns."""
        version = version_of(connection)  # before the tables, which others may be adding
        found = _columns(connection)
        if found and not found.keys() >= set(re.findall(r"CREATE TABLE (\w+)", self.schema)):
            raise self.foreign()
        if found and version == self.version:
            for table, columns in self._own_columns().items():
                if lacking := columns - found.get(table, set()):
                    error = sqlite3.DatabaseError(f"{table} lacks {', '.join(sorted(lacking))}")
                    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                    raise error
        return bool(found)

    @classmethod
    @cache
    def _own_columns(cls) -> dict[str, set[str]]:
        with closing(sqlite3.connect(":memory:")) as connection:
            for statements in (cls.schema, *(text for _, text in sorted(cls.additions.items()))):
                connection.executescript(statements)
            return _columns(connection)

    def make_tables(self, connection: sqlite3.Connection) -> None:
        """Those of a file that has none of this version; what it has of an earlier one stays."""
        _use_wal(connection)
        connection.execute("BEGIN IMMEDIATE")
        found = version_of(connection)  # somebody else may have made them meanwhile
        for version in range(found + 1, self.version + 1):
            made = self.schema if version == 1 else self.additions[version]
            for statement in made.split(";"):
                connection.execute(statement)
        if found < self.version:
            connection.execute(f"PRAGMA user_version = {self.version}")
        connection.execute("COMMIT")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        try:
            with closing(self.connect()) as connection:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
        except ERRORS as error:
            raise self.unusable(error) from error


def _columns(connection: sqlite3.Connection) -> dict[str, set[str]]:
    """Of each table."""
    found: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
        "WHERE m.type = 'table'"
    ):
        found.setdefault(table, set()).add(column)
    return found


def version_of(connection: sqlite3.Connection) -> int:
    """Of a file's tables; 0 of a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_damaged(error: BaseException) -> bool:
    """Whether an error says that a file is no SQLite file, or no whole one."""
    if isinstance(error, UnicodeDecodeError):
        return True
    code = getattr(error, "sqlite_errorcode", None) or 0
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


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
