"""A class at once: `python -m benchmarks.classroom [--participants 60] [--cases 5]`.

A teacher opens a class in the running app; each participant joins by its code in a session of a
browser of its own, which looks again every second as the page tells it to, and answers each case at
some moment. The teacher reveals a case once all have answered. Before the last one is revealed the
server is killed and started again, everybody comes back, and the class goes on.

Exit status 0: no error, and every answer that was confirmed is in the database and in the results;
1: something went wrong; 2: it could not start.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import sqlite3
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import psutil

from benchmarks.common import machine, table
from benchmarks.lesson import Given, Lesson, Outcome
from core.learning.database import FILE
from desktop.server import Server, ServerError

ANSWERED_WITHIN = 5.0
"""Seconds in which everybody answers a case."""
GOAL = 2.0
"""Seconds from the teacher's click until everybody should see what a case was."""
CASE_COUNTS = (5, 10, 20)


def report(outcome: Outcome) -> str:
    """The result in Markdown."""

    def row(name: str, seconds: Sequence[float]) -> tuple[str, ...]:
        at = [np.quantile(seconds, q) if seconds else math.nan for q in (0.5, 0.95, 1)]
        return (name, str(len(seconds)), *(f"{value:.2f}" for value in at))

    rows = (
        row("From the teacher's click until a participant sees the truth", outcome.seen),
        row("From an answer until it is confirmed", outcome.answered),
        row("From opening the page until one takes part", outcome.joined),
    )
    soon = sum(seconds <= GOAL for seconds in outcome.seen)
    return "\n".join(
        [
            table(("", "n", "Median, s", "p95, s", "Slowest, s"), rows),
            "",
            f"- Answers: {len(outcome.confirmed)} confirmed, {len(outcome.lost)} lost",
            f"- Errors: {len(outcome.errors)}",
            f"- Truth seen within {GOAL:g} s: {soon} of {len(outcome.seen)}",
        ]
    )


def in_database(path: Path) -> list[Given]:
    """The answers in a file that `core.learning.database` keeps."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT p.name, a.position, a.diagnosis FROM class_answers a "
            "JOIN participants p ON p.id = a.participant"
        )
        return [(name, position, diagnosis) for name, position, diagnosis in rows]


def run(participants: int, cases: int, folder: Path, within: float = ANSWERED_WITHIN) -> Outcome:
    """A whole class with an app of its own, whose data lie in a folder.

    Args:
        cases: one of `CASE_COUNTS`.

    Raises:
        ServerError: the app does not start.
    """
    parts = {"DATA": "data", "RUNS": "runs", "LEARNING": "learning"}
    settings = {f"LESIONLAB_{name}": str(folder / part) for name, part in parts.items()}
    lesson = Lesson(participants, cases, within)
    with _served(folder / "log", settings) as server:
        asyncio.run(lesson.first_part(server.url, psutil.Process(server.pid).kill))
    if lesson.code:
        lesson.outcome.in_database = in_database(folder / "learning" / FILE)
    if not lesson.outcome.errors:
        with _served(folder / "log", settings) as server:
            asyncio.run(lesson.last_part(server.url))
    return lesson.outcome


@contextlib.contextmanager
def _served(log: Path, settings: dict[str, str]) -> Iterator[Server]:
    server = Server(log, settings)
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.classroom", description="Lead a class.")
    parser.add_argument("--participants", type=int, default=60, help="at once (60)")
    parser.add_argument("--cases", type=int, default=5, choices=CASE_COUNTS, help="in turn (5)")
    chosen = parser.parse_args(arguments)
    if chosen.participants < 1:
        parser.error("At least one participant is needed.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = run(chosen.participants, chosen.cases, Path(folder))
        except ServerError as error:
            print(error, file=sys.stderr)
            return 2
    print(f"{chosen.participants} participants, {chosen.cases} cases; {machine()}\n")
    print(report(outcome))
    for line in (*outcome.errors, *(f"Lost: {given}" for given in outcome.lost))[:20]:
        print(line, file=sys.stderr)
    return 1 if outcome.errors or outcome.lost else 0


if __name__ == "__main__":
    sys.exit(main())
