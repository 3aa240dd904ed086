"""A class at work: `python -m benchmarks.crowd [--sessions 60] [--seconds 600] [--photos 500]`.

So many visitors at once, who pause between clicks as people do: most upload photos of their own and
open sections below the answers, others go through the charts, answer quizzes, or make trouble (slow
lines, connections that say nothing, browsers that are closed in the middle of an upload).
Meanwhile a network trains in the background. Then one visitor analyses a batch of so many photos
while 20 others upload single ones. Each answer, the batch's too, is compared with the one computed
for that photo. Needs the imported dataset.

Exit status 0: no error, no answer of another photo, and in the end the server's memory is within
10 % of what it was after a minute of such visitors; 1: not so; 2: it could not start.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import itertools
import multiprocessing
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.common import machine, table
from benchmarks.load import make_photo, memory_of, mismatch, photo_file
from benchmarks.page import SessionError
from benchmarks.session import Session
from benchmarks.training import training
from benchmarks.visitors import PHOTO, Found, Seen, Visitors, shared_out
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.ham10000.splits import SplitError
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.taxonomy import BY_KEY
from desktop.server import running_app

WARM_UP_SECONDS = 60.0
FORGOTTEN_SECONDS = 200.0
"""What belongs to a visitor who has left is kept for two minutes; what is past that goes within one
more."""
SINGLE, PHOTOS_EACH, SINGLE_PAUSE = 20, 3, (1.0, 10.0)
"""Visitors beside the batch, photos of each, and the seconds between those."""
ALLOWED_SHARE = 0.10
"""By which the memory may be above what it was."""
BATCH_SECONDS = 3600.0
LOOK_SECONDS = 5.0
"""Between two looks at the memory."""


@dataclass
class Batch:
    """What became of a batch: seconds from its start to its end, and by the photo's number the key
    of the diagnosis that its table names."""

    seconds: float = 0.0
    named: dict[int, str] = field(default_factory=dict)


async def batch(url: str, numbers: Sequence[int]) -> Batch:
    """Analyse the photos with these numbers as one batch. Raises SessionError."""
    photos = io.BytesIO()
    with zipfile.ZipFile(photos, "w") as archive:
        for number in numbers:
            archive.writestr(f"{number}.jpg", photo_file(number))
    async with Session(url) as session:
        await session.go("batch")
        await session.upload("batch_files", {"class.zip": photos.getvalue()})
        began = time.perf_counter()
        await session.press("batch_start")
        await session.settle(BATCH_SECONDS)
        seconds = time.perf_counter() - began
        buttons = {b.label: b for b in session.page.elements("download_button")}
        if "Table (CSV)" not in buttons:
            raise SessionError(f"The batch has no table. The page says: {session.page.words()}")
        text = (await session.download(buttons["Table (CSV)"])).decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text))
        found = Batch(seconds, {int(row["image"]): row["prediction"] for row in rows})
        await session.press("batch_clear")
        await session.press("clear_for_good")
    return found


async def beside(url: str, numbers: Sequence[int], single: Visitors, visitors: int) -> Batch:
    """A batch, and visitors with a few photos each that come while it is at work."""

    async def one_by_one(number: int) -> None:
        rng = np.random.default_rng(number)
        try:
            async with Session(url) as session:
                await session.choose("source", "Your photo")
                for _ in range(PHOTOS_EACH):
                    await single.pause(rng)
                    await single.answered(session, next(single.numbers))
        except SessionError as error:
            single.found.errors.append(f"beside the batch: {error}")

    others = asyncio.gather(*map(one_by_one, range(visitors)))
    try:
        found = await batch(url, numbers)
    except SessionError as error:
        single.found.errors.append(f"the batch: {error}")
        found = Batch()
    await others
    return found


def mixed_up(seen: Sequence[Seen], made: Batch) -> list[str]:
    """Answers that are not those of their photos, computed anew in a process of its own."""
    numbers = [s.number for s in seen] + list(made.named)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as child:
        photos = dict(zip(numbers, child.map(make_photo, numbers, chunksize=20), strict=True))
    thumbs = np.stack([photos[s.number].thumb for s in seen]) if seen else np.zeros(0)
    wrong = []
    for number, answer, picture in seen:
        photo = photos[number]
        if answer is None or photo.warned:
            problem = "" if answer is None and photo.warned else "another photo's warning"
        else:
            problem = mismatch(photo, answer, picture, thumbs)
        wrong += [f"{photo.name}: {problem}"] if problem else []
    for number, key in made.named.items():
        if "".join(BY_KEY[key].name.split()) != photos[number].answer:
            wrong.append(f"{number} of the batch: called {BY_KEY[key].name}")
    return wrong


@dataclass
class Memory:
    """Of the server, in MB: before, at most, and after everybody has left."""

    before: float = 0.0
    most: float = 0.0
    after: float = 0.0

    @property
    def grown(self) -> bool:
        """Whether it did not come back."""
        return self.after > (1 + ALLOWED_SHARE) * self.before

    async def watch(self, pid: int) -> None:
        """Look at it until this is cancelled."""
        while True:
            self.most = max(self.most, memory_of(pid) or 0.0)
            await asyncio.sleep(LOOK_SECONDS)


def report(sessions: int, seconds: float, crowd: Found, single: Found, made: Batch) -> str:
    """The times in Markdown."""
    rows: list[Sequence[object]] = []
    beside_it = {"Photo answered beside the batch": single.times[PHOTO]}
    for what, times in (dict(sorted(crowd.times.items())) | beside_it).items():
        if times:
            p50, p95, most = (f"{np.quantile(times, q):.2f}" for q in (0.5, 0.95, 1.0))
            rows.append((what, f"{len(times):,}", p50, p95, most))
    done = sum(map(len, crowd.times.values()))
    lines = [
        table(("What", "Times", "Median, s", "p95, s", "Longest, s"), rows),
        "",
        f"- {sessions} visitors for {seconds:.0f} s: {done / seconds:.1f} clicks a second, "
        f"{len(crowd.seen) / seconds:.1f} of them photos",
    ]
    if made.seconds:
        photos = len(made.named)
        rate = photos / made.seconds
        lines.append(f"- The batch: {photos:,} photos in {made.seconds:.0f} s, {rate:.1f} a second")
    return "\n".join(lines)


def measure(
    url: str, pid: int, sessions: int, seconds: float, photos: int, forgotten: float
) -> tuple[str, list[str]]:
    """All of it: the report, and what was wrong."""
    fresh = itertools.count(int(time.time()) * 100_000)  # others than in the last run
    memory = Memory()

    async def warm_up() -> Found:
        visitors = Visitors(url, fresh, min(seconds, WARM_UP_SECONDS))
        await visitors.come(shared_out(sessions))
        return visitors.found

    async def at_work() -> tuple[Found, Found, Batch]:
        watching = asyncio.create_task(memory.watch(pid))
        crowd = Visitors(url, fresh, seconds)
        await crowd.come(shared_out(sessions))
        single = Visitors(url, fresh, seconds, SINGLE_PAUSE)
        numbers = list(itertools.islice(fresh, photos))
        made = await beside(url, numbers, single, SINGLE) if photos else Batch()
        watching.cancel()
        return crowd.found, single.found, made

    warm = asyncio.run(warm_up())
    time.sleep(forgotten)
    memory.before = memory_of(pid) or 0.0
    print("Now with a training, and timed …", file=sys.stderr)
    with training("demo") as now:
        crowd, single, made = asyncio.run(at_work())
        progress = now().progress
    left = time.monotonic()
    wrong = [*warm.errors, *crowd.errors, *single.errors]
    wrong += mixed_up([*warm.seen, *crowd.seen, *single.seen], made)
    time.sleep(max(0.0, left + forgotten - time.monotonic()))
    memory.after = memory_of(pid) or 0.0
    if len(made.named) != photos:
        wrong.append(f"The batch has {len(made.named):,} of {photos:,} photos.")
    if progress is None:
        wrong.append("The training ended too early.")
    faults = len(wrong)
    if memory.grown:
        wrong.append(f"Memory: {memory.before:.0f} MB before, {memory.after:.0f} MB after.")
    checked = len(warm.seen) + len(crowd.seen) + len(single.seen) + len(made.named)
    speed = progress.images_per_second if progress else None
    text = [
        report(sessions, seconds, crowd, single, made),
        f"- {checked:,} answers checked; errors and answers of other photos: {faults}",
        f"- The training saw {speed or 0:.0f} photos a second",
        f"- Memory of the server: {memory.before:.0f} MB before, {memory.most:.0f} MB at most, "
        f"{memory.after:.0f} MB after",
    ]
    return "\n".join(text), wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.crowd", description="A class at work.")
    parser.add_argument("--sessions", type=int, default=60, help="visitors at once (60)")
    parser.add_argument("--seconds", type=float, default=600, help="how long they stay (600)")
    parser.add_argument("--photos", type=int, default=500, help="of the batch (500)")
    chosen = parser.parse_args(arguments)
    if chosen.sessions < 1 or chosen.seconds <= 0 or not 0 <= chosen.photos <= 1000:
        parser.error("One session at least, a time above 0, and 0 to 1,000 photos are needed.")
    try:
        Dataset.open()
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            own = {name: str(Path(folder) / name) for name in ("runs", "learning")}
            settings = {f"LESIONLAB_{name.upper()}": path for name, path in own.items()}
            with running_app(log, settings) as (url, pid):
                text, wrong = measure(
                    url, pid, chosen.sessions, chosen.seconds, chosen.photos, FORGOTTEN_SECONDS
                )
            said = log.read_text(encoding="utf-8", errors="replace")
            if "Traceback" in said:
                wrong.append(f"The server's log has an error:\n{said[-3000:]}")
    except (RuntimeError, DatasetError, SplitError, WeightsError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{machine()}.\n\n{text}")
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
