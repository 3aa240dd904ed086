"""Memory over time: `python -m benchmarks.memory [--rounds 50] [--analyses 10000]`.

First a person goes through the running app round after round: a window of its own each time, every
page, every section (see `benchmarks.visit`), with HAM10000's photos where it is imported. After
the first five rounds the server's memory must stay within 5 %, and below 1.1 GB all the time.
What runs in a process of its own takes most of a round's time: `--tasks-every 10` asks for it in
the first of each ten rounds only.

Then one process analyses photos, no two alike, through what the app keeps: decoding, both networks,
previews, remembered answers. It must not grow by more than 50 MB after the first tenth.

Exit status 1 if one of them grows; 0 rounds or analyses leave that part out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import psutil
from tqdm import tqdm

from benchmarks.common import machine, on_the_cpu, table
from benchmarks.load import memory_of
from benchmarks.page import SessionError
from benchmarks.visit import Visit
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.ham10000.splits import SplitError
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from desktop.server import running_app
from ui.case import Case
from ui.state import ModelServer

ALLOWED_MB = 50
WARM_UP_ROUNDS = 5
ALLOWED_SHARE = 0.05
LIMIT_MB = 1100
HEAVY = ("torch", "lightning", "sklearn", "pytorch_grad_cam")
"""Packages that have no business in the server where the networks run in OpenVINO."""


@dataclass(frozen=True)
class Round:
    """The server after a round: resident memory, and what is its own alone, both in MB; and the
    seconds that the round took."""

    rss: float
    uss: float
    seconds: float


def visits(url: str, pid: int, rounds: int, dataset: bool, tasks_every: int) -> Iterator[Round]:
    """One round after the other. Raises SessionError."""
    server = psutil.Process(pid)
    for number in range(rounds):
        began = time.perf_counter()
        asyncio.run(Visit(url, number, dataset, number % tasks_every == 0).run())
        memory = server.memory_full_info()
        yield Round(memory.rss / 1e6, memory.uss / 1e6, time.perf_counter() - began)


def grown(rounds: Sequence[Round]) -> str:
    """What is wrong with the memory after each round, in a sentence; empty if nothing is."""
    if most := [
        f"{r.rss:.0f} MB after round {k}" for k, r in enumerate(rounds, 1) if r.rss > LIMIT_MB
    ]:
        return f"More than {LIMIT_MB} MB: {most[0]}."
    if len(rounds) <= WARM_UP_ROUNDS:
        return ""
    settled = rounds[WARM_UP_ROUNDS - 1].rss
    peak = max(r.rss for r in rounds[WARM_UP_ROUNDS:])
    if peak > (1 + ALLOWED_SHARE) * settled:
        return f"It grew from {settled:.0f} MB after round {WARM_UP_ROUNDS} to {peak:.0f} MB."
    return ""


def heavy(pid: int) -> list[str]:
    """Those of the packages `HEAVY` that a process has loaded."""
    parts = {part for m in psutil.Process(pid).memory_maps() for part in Path(m.path).parts}
    return [name for name in HEAVY if name in parts]


def visited(rounds: int, tasks_every: int) -> bool:
    """The first part; prints a table, and returns whether all was well."""
    try:
        dataset = len(Dataset.open().table)
    except (DatasetError, SplitError):
        dataset = 0
    found: list[Round] = []
    loaded: list[str] = []
    problem = ""
    with tempfile.TemporaryDirectory() as folder:
        log, runs = Path(folder) / "log", Path(folder) / "runs"
        with running_app(log, {"LESIONLAB_RUNS": str(runs)}) as (url, pid):
            try:
                for done in visits(url, pid, rounds, dataset > 0, tasks_every):
                    found.append(done)
                    print(
                        f"Round {len(found)}: {done.rss:.0f} MB resident, {done.uss:.0f} MB its "
                        f"own, {done.seconds:.0f} s",
                        file=sys.stderr,
                    )
                loaded = heavy(pid)
            except SessionError as error:
                problem = f"Round {len(found) + 1}: {error}"
    print(f"{machine()}; {f'{dataset:,} photos of HAM10000' if dataset else 'no dataset'}.\n")
    shown = [k for k in range(1, rounds + 1) if k <= WARM_UP_ROUNDS or k % 5 == 0 or k == rounds]
    rows = [
        (k, f"{found[k - 1].rss:.0f}", f"{found[k - 1].uss:.0f}")
        for k in shown[: len(found)]
        if k <= len(found)
    ]
    print(table(("Rounds", "Memory, MB", "Its own, MB"), rows))
    problem = problem or grown(found)
    if loaded:
        problem = f"{problem} The server has loaded {', '.join(loaded)}.".strip()
    print(f"\n{problem or 'It stays.'}")
    return not problem


def photos() -> Iterator[bytes]:
    """Endless JPEG files of 600×450, no two alike: noise is added to the practice lesions."""
    lesions = [lesion.image.rgb for lesion in practice_set()]
    for number in count():
        rgb = lesions[number % len(lesions)].copy()
        rgb[:30, :30] = np.random.default_rng(number).integers(0, 256, (30, 30, 3), np.uint8)
        yield to_jpeg(rgb)


def analysed(total: int) -> bool:
    """The second part; prints a table, and returns whether all was well."""
    model_server = ModelServer()
    seen: dict[int, float] = {}
    began = time.perf_counter()
    for done, photo in enumerate(tqdm(photos(), total=total, disable=None), 1):
        model_server.answer(Case.of_file(photo, f"photo {done}", ""))
        if done % (total // 10) == 0:
            seen[done] = memory_of(os.getpid()) or 0.0
        if done == total:
            break
    print(f"{machine()}; {on_the_cpu().threads} threads.\n")
    print(table(("Analyses", "Memory, MB"), [(n, f"{mb:.0f}") for n, mb in seen.items()]))
    growth = seen[total] - next(iter(seen.values()))
    print(f"\n{growth:+.0f} MB after the first tenth, {time.perf_counter() - began:.0f} s.")
    return growth <= ALLOWED_MB


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--rounds", type=int, default=50, help="visits of the whole app (50)")
    parser.add_argument(
        "--analyses", type=int, default=10_000, help="photos in one process (10000)"
    )
    parser.add_argument(
        "--tasks-every",
        type=int,
        default=1,
        help="rounds after which five methods, preview and estimate are asked for again (1)",
    )
    chosen = parser.parse_args()
    if chosen.tasks_every < 1:
        parser.error("--tasks-every is 1 or more.")
    if chosen.rounds < 0 or chosen.analyses < 0 or 0 < chosen.analyses < 10:
        parser.error("Rounds and analyses are 0 or more, analyses 10 or more if there are any.")
    well = [visited(chosen.rounds, chosen.tasks_every)] if chosen.rounds else []
    if chosen.analyses:
        well.append(analysed(chosen.analyses))
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main())
