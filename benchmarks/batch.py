"""Many photos: `python -m benchmarks.batch [--photos 120]`.

The work of `python -m core analyse FOLDER` (decoding, both networks, masks and tables written)
against a loop over the naive stack that writes the same masks; models loaded beforehand, then the
whole command with its start.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.common import Stack, Work, machine, on_the_cpu, synthetic_photos, table

ROUNDS = 3


def lesionlab(folder: Path) -> Work:
    """All photos of a folder, as the command does it."""
    from core.answer.analyser import Analyser
    from core.batch.folder import analyse_files, find_pictures

    settings = on_the_cpu()
    analyser = Analyser.load(settings, lanes=settings.threads)
    return lambda out: analyse_files(
        find_pictures([folder]).pictures, Path(str(out)), analyser, workers=settings.threads
    )


def naive(folder: Path, heatmap: bool) -> Work:
    """All photos of a folder, one by one."""
    from PIL import Image

    from benchmarks.naive import Naive

    stack = Naive()

    def work(out: object) -> None:
        Path(str(out)).mkdir(exist_ok=True)
        for path in sorted(folder.iterdir()):
            data = path.read_bytes()
            *_, mask = stack.answer(data) if heatmap else stack.answer_without_heatmap(data)
            Image.fromarray(mask).save(Path(str(out)) / f"{path.stem}.png")

    return work


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.batch", description=__doc__)
    parser.add_argument("--photos", type=int, default=120, help="in the folder (120)")
    count = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as scratch:
        folder, out = Path(scratch) / "photos", Path(scratch) / "out"
        folder.mkdir()
        for number, photo in enumerate(synthetic_photos(count)):
            (folder / f"{number:05d}.jpg").write_bytes(photo)
        loads = {
            "Naive loop": partial(naive, folder, True),
            "Naive loop without Grad-CAM": partial(naive, folder, False),
            "LesionLab": partial(lesionlab, folder),
        }
        found: dict[str, list[float]] = {name: [] for name in loads}
        stacks = {name: Stack(load) for name, load in loads.items()}
        try:
            for _ in range(ROUNDS):
                for name, stack in stacks.items():
                    found[name].append(stack.seconds(str(out)))
        finally:
            for stack in stacks.values():
                stack.__exit__()
        began = time.perf_counter()
        command = [sys.executable, "-m", "core", "analyse", str(folder), "--out", str(out)]
        subprocess.run(command, check=True, capture_output=True)
        found["`python -m core analyse`, with its start"] = [time.perf_counter() - began]
    rates = {name: count / statistics.median(times) for name, times in found.items()}
    rows = [(n, f"{r:.1f}", f"{r / rates['Naive loop']:.1f}×") for n, r in rates.items()]
    print(f"{machine()}; {on_the_cpu().threads} threads, {count} photos of 600×450.\n")
    print(table(("Folder", "Images/s", "Naive loop's"), rows))


if __name__ == "__main__":
    main()
