"""A class at once: `python -m benchmarks.classroom [--participants 60] [--cases 5]`.

A teacher opens a class and leads it; each participant joins in a session of its own, looks again
every second as a browser does, and answers each case at some moment. Measured is how long it takes
until everybody sees a revealed case. Half-way the server is killed and started again: every answer
that was confirmed until then must still be there, and the class goes on.

Exit status 0: no error, no lost answer; 1: something went wrong; 2: it could not start.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import requests

from benchmarks.app import running_app
from benchmarks.page import SessionError
from benchmarks.session import Session
from core.learning.classes import Classes
from core.taxonomy import KEYS

POLL = 1.0
"""Seconds between two looks of a browser (`ui.learning.class_shared.POLL_SECONDS`)."""
ANSWERED_WITHIN = 4.0
"""Seconds in which all participants answer a case."""


class Participant:
    """One student with a browser."""

    def __init__(self, number: int, code: str) -> None:
        self.cookies = requests.cookies.RequestsCookieJar()
        self.code, self.random = code, random.Random(number)  # noqa: S311
        self.confirmed: dict[int, str] = {}
        self.seen: dict[int, float] = {}

    async def go_on(self, url: str, first: int, last: int, answered: asyncio.Semaphore) -> None:
        """Answer and see the cases from one to another (positions, both included).

        Args:
            answered: released for each confirmed answer.
        """
        session = Session(url, 60, "classroom", f"code={self.code}", self.cookies)
        async with session:
            if session.page.has("FormSubmitter:class_join_form-Take part"):
                await session.press("FormSubmitter:class_join_form-Take part")
            for position in range(first, last + 1):
                await asyncio.sleep(self.random.random() * ANSWERED_WITHIN / 2)
                choice = self.random.choice(KEYS)
                while not session.page.has(f"class_{position}_{choice}"):
                    await asyncio.sleep(POLL)
                    await session.look_again()
                await session.press(f"class_{position}_{choice}")
                if session.page.elements("exception"):
                    raise SessionError(session.page.words())
                self.confirmed[position] = choice
                answered.release()
                while session.page.has(f"class_{position}_{choice}"):
                    await asyncio.sleep(POLL)
                    await session.look_again()
                self.seen[position] = time.monotonic()


async def lead(url: str, code: str, first: int, last: int, everybody: int, people: list) -> dict:
    """Reveal the cases, one after the other; returns when each was revealed."""
    revealed: dict[int, float] = {}
    answered = asyncio.Semaphore(0)
    async with Session(url, 60, "classroom") as wall, asyncio.TaskGroup() as group:
        await wall.choose("class_role", "Lead")
        await wall.press(f"class_resume_{code}")
        for person in people:
            group.create_task(person.go_on(url, first, last, answered))
        for position in range(first, last + 1):
            for _ in range(everybody):
                await answered.acquire()
            await wall.look_again()
            revealed[position] = time.monotonic()
            await wall.press("class_step")
            while any(position not in p.seen for p in people):
                await asyncio.sleep(0.1)
            if position < last:
                await wall.press("class_step")
    return revealed


async def _open(url: str, cases: int) -> None:
    async with Session(url, 60, "classroom") as wall:
        await wall.choose("class_role", "Lead")
        await wall.choose("class_count", str(cases))
        await wall.press("class_open")


def run(participants: int, cases: int, folder: Path) -> tuple[list[float], int]:
    """A whole class; returns the seconds from each reveal to each participant, and how many
    confirmed answers were lost.

    Raises:
        RuntimeError, SessionError: something went wrong.
    """
    settings = {
        "LESIONLAB_DATA": str(folder / "data"),
        "LESIONLAB_RUNS": str(folder / "runs"),
        "LESIONLAB_LEARNING": str(folder / "learning"),
    }
    half, waits = cases // 2, []
    with running_app(folder / "log", settings) as (url, process):
        asyncio.run(_open(url, cases))
        classes = Classes(folder / "learning")
        (code,) = classes.current()
        people = [Participant(n, code) for n in range(participants)]
        revealed = asyncio.run(lead(url, code, 0, half - 1, participants, people))
        waits += [p.seen[n] - at for n, at in revealed.items() for p in people]
        os.kill(process, signal.SIGKILL)
    classes.proceed(code, half - 1)
    with running_app(folder / "log", settings) as (url, _):
        revealed = asyncio.run(lead(url, code, half, cases - 1, participants, people))
        waits += [p.seen[n] - at for n, at in revealed.items() for p in people]
    rows = Classes(folder / "learning").results(code).decode().splitlines()[1:]
    kept = sorted((int(r.split(",")[1]) - 1, r.split(",")[4]) for r in rows)
    confirmed = sorted(pair for p in people for pair in p.confirmed.items())
    lost = sum(confirmed.count(pair) > kept.count(pair) for pair in set(confirmed))
    return waits, lost + max(0, len(confirmed) - len(kept))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classroom", description=__doc__)
    parser.add_argument("--participants", type=int, default=60)
    parser.add_argument("--cases", type=int, default=10, choices=(5, 10, 20))
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            waits, lost = run(chosen.participants, chosen.cases, Path(folder))
        except (SessionError, RuntimeError, ExceptionGroup) as error:
            print(f"It failed: {error}", file=sys.stderr)
            for part in getattr(error, "exceptions", ())[:3]:
                print(f"  {part}", file=sys.stderr)
            return 1
    print(
        f"{chosen.participants} participants, {chosen.cases} cases, one killed server: "
        f"{lost} answers lost. From the reveal until a participant sees it: median "
        f"{statistics.median(waits):.2f} s, slowest {max(waits):.2f} s."
    )
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
