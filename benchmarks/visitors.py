"""The visitors of the crowd: what each kind of them does, again and again until its time is up."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np

from benchmarks.load import photo_file
from benchmarks.page import Answer, SessionError
from benchmarks.session import Session
from benchmarks.visit import look
from core.taxonomy import KEYS

PAUSE = 1.0, 5.0
"""Seconds that a visitor looks at a page before doing something else, evenly spread."""
SLOWLY = 0.2
"""Seconds that a slow visitor's browser takes for each message of the server."""
SECTIONS = 2
"""Sections that are opened below each answer."""
PHOTO, SECTION, CHART, QUIZ = "Photo answered", "Section opened", "Chart opened", "Quiz answered"


class Seen(NamedTuple):
    """What a visitor was shown for the photo with that number: the answer, and the picture without
    heatmap and outline; None for both: a warning that it is no dermoscopy."""

    number: int
    answer: Answer | None
    picture: bytes


@dataclass
class Found:
    """What happened to all visitors.

    Attributes:
        times: seconds of what they did, by its kind.
        seen: the answers to their photos, still to be checked.
        errors: what they saw instead of what they should have seen.
    """

    times: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    seen: list[Seen] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Note how long the block takes, if it ends well."""
        began = time.perf_counter()
        yield
        self.times[kind].append(time.perf_counter() - began)


class Visitors:
    """Visitors of one app, for some seconds.

    Args:
        url: `http://HOST:PORT`.
        numbers: of photos that nobody has uploaded yet.
        seconds: no visitor begins anything again after so long.
        pause: see `PAUSE`.
    """

    def __init__(
        self,
        url: str,
        numbers: Iterator[int],
        seconds: float,
        pause: tuple[float, float] = PAUSE,
    ) -> None:
        self.found = Found()
        self.numbers = numbers
        self._url, self._pause = url, pause
        self._end = time.monotonic() + seconds

    async def come(self, kinds: dict[Kind, int]) -> None:
        """So many of each kind, all at once, until their time is up."""
        await asyncio.gather(
            *(
                self._visit(kind, np.random.default_rng(number), number)
                for kind, count in kinds.items()
                for number in range(count)
            )
        )

    async def _visit(self, kind: Kind, rng: np.random.Generator, number: int) -> None:
        try:
            await kind(self, rng, number)
        except SessionError as error:
            self.found.errors.append(f"{kind.__name__} {number}: {error}")

    async def pause(self, rng: np.random.Generator) -> None:
        """Look at the page for a while."""
        await asyncio.sleep(rng.uniform(*self._pause))

    async def again(self, rng: np.random.Generator) -> AsyncIterator[None]:
        """Once, and again while there is time, each time after a pause."""
        while True:
            await self.pause(rng)
            yield
            if time.monotonic() >= self._end:
                return

    async def uploader(self, rng: np.random.Generator, _number: int) -> None:
        """Uploads photo after photo, and opens some sections below each answer."""
        async with Session(self._url) as session:
            await session.choose("source", "Your photo")
            async for _ in self.again(rng):
                answer = await self.answered(session, next(self.numbers))
                titles = session.page.options("section") if answer else []
                for title in map(str, rng.permutation(titles)[:SECTIONS]):
                    await self.pause(rng)
                    with self.found.timed(SECTION):
                        await session.choose("section", title)
                        await look(session)
                    if session.page.answer() != answer:
                        raise SessionError("A section changed the answer above it.")
            if session.page.has("upload_remove"):
                await session.press("upload_remove")

    async def answered(self, session: Session, number: int) -> Answer | None:
        """Upload the photo with that number; what the page says of it, None: a warning."""
        photo = await asyncio.to_thread(photo_file, number)
        if session.page.has("upload_remove"):
            await session.press("upload_remove")
        with self.found.timed(PHOTO):
            await session.upload("file", {f"photo-{number}.jpg": photo})
        if any(key.startswith("anyway_") for key in session.page.widget_keys()):
            self.found.seen.append(Seen(number, None, b""))
            return None
        answer = session.page.answer()
        self.found.seen.append(Seen(number, answer, await session.fetch(answer.image)))
        return answer

    async def reader(self, rng: np.random.Generator, _number: int) -> None:
        """Goes through the charts of Performance and Dataset, and other pages between."""
        async with Session(self._url) as session:
            async for _ in self.again(rng):
                page = str(rng.choice(("performance", "dataset", "diagnoses", "about")))
                with self.found.timed(CHART):
                    await session.go(page)
                    await look(session)
                tabs = {"performance": "performance_tab", "dataset": "dataset_view"}.get(page)
                for title in session.page.options(tabs) if tabs else ():
                    await self.pause(rng)
                    with self.found.timed(CHART):
                        await session.choose(str(tabs), title)
                        await look(session)

    async def learner(self, rng: np.random.Generator, number: int) -> None:
        """Answers quiz after quiz, and reads what each case was."""
        async with Session(self._url) as session:
            await session.go("quiz")
            await session.submit("nickname", f"Visitor {number}")
            done = 0
            async for _ in self.again(rng):
                if session.page.has("quiz_start"):
                    await session.press("quiz_start")
                    done = 0
                await session.press(f"first_{done}_{rng.choice(KEYS)}")
                (sure,) = [k for k in session.page.widget_keys() if k.startswith("sure_")]
                await session.choose(sure, "60 %")
                with self.found.timed(QUIZ):
                    await session.press(f"confirm_first_{done}")
                    await look(session)
                await self.pause(rng)
                await session.press(f"next_{done}")
                done += 1

    async def slow(self, rng: np.random.Generator, _number: int) -> None:
        """Is on a bad line: reads every message late, and so holds up what waits behind it."""
        async with Session(self._url, slowly=SLOWLY) as session:
            async for _ in self.again(rng):
                await session.go(str(rng.choice(("", "performance", "about"))))

    async def leaver(self, rng: np.random.Generator, number: int) -> None:
        """Closes the browser in the middle of an upload, again and again."""
        async for _ in self.again(rng):
            async with Session(self._url) as session:
                await session.choose("source", "Your photo")
                await session.break_off("file", f"half-{number}.jpg", bytes(1_000_000))

    async def half_open(self, rng: np.random.Generator, _number: int) -> None:
        """Opens connections and says nothing, or half of a request."""
        address = urlsplit(self._url)
        async for _ in self.again(rng):
            try:
                reader, writer = await asyncio.open_connection(address.hostname, address.port)
                if rng.random() < 0.5:
                    writer.write(f"GET /_stcore/stream HTTP/1.1\r\nHost: {address.netloc}".encode())
                await self.pause(rng)
                if not reader.at_eof():
                    writer.transport.abort()
            except OSError as error:
                raise SessionError(f"A connection that says nothing: {error}") from error


Kind = Callable[[Visitors, np.random.Generator, int], Awaitable[None]]
TROUBLE: tuple[Kind, ...] = (Visitors.slow, Visitors.leaver, Visitors.half_open)
"""Kinds of visitors that others must not notice."""


def shared_out(count: int) -> dict[Kind, int]:
    """How many of each kind there are among so many visitors: a thirtieth of each kind of trouble,
    one at least, a sixth of learners and a quarter of readers; the others upload."""
    kinds = {kind: max(1, count // 30) for kind in TROUBLE}
    kinds |= {Visitors.learner: max(1, count // 6), Visitors.reader: max(1, count // 4)}
    return kinds | {Visitors.uploader: max(1, count - sum(kinds.values()))}
