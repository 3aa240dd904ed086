"""Time and memory of hostile pictures: `python -m tests.hostile.measure`.

Each is read in a process of its own. Exit status 1 if one takes more than 2 s of the processor or
300 MB of memory; for files of usual kinds at the limits of size see SECURITY.md.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from core.imaging.image import ImageError, LesionImage
from tests.hostile import heavy, pictures

SECONDS, MB = 2.0, 300


def can_measure() -> bool:
    """Whether this system tells the most memory of a moment."""
    return os.access("/proc/self/clear_refs", os.W_OK)


def peak_of(work: Callable[[], object]) -> int:
    """How much more memory (bytes) than before this process held while it worked, at most."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))


def _measured(name: str, data: bytes) -> tuple[float, float, str]:
    """Seconds of the processor, MB, and what came of it."""
    said = []

    def read() -> None:
        try:
            image = LesionImage.from_bytes(data, name)
            said.append(f"{image.width}×{image.height}")
        except ImageError as error:
            said.append(f"{type(error).__name__}: {error}")

    began = time.process_time()
    more = peak_of(read)
    return time.process_time() - began, more / 1e6, said[0]


def main() -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.measure", description=__doc__)
    parser.add_argument("--all", action="store_true", help="print each, not the costly ones alone")
    options = parser.parse_args()
    import pillow_heif.HeifImagePlugin  # noqa: F401  # not counted

    files = [(f.about, f.name, lambda f=f: f.data) for f in pictures.small()]
    costly = [*heavy.crowded(), *heavy.bombs(), *heavy.large()]
    over = 0
    for number, (about, name, make) in enumerate([*files, *costly]):
        data = make()
        sys.stdout.flush()
        child = os.fork()
        if not child:
            seconds, more, said = _measured(name, data)
            far = seconds > SECONDS or more > MB
            if far or options.all or number >= len(files):
                mark = "!" if far else " "
                print(
                    f"{mark} {about:<44} {seconds:5.2f} s {more:5.0f} MB  {said[:90]}", flush=True
                )
            os._exit(far)
        over += bool(os.waitpid(child, 0)[1])
    print(f"{len(files) + len(costly)} files, {over} over {SECONDS:.0f} s or {MB} MB.")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
