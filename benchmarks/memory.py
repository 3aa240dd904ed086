"""Memory over many photos: `python -m benchmarks.memory [--analyses 10000]`.

One process analyses photos, no two alike, through what the app keeps: decoding, both networks,
previews, remembered answers. Its resident memory must not grow. Exit status 1 if it grows by more
than 50 MB after the first tenth.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from itertools import count

import numpy as np
from tqdm import tqdm

from benchmarks.common import machine, on_the_cpu, table
from benchmarks.load import memory_of
from core.imaging import to_jpeg
from core.phantom import practice_set
from ui.case import Case
from ui.state import Desk

ALLOWED_MB = 50


def photos() -> Iterator[bytes]:
    """Endless JPEG files of 600×450, no two alike: noise is added to the practice lesions."""
    lesions = [lesion.image.rgb for lesion in practice_set()]
    for number in count():
        rgb = lesions[number % len(lesions)].copy()
        rgb[:30, :30] = np.random.default_rng(number).integers(0, 256, (30, 30, 3), np.uint8)
        yield to_jpeg(rgb)


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser("python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--analyses", type=int, default=10_000)
    total = parser.parse_args().analyses
    desk = Desk()
    seen: dict[int, float] = {}
    began = time.perf_counter()
    for done, photo in enumerate(tqdm(photos(), total=total, disable=None), 1):
        desk.answer(Case.of_file(photo, f"photo {done}", ""))
        if done % (total // 10) == 0:
            seen[done] = memory_of(os.getpid()) or 0.0
        if done == total:
            break
    print(f"{machine()}; {on_the_cpu().threads} threads.\n")
    print(table(("Analyses", "Memory, MB"), [(n, f"{mb:.0f}") for n, mb in seen.items()]))
    growth = seen[total] - next(iter(seen.values()))
    print(f"\n{growth:+.0f} MB after the first tenth, {time.perf_counter() - began:.0f} s.")
    return 1 if growth > ALLOWED_MB else 0


if __name__ == "__main__":
    sys.exit(main())
