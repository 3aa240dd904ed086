"""Many visitors at once: `python -m benchmarks.load [--sessions 30] [--seconds 120] [--servers 1]`.

First one session alone uploads photo after photo, then all sessions do so at the same time, each as
fast as it gets its answers. No photo is uploaded twice, and each answer is compared with the one
computed beforehand for that photo, so an answer of another session's photo is noticed.
With several servers, as behind deploy/nginx.conf, each visitor keeps to one of them.

Exit status 0: all answers came and were right; 1: some did not or were not; 2: it could not start.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import itertools
import math
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from benchmarks.page import Answer, SessionError
from benchmarks.session import Session
from core.answer.analyser import Analyser
from core.imaging.image import to_jpeg
from core.lesion.phantom import KINDS, make_phantom
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.taxonomy import BY_KEY
from desktop.server import running_app

WARM_UP_SECONDS = 5.0
ALONE_SECONDS = 20.0
SHARE_TOLERANCE = 0.005
THUMB = (24, 18)
"""Width and height at which pictures are compared: small, so that JPEG matters little."""
THUMB_TOLERANCE = 4.0
"""Mean difference in grey levels up to which a picture can be that photo."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A synthetic photo, with the answer that it must get.

    Attributes:
        name: file name.
        jpeg: 600×450 pixels.
        answer: the diagnosis named, without spaces.
        shares: probability by the diagnosis' name without spaces.
        thumb: the photo at the size `THUMB`, float32.
        warned: whether the page warns of it first and shows no answer unasked.
    """

    name: str
    jpeg: bytes
    answer: str
    shares: dict[str, float]
    thumb: np.ndarray
    warned: bool = False


def make_photo(number: int) -> Photo:
    """The photo with that number, no two alike: four views of each of many drawn lesions."""
    jpeg, name = photo_file(number), f"photo-{number}.jpg"
    analysis = _analyser().analyse_bytes(jpeg, name)
    shares = {"".join(BY_KEY[k].name.split()): analysis.probability(k) for k in analysis.classes}
    named = "".join(BY_KEY[analysis.prediction].name.split())
    return Photo(name, jpeg, named, shares, thumb(jpeg), not analysis.in_domain)


def photo_file(number: int) -> bytes:
    """A JPEG of 600×450 pixels of the photo with that number."""
    return to_jpeg(_lesion(number // 4)[:: (-1) ** (number % 2), :: (-1) ** (number // 2 % 2)])


@lru_cache(maxsize=1)
def _lesion(number: int) -> np.ndarray:
    return make_phantom(number, list(KINDS)[number % len(KINDS)]).image.rgb


@cache
def _analyser() -> Analyser:
    return Analyser.load()


def thumb(picture: bytes) -> np.ndarray:
    """A JPEG, PNG or WebP file at the size `THUMB`. Raises OSError for anything else."""
    with Image.open(io.BytesIO(picture), formats=["JPEG", "PNG", "WEBP"]) as image:
        small = image.convert("RGB").resize(THUMB, Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def mismatch(photo: Photo, answer: Answer, picture: bytes, thumbs: np.ndarray) -> str:
    """What in an answer is not of this photo; empty if all is.

    Args:
        picture: the picture shown, without heatmap and outline.
        thumbs: those of all photos, which must not resemble the picture more.
    """
    said, expected = "".join(answer.headline.split()).lower(), photo.shares
    if answer.shares.keys() != expected.keys():
        return "other diagnoses"
    if max(abs(answer.shares[k] - expected[k]) for k in expected) > SHARE_TOLERANCE:
        return "bars of other lengths"
    if photo.answer.lower() not in said:
        return "another headline"
    try:
        seen = thumb(picture)
    except OSError:
        return "no picture"
    off = np.abs(photo.thumb - seen).mean()
    nearest = np.abs(thumbs - seen).mean(axis=(1, 2, 3)).min()
    return "another photo" if off > min(THUMB_TOLERANCE, nearest + 1e-3) else ""


@dataclass
class Tally:
    """What happened to a number of sessions.

    Attributes:
        sessions: how many there were.
        seconds: from the first upload to the last answer.
        times: seconds from the start of an upload to the end of the script, for each answer.
        errors: what visitors saw instead of an answer.
        mixups: answers that were not those of the photo.
    """

    sessions: int
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    mixups: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.times) / self.seconds if self.seconds else 0.0

    def time(self, quantile: float) -> float:
        """Seconds within which that share of the answers came; NaN if none did."""
        return float(np.quantile(self.times, quantile)) if self.times else math.nan


async def crowd(
    urls: Sequence[str], sessions: int, seconds: float, photos: Sequence[Photo]
) -> Tally:
    """Let sessions upload photos for some seconds, or until there are no more photos.

    All of them first open the page; answers under way at the end are waited for. There should be
    photos enough: where they run out, `Tally.seconds` is shorter.

    Args:
        urls: of the servers; the sessions are dealt out among them.
    """
    tally, fresh = Tally(sessions), iter(photos)
    opened, thumbs = asyncio.Barrier(sessions), np.stack([p.thumb for p in photos])
    began = last = 0.0

    async def visit(url: str) -> None:
        nonlocal began, last
        async with contextlib.AsyncExitStack() as stack:
            try:
                session = await stack.enter_async_context(Session(url))
                await session.switch("heat_on", False)
                await session.switch("outline", False)
                await session.choose("source", "Your photo")
            except SessionError as error:
                tally.errors.append(f"at the start: {error}")
            with contextlib.suppress(asyncio.BrokenBarrierError):
                await opened.wait()
            began = began or time.perf_counter()
            if tally.errors:  # whoever cannot start spoils the measurement
                return
            while time.perf_counter() < began + seconds and (photo := next(fresh, None)):
                try:
                    if session.page.has("upload_remove"):
                        await session.press("upload_remove")
                    start = time.perf_counter()
                    await session.upload("file", {photo.name: photo.jpeg})
                    answer = session.page.answer()
                    last = time.perf_counter()
                    tally.times.append(last - start)
                    picture = await session.fetch(answer.image)
                except SessionError as error:
                    tally.errors.append(f"{photo.name}: {error}")
                    return
                if wrong := mismatch(photo, answer, picture, thumbs):
                    tally.mixups.append(f"{photo.name}: {wrong}")

    await asyncio.gather(*(visit(urls[n % len(urls)]) for n in range(sessions)))
    tally.seconds = last - began if last else 0.0
    return tally


def report(
    alone: Tally, many: Tally, memory: Sequence[float | None], spent: Sequence[float | None]
) -> str:
    """The result in Markdown.

    Args:
        memory: in MB before, in the middle and after, None if unknown.
        spent: seconds of processor time that the server and the visitors took while there were
            many, None likewise.
    """
    lines = [
        "| Sessions | Seconds | Answers | Answers/s | Median, s | p95, s | Errors | Mix-ups |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for t in (alone, many):
        times = f"{t.rate:.2f} | {t.time(0.5):.2f} | {t.time(0.95):.2f}"
        counts = f"{len(t.errors)} | {len(t.mixups)}"
        lines.append(f"| {t.sessions} | {t.seconds:.0f} | {len(t.times)} | {times} | {counts} |")
    throughput = many.rate / alone.rate if alone.rate else math.nan
    fairness = many.time(0.95) / (many.sessions * alone.time(0.5))
    used = ["unknown" if m is None else f"{m:.0f} MB" for m in memory]
    answers = max(1, len(many.times))
    cost = ["unknown" if s is None else f"{1000 * s / answers:.0f} ms" for s in spent]
    return "\n".join(
        [
            *lines,
            "",
            f"- Throughput: {throughput:.0%} of what one session alone gets",
            f"- p95: {fairness:.2f} × (sessions × the median of one session alone)",
            f"- Processor time of an answer: {cost[0]} of the server, {cost[1]} of the visitors",
            f"- Memory of the server: {used[0]} before, {used[1]} in the middle, {used[2]} after",
        ]
    )


def memory_of(pid: int | None) -> float | None:
    """Resident memory of a process in MB; None if it cannot be told."""
    return psutil.Process(pid).memory_info().rss / 1e6 if pid else None


def processor_time(pid: int) -> float:
    """Seconds that a process has computed so far."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _sum(quantity: Callable[[int], float | None], pids: Sequence[int]) -> float | None:
    """Of all processes; None if there are none."""
    return sum(quantity(pid) or 0.0 for pid in pids) if pids else None


def measure(
    urls: Sequence[str], pids: Sequence[int], sessions: int, seconds: float
) -> tuple[Tally, Tally, str]:
    """One session alone, then many; returns what happened to each, and the report.

    Args:
        pids: of the servers; empty if they are not known.
    """
    fresh = itertools.count(int(time.time()) * 100_000)  # others than in the last run

    def prepare(rate: float, span: float) -> list[Photo]:
        count = math.ceil(2 * rate * span) + sessions
        print(f"Preparing {count} photos and their answers …", file=sys.stderr)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
            made = child.map(make_photo, itertools.islice(fresh, count))
            return [photo for photo in made if not photo.warned]

    async def both() -> tuple[Tally, list[float | None]]:
        memory = [_sum(memory_of, pids)]
        running = asyncio.create_task(crowd(urls, sessions, seconds, photos))
        await asyncio.sleep(seconds / 2)
        memory.append(_sum(memory_of, pids))
        many = await running
        return many, [*memory, _sum(memory_of, pids)]

    span = min(seconds, ALONE_SECONDS)
    first = asyncio.run(crowd(urls, 1, WARM_UP_SECONDS, prepare(0.5, WARM_UP_SECONDS)))
    alone = asyncio.run(crowd(urls, 1, span, prepare(first.rate, span)))
    photos = prepare(max(first.rate, alone.rate), seconds)
    before = [_sum(processor_time, of) for of in (pids, [os.getpid()])]
    many, memory = asyncio.run(both())
    after = [_sum(processor_time, of) for of in (pids, [os.getpid()])]
    spent = [a - b if a and b else None for a, b in zip(after, before, strict=True)]
    alone.errors[:0], alone.mixups[:0] = first.errors, first.mixups
    return alone, many, report(alone, many, memory, spent)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.load", description="Load the app.")
    parser.add_argument("--sessions", type=int, default=30, help="visitors at once (30)")
    parser.add_argument("--seconds", type=float, default=120, help="how long they upload (120)")
    parser.add_argument("--url", help="of a running app with these weights (default: start one)")
    parser.add_argument("--servers", type=int, default=1, help="app servers to start (1)")
    chosen = parser.parse_args(arguments)
    if min(chosen.sessions, chosen.servers) < 1 or chosen.seconds <= 0:
        parser.error("At least one session, one server and a time above 0 are needed.")
    if chosen.url and chosen.servers > 1:
        parser.error("--servers is of apps that are started here, not of the one at --url.")
    try:
        with contextlib.ExitStack() as stack:
            apps: list[tuple[str, int]] = []
            if chosen.url is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                data = {"LESIONLAB_DATA": str(folder / "data")}  # empty
                for number in range(chosen.servers):
                    log = folder / f"log-{number}"
                    apps.append(stack.enter_context(running_app(log, data)))
            urls = [url for url, _ in apps] or [chosen.url]
            pids = [pid for _, pid in apps]
            alone, many, text = measure(urls, pids, chosen.sessions, chosen.seconds)
    except (RuntimeError, WeightsError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    print(text)
    wrong = alone.errors + alone.mixups + many.errors + many.mixups
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
