"""Profiles, quizzes and answers, kept in `core.learning.database`.

A profile belongs to a browser, and every question about answers names a profile. A browser is known
by a key of its own that nobody can guess; only its SHA-256 is kept, so that who reads the file
cannot pretend to be one. A nickname alone opens nothing: it is looked up within the browser.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import time
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from core.learning.cases import QuizCase
from core.learning.database import Database, LearningError
from core.learning.outlines import (
    Drawing,
    Drawn,
    OutlineScores,
    Overlap,
    as_json,
    from_json,
)
from core.learning.records import OUTLINED, SKIPPED, Answered, Profile, Quiz, Said, Step
from core.settings import Settings

LONGEST_NICKNAME = 30
Kept = TypeVar("Kept", Answered, Step)
_CASES = (
    "SELECT c.*, q.mode, q.level, f.diagnosis AS first, f.confidence, f.seconds, f.at, "
    "s.diagnosis AS second, s.confidence AS second_confidence, o.points, o.scores "
    "FROM quizzes q JOIN cases c ON c.quiz = q.id "
    "LEFT JOIN answers f ON f.quiz = c.quiz AND f.position = c.position AND f.stage = 'first' "
    "LEFT JOIN answers s ON s.quiz = c.quiz AND s.position = c.position AND s.stage = 'second' "
    "LEFT JOIN outlines o ON o.quiz = c.quiz AND o.position = c.position"
)
"""Cases with both answers and the outline, as far as there are any."""


class Store:
    """All answers of a folder. Cheap to make; any number of processes may use one at once.

    Raises:
        LearningError: by every method, if the answers cannot be read or kept.
    """

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder)

    @classmethod
    def open(cls) -> Store:
        """That of the folder that LESIONLAB_LEARNING names."""
        return cls(Settings.from_environment().learning)

    def profiles(self, browser: str) -> list[Profile]:
        """Those of a browser (its key), the one used last first."""
        rows = self.database.rows(
            "SELECT id, nickname FROM profiles WHERE browser = ? ORDER BY used DESC",
            hashed(browser),
        )
        return [Profile(row["id"], row["nickname"]) for row in rows]

    def profile(self, browser: str, nickname: str) -> Profile:
        """The profile of that nickname in that browser, however it is capitalised; made if there
        is none, as the one used last. Raises LearningError for a nickname without a letter or
        digit."""
        name = clean_nickname(nickname)
        known = [profile.nickname for profile in self.profiles(browser)]
        name = name if name in known else next((n for n in known if alike(n, name)), name)
        with self.database.write() as connection:
            connection.execute(
                "INSERT INTO profiles VALUES (?, ?, ?, ?) "
                "ON CONFLICT (browser, nickname) DO UPDATE SET used = excluded.used",
                (secrets.token_urlsafe(16), hashed(browser), name, time.time()),
            )
            row = connection.execute(
                "SELECT id FROM profiles WHERE browser = ? AND nickname = ?",
                (hashed(browser), name),
            ).fetchone()
        return Profile(row["id"], name)

    def delete_profile(self, profile: Profile) -> None:
        """With all quizzes and answers; the file keeps no trace of them."""
        with self.database.write() as connection:
            connection.execute("DELETE FROM profiles WHERE id = ?", (profile.id,))
        self.database.forget()

    def start(self, profile: Profile, mode: str, level: str, cases: Sequence[QuizCase]) -> str:
        """Begin a quiz; returns its id. An earlier one that is not finished ends here."""
        quiz, now = secrets.token_urlsafe(12), time.time()
        with self.database.write() as connection:
            connection.execute(
                "UPDATE quizzes SET finished = ? WHERE profile = ? AND finished IS NULL",
                (now, profile.id),
            )
            connection.execute(
                "INSERT INTO quizzes VALUES (?, ?, ?, ?, ?, NULL)",
                (quiz, profile.id, mode, level, now),
            )
            connection.executemany(
                "INSERT INTO cases (quiz, position, image, lesion, truth) VALUES (?, ?, ?, ?, ?)",
                [(quiz, n, c.image, c.lesion, c.truth) for n, c in enumerate(cases)],
            )
        return quiz

    def quiz(self, profile: Profile, quiz: str) -> Quiz | None:
        """A quiz of that profile; None if it has none of that id."""
        return self._quiz("SELECT * FROM quizzes WHERE profile = ? AND id = ?", profile.id, quiz)

    def unfinished(self, profile: Profile) -> Quiz | None:
        """The quiz to go on with."""
        return self._quiz(
            "SELECT * FROM quizzes WHERE profile = ? AND finished IS NULL "
            "ORDER BY started DESC LIMIT 1",
            profile.id,
        )

    def _quiz(self, statement: str, *values: str) -> Quiz | None:
        with self.database.read() as connection:
            found = connection.execute(statement, values).fetchone()
            if found is None:
                return None
            rows = connection.execute(
                f"{_CASES} WHERE c.quiz = ? ORDER BY c.position", (found["id"],)
            )
            steps = tuple(_filled(Step, row, closed=row["closed"] is not None) for row in rows)
        done = found["finished"] is not None
        return Quiz(found["id"], found["mode"], found["level"], steps, done)

    def answer(
        self,
        profile: Profile,
        quiz: str,
        position: int,
        stage: str,
        diagnosis: str,
        confidence: float | None,
        seconds: float,
    ) -> bool:
        """Keep an answer (`stage`: first or second). What was said once stays: False if there is an
        answer already, or the second comes before the first.

        Raises:
            LearningError: also if the profile has no such case.
        """
        with self.database.write() as connection:
            _own(connection, profile, quiz, position)
            first = connection.execute(
                "SELECT 1 FROM answers WHERE quiz = ? AND position = ? AND stage = 'first'",
                (quiz, position),
            ).fetchone()
            if stage == "second" and first is None:
                return False
            done = connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
                (quiz, position, stage, diagnosis, confidence, seconds, time.time()),
            )
            return done.rowcount == 1

    def outline(
        self, profile: Profile, quiz: str, position: int, drawing: Drawing, seconds: float
    ) -> bool:
        """Keep an outline, or a painted area, as the first answer, likewise."""
        with self.database.write() as connection:
            _own(connection, profile, quiz, position)
            done = connection.execute(
                "INSERT OR IGNORE INTO answers VALUES (?, ?, 'first', ?, NULL, ?, ?)",
                (quiz, position, OUTLINED, seconds, time.time()),
            )
            if done.rowcount == 1:
                connection.execute(
                    "INSERT INTO outlines (quiz, position, points) VALUES (?, ?, ?)",
                    (quiz, position, json.dumps(as_json(drawing))),
                )
            return done.rowcount == 1

    def outline_scored(
        self, profile: Profile, quiz: str, position: int, scores: OutlineScores, weights: str
    ) -> None:
        """Keep what an outline scored and the weights of the network it was compared with (empty:
        with none), until it is compared with one."""
        with self.database.write() as connection:
            _own(connection, profile, quiz, position)
            connection.execute(
                "UPDATE outlines SET scores = ?, weights = ? "
                "WHERE quiz = ? AND position = ? AND (weights IS NULL OR weights = '')",
                (json.dumps(asdict(scores)), weights, quiz, position),
            )

    def skip(self, profile: Profile, quiz: str, position: int) -> None:
        """Pass over a case that cannot be shown; it counts nowhere."""
        self.answer(profile, quiz, position, "first", SKIPPED, None, 0.0)
        self.close(profile, quiz, position)

    def model_said(self, profile: Profile, quiz: str, position: int, said: Said) -> None:
        """Keep the model's answer to a case, the first one there is."""
        with self.database.write() as connection:
            _own(connection, profile, quiz, position)
            connection.execute(
                "UPDATE cases SET named = ?, probabilities = ?, weights = ? "
                "WHERE quiz = ? AND position = ? AND named IS NULL",
                (said.named, json.dumps(dict(said.probabilities)), said.weights, quiz, position),
            )

    def close(self, profile: Profile, quiz: str, position: int) -> None:
        """The feedback of a case was read; after that of the last one the quiz is finished."""
        with self.database.write() as connection:
            _own(connection, profile, quiz, position)
            now = time.time()
            connection.execute(
                "UPDATE cases SET closed = ? WHERE quiz = ? AND position = ? AND closed IS NULL "
                "AND EXISTS (SELECT 1 FROM answers a WHERE a.quiz = cases.quiz "
                "AND a.position = cases.position)",
                (now, quiz, position),
            )
            connection.execute(
                "UPDATE quizzes SET finished = ? WHERE id = ? AND finished IS NULL AND NOT EXISTS "
                "(SELECT 1 FROM cases WHERE quiz = quizzes.id AND closed IS NULL)",
                (now, quiz),
            )

    def end(self, profile: Profile, quiz: str) -> None:
        """End a quiz early; its answers stay."""
        with self.database.write() as connection:
            connection.execute(
                "UPDATE quizzes SET finished = ? WHERE id = ? AND profile = ? AND finished IS NULL",
                (time.time(), quiz, profile.id),
            )

    def answers(self, profile: Profile, quiz: str | None = None) -> list[Answered]:
        """All answered cases of a profile, or those of one quiz, in the order of their answers."""
        rows = self.database.rows(
            f"{_CASES} WHERE q.profile = ? AND (? IS NULL OR q.id = ?) AND f.at IS NOT NULL "
            "ORDER BY f.at, c.position",
            profile.id,
            quiz,
            quiz,
        )
        return [_filled(Answered, row, at=datetime.fromtimestamp(row["at"], UTC)) for row in rows]


def clean_nickname(entered: str) -> str:
    """A nickname in one line, without unseen characters, at most `LONGEST_NICKNAME` long.

    Raises:
        LearningError: nothing to read is left of it.
    """
    name = " ".join("".join(c if c.isprintable() else " " for c in entered).split())
    if not any(c.isalnum() for c in name):
        raise LearningError("Choose a nickname with a letter or digit in it.")
    return name[:LONGEST_NICKNAME].strip()


def alike(one: str, other: str) -> bool:
    """Whether two nicknames read as the same: capitals do not tell people apart, nor does how a
    letter is encoded."""
    return _read(one) == _read(other)


def _read(nickname: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", nickname).casefold())


def hashed(browser: str) -> str:
    """What is kept of a browser's key."""
    return hashlib.sha256(browser.encode("utf-8", "surrogatepass")).hexdigest()


def _own(connection: sqlite3.Connection, profile: Profile, quiz: str, position: int) -> None:
    found = connection.execute(
        "SELECT 1 FROM cases c JOIN quizzes q ON q.id = c.quiz "
        "WHERE q.id = ? AND q.profile = ? AND c.position = ?",
        (quiz, profile.id, position),
    ).fetchone()
    if found is None:
        raise LearningError("This quiz is no longer there. Start a new one.")


def _said(row: sqlite3.Row) -> Said | None:
    if row["named"] is None:
        return None
    return Said(row["named"], json.loads(row["probabilities"]), row["weights"])


def _drawn(row: sqlite3.Row) -> Drawn | None:
    if row["points"] is None:
        return None
    drawing = from_json(json.loads(row["points"]))
    if row["scores"] is None:
        return Drawn(drawing)
    kept = json.loads(row["scores"])
    with_model, model = (
        Overlap(**kept[name]) if kept[name] else None for name in ("with_model", "model")
    )
    return Drawn(drawing, OutlineScores(Overlap(**kept["student"]), with_model, model))


def _filled(kind: type[Kept], row: sqlite3.Row, **others: object) -> Kept:
    """A case as kept: the columns of `_CASES` are called as its fields, but for those given."""
    kept = {**dict(row), "said": _said(row), "drawn": _drawn(row), **others}
    return kind(**{field.name: kept[field.name] for field in fields(kind)})
