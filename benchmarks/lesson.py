"""A class as its teacher and its participants live it, in sessions that need no browser."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import random
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Self

from requests.cookies import RequestsCookieJar
from streamlit.proto.Alert_pb2 import Alert

from benchmarks.page import Page, SessionError
from benchmarks.session import Session
from core.taxonomy import KEYS
from ui.learning.wall import PAUSE

PATIENCE = 120.0
"""Seconds that one step of the class may take."""

Given = tuple[str, int, str]
"""A participant's name, the position of a case (from 0), and the diagnosis answered."""


@dataclass
class Outcome:
    """What became of a class.

    Attributes:
        joined: seconds from opening the page until one takes part, of each participant.
        answered: seconds from a click on a diagnosis until the page says that it is kept.
        seen: seconds from the teacher's click until a participant sees what a case was.
        confirmed: the answers that the page said are kept.
        in_database, in_results: those found in the end, in the file and in the CSV.
        errors: what somebody saw instead.
    """

    joined: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    confirmed: list[Given] = field(default_factory=list)
    in_database: list[Given] = field(default_factory=list)
    in_results: list[Given] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def lost(self) -> list[Given]:
        """Confirmed answers that are missing in the database or in the results."""
        wanted = Counter(self.confirmed)
        missing = (wanted - Counter(self.in_database)) | (wanted - Counter(self.in_results))
        return sorted(missing.elements())


def _trouble(page: Page) -> str:
    """What a visitor should not see; empty if all is well."""
    wrong = [a.body for a in page.elements("alert") if a.format == Alert.ERROR]
    return " | ".join([*(e.message for e in page.elements("exception")), *wrong])


def _place(page: Page) -> tuple[int, bool] | None:
    """Which case is shown, from 0, and whether it is revealed; None outside of a class."""
    for text in page.elements("markdown"):
        if found := re.search(r"Case (\d+) of", text.body):
            truth = [a for a in page.elements("alert") if a.format != Alert.ERROR]
            return int(found[1]) - 1, bool(truth)
    return None


class Participant:
    """A student with a browser of their own.

    Attributes:
        name: on the wall.
        given: position -> the diagnosis that the page said is kept.
        saw: position -> when its truth was seen (`time.perf_counter`).
        here: position of the case that is shown.
    """

    def __init__(self, number: int, outcome: Outcome) -> None:
        self.name, self.outcome = f"Student {number + 1}", outcome
        self.given: dict[int, str] = {}
        self.saw: dict[int, float] = {}
        self.here = -1
        self._cookies = RequestsCookieJar()
        self._random = random.Random(number)  # noqa: S311
        self._plan: tuple[float, int, str] | None = None
        self._photo = ""

    def answers(self, position: int, within: float) -> None:
        """Some diagnosis at some moment of the next seconds."""
        at = time.perf_counter() + within * self._random.random()
        self._plan = (at, position, self._random.choice(KEYS))

    async def take_part(self, url: str, code: str) -> None:
        """Open the page, join if one has not yet, and look and answer until cancelled."""
        began = time.perf_counter()
        query = f"code={code}"
        async with Session(
            url, PATIENCE, place="classroom", query=query, cookies=self._cookies
        ) as session:
            if session.page.has("class_name"):
                await session.submit("class_name", self.name)
                self.outcome.joined.append(time.perf_counter() - began)
            await self._look(session)
            while True:
                every = min(session.page.repeating.values(), default=1.0)
                next_look = time.perf_counter() + every
                if self._plan and self._plan[0] < next_look:
                    at, position, diagnosis = self._plan
                    self._plan = None
                    await asyncio.sleep(max(0.0, at - time.perf_counter()))
                    await self._answer(session, position, diagnosis)
                await asyncio.sleep(max(0.0, next_look - time.perf_counter()))
                await session.look_again()
                await self._look(session)

    async def _answer(self, session: Session, position: int, diagnosis: str) -> None:
        began = time.perf_counter()
        await session.press(f"class_{position}_{diagnosis}")
        await self._look(session)
        if not self._kept(session.page, diagnosis):
            raise SessionError(f"{diagnosis} to case {position + 1} was not kept.")
        self.outcome.answered.append(time.perf_counter() - began)
        self.outcome.confirmed.append((self.name, position, diagnosis))
        self.given[position] = diagnosis

    def _kept(self, page: Page, diagnosis: str) -> bool:
        """Whether the page says so of that answer to the case shown."""
        chosen = page.widget(f"class_{self.here}_{diagnosis}")[0]
        said = any("Your answer is kept" in m.body for m in page.elements("markdown"))
        return bool(said and chosen.type == "primary")

    async def _look(self, session: Session) -> None:
        """Take in what is shown, and fetch the photo as a browser does."""
        if wrong := _trouble(session.page):
            raise SessionError(wrong)
        place = _place(session.page)
        if place is None and self.here < 0:
            return  # waits with the others for the first case
        if place is None:
            raise SessionError(f"There is no case. The page says: {session.page.words()}")
        self.here, revealed = place
        if revealed:
            self.saw.setdefault(self.here, time.perf_counter())
        elif (given := self.given.get(self.here)) and not self._kept(session.page, given):
            raise SessionError(f"The answer to case {self.here + 1} is no longer there.")
        photo = next(i.url for images in session.page.elements("imgs") for i in images.imgs)
        if photo != self._photo:
            self._photo = photo
            await session.fetch(photo)


class Teacher:
    """The one who leads, to be used in an `async with` block, which opens the wall."""

    def __init__(self, url: str, cookies: RequestsCookieJar) -> None:
        self.session = Session(url, PATIENCE, place="classroom", cookies=cookies)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.session.__aexit__()

    async def opens(self, cases: int) -> str:
        """A class that shows names; returns its code."""
        await self.session.choose("class_role", "Lead")
        await self.session.choose("class_count", str(cases))
        await self.session.switch("class_names", True)
        await self.session.press("class_open")
        return next(
            h.body for h in self.session.page.elements("heading") if re.fullmatch(r"\w{6}", h.body)
        )

    async def goes_on(self, code: str) -> None:
        """With a class that was opened before."""
        await self.session.choose("class_role", "Lead")
        await self.session.press(f"class_resume_{code}")

    async def step(self) -> None:
        """Ask the first case, reveal one, or go to the next."""
        async with self._turn:
            await asyncio.sleep(PAUSE)
            await self.session.press("class_step")
            if wrong := _trouble(self.session.page):
                raise SessionError(wrong)

    async def watch(self) -> None:
        """Look at the wall until cancelled."""
        while True:
            await asyncio.sleep(min(self.session.page.repeating.values(), default=1.0))
            async with self._turn:
                await self.session.look_again()

    async def results(self) -> str:
        """The CSV file."""
        async with self._turn:
            (button,) = self.session.page.elements("download_button")
            return (await self.session.download(button)).decode("utf-8-sig")


class Lesson:
    """One class from the first case to the last.

    Args:
        participants, cases: how many.
        within: seconds in which everybody answers a case.
    """

    def __init__(self, participants: int, cases: int, within: float) -> None:
        self.outcome, self.cases, self.within = Outcome(), cases, within
        self.people = [Participant(number, self.outcome) for number in range(participants)]
        self.code = ""
        self._cookies = RequestsCookieJar()
        self._work: dict[str, asyncio.Task[None]] = {}

    async def first_part(self, url: str, kill: Callable[[], None]) -> None:
        """Up to the answers to the last case; then the server is killed, by `kill`."""
        async with self._noted(), Teacher(url, self._cookies) as teacher:
            self.code = await teacher.opens(self.cases)
            async with self._everybody_at_work(teacher, url):
                joined = self.outcome.joined
                await self._until(lambda _: len(joined) == len(self.people), "all had joined")
                await teacher.step()
                for position in range(self.cases):
                    if position:
                        await self._revealed(teacher, position - 1)
                        await teacher.step()
                    await self._answered(position)
                kill()

    async def last_part(self, url: str) -> None:
        """The last case is revealed, and the results are taken home."""
        async with self._noted(), Teacher(url, self._cookies) as teacher:
            await teacher.goes_on(self.code)
            async with self._everybody_at_work(teacher, url):
                await self._revealed(teacher, self.cases - 1)
                self.outcome.in_results = in_results(await teacher.results())

    @contextlib.asynccontextmanager
    async def _noted(self) -> AsyncIterator[None]:
        """What goes wrong at the teacher's is kept."""
        try:
            yield
        except SessionError as error:
            self.outcome.errors.append(f"Teacher: {error}")

    @contextlib.asynccontextmanager
    async def _everybody_at_work(self, teacher: Teacher, url: str) -> AsyncIterator[None]:
        """Each in a task of its own, which is cancelled in the end."""
        for person in self.people:
            person.here = -1
        work = {p.name: asyncio.create_task(p.take_part(url, self.code)) for p in self.people}
        self._work = {"Wall": asyncio.create_task(teacher.watch()), **work}
        try:
            yield
        finally:
            for task in self._work.values():
                task.cancel()
            ends = await asyncio.gather(*self._work.values(), return_exceptions=True)
            for name, end in zip(self._work, ends, strict=True):
                if not isinstance(end, asyncio.CancelledError):
                    self.outcome.errors.append(f"{name}: {end}")

    async def _until(self, what: Callable[[Participant], bool], words: str) -> None:
        """Wait until it is so of all. Raises SessionError: that takes too long, or one gave up."""
        deadline = time.perf_counter() + PATIENCE
        while not all(map(what, self.people)):
            if any(task.done() for task in self._work.values()):
                raise SessionError(f"Somebody gave up before {words}.")
            if time.perf_counter() > deadline:
                raise SessionError(f"It took more than {PATIENCE:g} s until {words}.")
            await asyncio.sleep(0.02)

    async def _answered(self, position: int) -> None:
        await self._until(lambda p: p.here == position, f"all were at case {position + 1}")
        for person in self.people:
            person.answers(position, self.within)
        await self._until(
            lambda p: position in p.given, f"all answers to case {position + 1} were confirmed"
        )

    async def _revealed(self, teacher: Teacher, position: int) -> None:
        await self._until(lambda p: p.here == position, f"all were back at case {position + 1}")
        clicked = time.perf_counter()
        await teacher.step()
        await self._until(lambda p: position in p.saw, f"all saw what case {position + 1} was")
        self.outcome.seen += [p.saw[position] - clicked for p in self.people]


def in_results(results: str) -> list[Given]:
    """The answers in the results that a teacher downloads."""
    rows = csv.DictReader(io.StringIO(results))
    return [(r["participant"], int(r["case"]) - 1, r["answer"]) for r in rows if r["answer"]]
