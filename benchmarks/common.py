"""What the benchmarks share: photos, stacks in processes of their own, the machine, tables."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NoReturn, Self

import numpy as np

from core.errors import DatasetError
from core.ham10000.splits import SplitError
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from core.models.weights import WeightsError
from core.settings import Settings, SettingsError

Work = Callable[[Any], object]


def installed(package: str) -> bool:
    """Whether a package can be imported."""
    return importlib.util.find_spec(package) is not None


def run(main: Callable[[], int | None], *needed: str) -> NoReturn:
    """Run a benchmark and leave with its status; what it lacks is said in a sentence.

    Args:
        main: the benchmark.
        needed: packages that the app does without.
    """
    missing = [name for name in needed if not installed(name)]
    # Whoever only asks for help gets it.
    if missing and not {"-h", "--help"} & set(sys.argv[1:]):
        sys.exit(
            f"This benchmark needs {' and '.join(missing)}: "
            "pip install -r benchmarks/requirements.txt"
        )
    try:
        sys.exit(main())
    except (DatasetError, SettingsError, SplitError, WeightsError) as error:
        sys.exit(str(error))


def synthetic_photos(count: int) -> list[bytes]:
    """JPEG files of 600×450, no two alike: views of the practice lesions, shifted."""
    lesions = [lesion.image.rgb for lesion in practice_set()]
    photos = []
    for number in range(count):
        rgb = lesions[number % len(lesions)][:: (-1) ** number]
        photos.append(to_jpeg(np.roll(rgb, number // len(lesions), axis=1)))
    return photos


def on_the_cpu() -> Settings:
    """The environment's settings, on the CPU."""
    return replace(Settings.from_environment(), device="cpu")


class Stack:
    """A way of analysing, in a process of its own: its threads and memory disturb no other.

    Args:
        load: makes the work; runs in the process, so that what it imports stays there.
    """

    def __init__(self, load: Callable[[], Work]) -> None:
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(load, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self._ours.recv()

    def seconds(self, job: object) -> float:
        """How long one job takes. Raises what the work raised."""
        self._ours.send(job)
        answer = self._ours.recv()
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ours.close()
        self._process.join(10)
        self._process.terminate()


def _serve(load: Callable[[], Work], pipe: Connection) -> None:
    work = load()
    pipe.send(None)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            began = time.perf_counter()
            work(job)
            pipe.send(time.perf_counter() - began)
        except Exception as error:
            pipe.send(error)


def interleaved(
    stacks: dict[str, Stack], jobs: Sequence[object], rounds: int, block: int = 5
) -> dict[str, list[float]]:
    """Seconds of each stack's jobs. The stacks take turns, so that a busy minute of the machine
    hits all; each turn is a block of jobs one after the other, and a first round warms up."""
    found: dict[str, list[float]] = {name: [] for name in stacks}
    for turn in range(-1, rounds):
        for name, stack in stacks.items():
            for number in range(block * turn, block * (turn + 1)):
                seconds = stack.seconds(jobs[number % len(jobs)])
                if turn >= 0:
                    found[name].append(seconds)
            time.sleep(0.25)  # OpenMP's threads spin on for a while after torch's last operation
    return found


def machine() -> str:
    """The machine in a sentence."""
    import openvino as ov

    core = ov.Core()
    name = core.get_property("CPU", "FULL_DEVICE_NAME")
    able = set(core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")) & {"BF16", "INT8", "FP16"}
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{name}, {cores} cores, fast at {', '.join(sorted({'FP32', *able}))}; "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, "
        f"OpenVINO {ov.__version__.split('-')[0]}"
    )


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    lines = [list(header), [":---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
