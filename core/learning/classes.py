"""A class that answers the same cases at the same time, kept in `core.learning.database`.

The teacher leads from case to case; everything that was answered is on the disk, so that a stopped
server loses nothing and the class goes on where it was.
"""

from __future__ import annotations

import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from core.batch.tables import sheet
from core.learning.cases import QuizCase
from core.learning.database import Database, LearningError
from core.learning.store import alike, clean_nickname, hashed
from core.settings import Settings
from core.taxonomy import KEYS

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Of codes: without what is easily mistaken."""
CODE_LENGTH = 6
MOST_PARTICIPANTS = 300
COLUMNS = ["participant", "case", "image", "truth", "answer", "right", "note"]


@dataclass(frozen=True)
class CaseTally:
    """How a case of a class was answered.

    Attributes:
        position: from 0.
        image, truth: of the case; the truth is for who may know it.
        tally: diagnosis -> answers.
    """

    position: int
    image: str
    truth: str
    tally: Mapping[str, int]

    @property
    def answered(self) -> int:
        """How many have answered it."""
        return sum(self.tally.values())

    @property
    def right(self) -> int:
        """How many of them were right."""
        return self.tally.get(self.truth, 0)


@dataclass(frozen=True)
class ClassView(CaseTally):
    """What everybody sees of a class at a moment: the case that is asked, and the class.

    Attributes:
        code: by which one joins.
        names: whether the wall shows names.
        begun: whether the first case is asked; until then everybody waits.
        of: how many cases there are.
        revealed: whether the truth of that case is out.
        closed: whether the class has ended.
        participants: how many have joined.
        scores: name -> right answers so far, of revealed cases; empty without names.
    """

    code: str
    names: bool
    begun: bool
    of: int
    revealed: bool
    closed: bool
    participants: int
    scores: Mapping[str, int]

    @property
    def last(self) -> bool:
        """Whether no case comes after this one."""
        return self.position + 1 >= self.of


class NoClassError(LearningError):
    """There is no class of that code."""


class Classes:
    """All classes of a folder.

    Raises:
        LearningError: by every method, if nothing can be read or kept.
        NoClassError: by those that are given a code, if there is no such class.
    """

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)

    @classmethod
    def open(cls) -> Classes:
        """Those of the folder that LESIONLAB_LEARNING names."""
        return cls(Settings.from_environment().learning)

    def start(self, cases: Sequence[QuizCase], level: str, names: bool) -> str:
        """Open a class, which waits for `begin`; returns its code."""
        with self.database.write() as connection:
            taken = {row[0] for row in connection.execute("SELECT code FROM classes")}
            code = _new_code()
            while code in taken:
                code = _new_code()
            connection.execute(
                "INSERT INTO classes (code, names, level, opened, begun) VALUES (?, ?, ?, ?, 0)",
                (code, names, level, time.time()),
            )
            connection.executemany(
                "INSERT INTO class_cases VALUES (?, ?, ?, ?, ?)",
                [(code, n, c.image, c.lesion, c.truth) for n, c in enumerate(cases)],
            )
        return code

    def current(self) -> list[str]:
        """Codes of the classes that are open, the newest first."""
        rows = self.database.rows(
            "SELECT code FROM classes WHERE closed IS NULL ORDER BY opened DESC"
        )
        return [str(row["code"]) for row in rows]

    def ended(self) -> dict[str, datetime]:
        """Codes of the classes that have ended, the last first, with when (UTC)."""
        rows = self.database.rows(
            "SELECT code, closed FROM classes WHERE closed IS NOT NULL ORDER BY closed DESC"
        )
        return {str(r["code"]): datetime.fromtimestamp(r["closed"], UTC) for r in rows}

    def join(self, code: str, browser: str, name: str = "") -> str:
        """Take part; returns the participant's id, the same one when a browser comes back.

        Args:
            code: as `clean_code` gives it.
            browser: its key.
            name: for the wall, where the class shows names; elsewhere it is not kept.
        """
        with self.database.write() as connection:
            found = _class(connection, code)
            known = connection.execute(
                "SELECT id FROM participants WHERE code = ? AND browser = ?",
                (code, hashed(browser)),
            ).fetchone()
            if known:
                return str(known["id"])
            if found["closed"] is not None:
                raise LearningError("This class has ended.")
            if found["participants"] >= MOST_PARTICIPANTS:
                raise LearningError(f"This class is full ({MOST_PARTICIPANTS} participants).")
            number = found["participants"] + 1
            shown = clean_nickname(name) if found["names"] else f"Participant {number}"
            taken = connection.execute("SELECT name FROM participants WHERE code = ?", (code,))
            if any(alike(row["name"], shown) for row in taken):
                raise LearningError("Somebody in this class has that nickname. Choose another.")
            participant = secrets.token_urlsafe(12)
            connection.execute(
                "INSERT INTO participants VALUES (?, ?, ?, ?, ?)",
                (participant, code, hashed(browser), shown, time.time()),
            )
            return participant

    def participant(self, code: str, browser: str) -> str | None:
        """The id of a browser that has joined."""
        rows = self.database.rows(
            "SELECT id FROM participants WHERE code = ? AND browser = ?", code, hashed(browser)
        )
        return str(rows[0]["id"]) if rows else None

    def answer(self, code: str, participant: str, position: int, diagnosis: str) -> None:
        """Keep an answer; it may be changed until the case is revealed.

        Raises:
            LearningError: also if it comes too late, or is no diagnosis.
        """
        if diagnosis not in KEYS:
            raise LearningError("Choose one of the seven diagnoses.")
        with self.database.write() as connection:
            found = _class(connection, code)
            if not found["begun"]:
                raise LearningError("The class has not begun yet.")
            asked = found["closed"] is None and not found["revealed"]
            if not asked or found["position"] != position:
                raise LearningError("This case is already revealed: the answer came too late.")
            done = connection.execute(
                "INSERT INTO class_answers SELECT id, ?, ?, ? FROM participants "
                "WHERE id = ? AND code = ? ON CONFLICT (participant, position) "
                "DO UPDATE SET diagnosis = excluded.diagnosis, at = excluded.at",
                (position, diagnosis, time.time(), participant, code),
            )
            if done.rowcount != 1:
                raise LearningError("You have not joined this class. Enter its code again.")

    def answer_of(self, participant: str, position: int) -> str | None:
        """What a participant has answered."""
        rows = self.database.rows(
            "SELECT diagnosis FROM class_answers WHERE participant = ? AND position = ?",
            participant,
            position,
        )
        return str(rows[0]["diagnosis"]) if rows else None

    def right_of(self, participant: str) -> tuple[int, int]:
        """Of a participant's answers to revealed cases, how many were right, and how many there
        are."""
        [row] = self.database.rows(
            "SELECT count(*) AS n, coalesce(sum(a.diagnosis = c.truth), 0) AS hits "
            "FROM class_answers a JOIN participants p ON p.id = a.participant "
            "JOIN classes k ON k.code = p.code "
            "JOIN class_cases c ON c.code = p.code AND c.position = a.position "
            "WHERE p.id = ? AND c.position < k.position + k.revealed",
            participant,
        )
        return int(row["hits"]), int(row["n"])

    def begin(self, code: str) -> None:
        """Ask the first case."""
        with self.database.write() as connection:
            _class(connection, code)
            connection.execute("UPDATE classes SET begun = 1 WHERE code = ?", (code,))

    def reveal(self, code: str, position: int) -> None:
        """Tell the truth of a case; nothing if another one is asked by now."""
        with self.database.write() as connection:
            _class(connection, code)
            connection.execute(
                "UPDATE classes SET revealed = 1 WHERE code = ? AND position = ? AND begun",
                (code, position),
            )

    def proceed(self, code: str, position: int) -> None:
        """From a revealed case to the next; after the last one the class ends."""
        with self.database.write() as connection:
            _class(connection, code)
            connection.execute(
                "UPDATE classes SET closed = ? WHERE code = ? AND position = ? AND revealed "
                "AND position + 1 >= (SELECT count(*) FROM class_cases c WHERE c.code = ?)",
                (time.time(), code, position, code),
            )
            connection.execute(
                "UPDATE classes SET position = position + 1, revealed = 0 "
                "WHERE code = ? AND position = ? AND revealed AND closed IS NULL",
                (code, position),
            )

    def end(self, code: str) -> None:
        """End a class before its last case; its answers stay."""
        with self.database.write() as connection:
            _class(connection, code)
            connection.execute(
                "UPDATE classes SET closed = ? WHERE code = ? AND closed IS NULL",
                (time.time(), code),
            )

    def delete(self, code: str) -> None:
        """Delete a class with its answers; the file keeps no trace of them."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM classes WHERE code = ?", (code,))
        self.database.forget()

    def view(self, code: str) -> ClassView:
        """What is to be seen now."""
        with self.database.read() as connection:
            found = _class(connection, code)
            position, revealed = found["position"], bool(found["revealed"])
            scores = {}
            if found["names"]:
                rows = connection.execute(
                    "SELECT p.name, count(c.truth) AS n FROM participants p "
                    "LEFT JOIN class_answers a ON a.participant = p.id AND a.position < ? "
                    "LEFT JOIN class_cases c ON c.code = p.code AND c.position = a.position "
                    "AND c.truth = a.diagnosis WHERE p.code = ? "
                    "GROUP BY p.id ORDER BY n DESC, p.name",
                    (position + revealed, code),
                )
                scores = {str(row["name"]): int(row["n"]) for row in rows}
            return ClassView(
                position=position,
                image=found["image"],
                truth=found["truth"],
                tally=_tallies(connection, code, position, position).get(position, {}),
                code=code,
                names=bool(found["names"]),
                begun=bool(found["begun"]),
                of=found["cases"],
                revealed=revealed,
                closed=found["closed"] is not None,
                participants=found["participants"],
                scores=scores,
            )

    def cases(self, code: str) -> list[CaseTally]:
        """How each case was answered, in their order."""
        with self.database.read() as connection:
            last = _class(connection, code)["cases"] - 1
            rows = connection.execute(
                "SELECT position, image, truth FROM class_cases WHERE code = ? ORDER BY position",
                (code,),
            )
            tallies = _tallies(connection, code, 0, last)
            return [CaseTally(n, image, dx, tallies.get(n, {})) for n, image, dx in rows]

    def results(self, code: str) -> bytes:
        """A row for each participant and each case that was asked, also before they came, as CSV:
        answer and right are empty where there was no answer."""
        with self.database.read() as connection:
            _class(connection, code)
            rows = connection.execute(
                "SELECT p.name, c.position + 1, c.image, c.truth, a.diagnosis "
                "FROM participants p JOIN classes k ON k.code = p.code "
                "JOIN class_cases c ON c.code = p.code AND c.position <= k.position AND k.begun "
                "LEFT JOIN class_answers a ON a.participant = p.id AND a.position = c.position "
                "WHERE p.code = ? ORDER BY c.position, p.joined",
                (code,),
            )
            table = pd.DataFrame(map(tuple, rows), columns=COLUMNS[:5])
        right = (table["answer"] == table["truth"]).where(table["answer"].notna())
        return sheet(table.assign(right=right))


def clean_code(entered: str) -> str:
    """A code as people type it, in capitals, without spaces and hyphens; or that of a class's link,
    which they paste."""
    return "".join(c for c in entered.upper().rpartition("CODE=")[2] if c.isalnum())


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def _tallies(
    connection: sqlite3.Connection, code: str, first: int, last: int
) -> dict[int, dict[str, int]]:
    """Position of each case that has answers, of those between two -> diagnosis -> answers."""
    found: dict[int, dict[str, int]] = {}
    for position, diagnosis, n in connection.execute(
        "SELECT a.position, a.diagnosis, count(*) FROM class_answers a "
        "JOIN participants p ON p.id = a.participant WHERE p.code = ? "
        "AND a.position BETWEEN ? AND ? GROUP BY a.position, a.diagnosis",
        (code, first, last),
    ):
        found.setdefault(position, {})[diagnosis] = n
    return found


def _class(connection: sqlite3.Connection, code: str) -> sqlite3.Row:
    """A class with the case that is asked, and how many cases and participants it has."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT k.*, c.image, c.truth, "
        "(SELECT count(*) FROM class_cases WHERE code = k.code) AS cases, "
        "(SELECT count(*) FROM participants WHERE code = k.code) AS participants "
        "FROM classes k JOIN class_cases c ON c.code = k.code AND c.position = k.position "
        "WHERE k.code = ?",
        (code,),
    ).fetchone()
    if row is None:
        raise NoClassError("There is no class with that code. Check it with your teacher.")
    return row
