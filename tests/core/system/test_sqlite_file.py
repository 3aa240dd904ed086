"""SQLite files that many share."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import ClassVar

import pytest

from core.errors import UserError
from core.system.sqlite_file import SQLiteFile, is_damaged, version_of


class Numbers(SQLiteFile):
    schema = "CREATE TABLE numbers (n INTEGER PRIMARY KEY);"

    def unusable(self, error: Exception) -> UserError:
        return UserError(f"{self.path.name}: {error}")

    def foreign(self) -> UserError:
        return UserError(f"{self.path.name} holds something else")


@pytest.fixture
def numbers(tmp_path: Path) -> Numbers:
    made = Numbers(tmp_path / "numbers.sqlite")
    with closing(made.connect()) as connection:
        made.make_tables(connection)
    return made


def test_many_may_make_the_tables_at_once(tmp_path: Path) -> None:
    several = 8
    together = Barrier(several)

    def begin(number: int) -> None:
        opened = Numbers(tmp_path / "numbers.sqlite")
        together.wait()
        with closing(opened.connect()) as connection:
            opened.make_tables(connection)
        with opened.write() as connection:
            connection.execute("INSERT INTO numbers VALUES (?)", (number,))

    with ThreadPoolExecutor(several) as threads:
        list(threads.map(begin, range(several)))
    with Numbers(tmp_path / "numbers.sqlite").read() as connection:
        assert version_of(connection) == Numbers.version
        assert [row["n"] for row in connection.execute("SELECT n FROM numbers")] == [
            *range(several)
        ]


def test_changes_happen_together_or_not_at_all(numbers: Numbers) -> None:
    def add(*several: int) -> None:
        with numbers.write() as connection:
            for number in several:
                connection.execute("INSERT INTO numbers VALUES (?)", (number,))
            if len(several) == 1:
                raise LookupError

    with pytest.raises(UserError, match="UNIQUE"):
        add(1, 2, 1)
    with pytest.raises(LookupError):
        add(3)
    with numbers.read() as connection:
        assert not connection.execute("SELECT n FROM numbers").fetchall()


def test_a_file_with_other_tables_is_not_ours(tmp_path: Path) -> None:
    file = Numbers(tmp_path / "numbers.sqlite")
    with closing(file.connect()) as connection:
        assert not file.holds_ours(connection)
        connection.execute("CREATE TABLE holidays (day TEXT)")
        with pytest.raises(UserError, match="something else"):
            file.holds_ours(connection)
        connection.execute("CREATE TABLE numbers (n INTEGER)")
        assert file.holds_ours(connection)


def test_a_damaged_file_is_known(tmp_path: Path) -> None:
    (tmp_path / "numbers.sqlite").write_bytes(b"no database" * 500)
    connection = Numbers(tmp_path / "numbers.sqlite").connect()
    with closing(connection), pytest.raises(sqlite3.DatabaseError) as raised:
        version_of(connection)
    assert is_damaged(raised.value)
    assert not is_damaged(OSError(28, "No space left on device"))


def test_a_table_that_lacks_columns_is_damaged(numbers: Numbers) -> None:
    with numbers.write() as connection:
        connection.execute("ALTER TABLE numbers RENAME COLUMN n TO m")
    with closing(numbers.connect()) as connection, pytest.raises(sqlite3.DatabaseError) as raised:
        numbers.holds_ours(connection)
    assert is_damaged(raised.value)


def test_a_later_version_adds_to_what_is_there(numbers: Numbers) -> None:
    class Later(Numbers):
        additions: ClassVar = {2: "CREATE TABLE words (w TEXT)", 3: "CREATE TABLE more (m TEXT)"}
        version = 3

    with numbers.write() as connection:
        connection.execute("INSERT INTO numbers VALUES (7)")
    later = Later(numbers.path)
    for _ in range(2):
        with closing(later.connect()) as connection:
            later.make_tables(connection)
    with later.read() as connection:
        assert version_of(connection) == 3
        assert [row["n"] for row in connection.execute("SELECT n FROM numbers")] == [7]
        assert not connection.execute("SELECT w, m FROM words, more").fetchall()
    fresh = Later(numbers.path.with_name("fresh.sqlite"))
    with closing(fresh.connect()) as connection:
        fresh.make_tables(connection)
        assert not connection.execute("SELECT n, w, m FROM numbers, words, more").fetchall()
