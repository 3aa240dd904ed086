"""What work costs in processor time, counted in yardsticks: a fixed piece of work done beside it.
A machine that is slower, or busier, is so for both."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np


def cost(work: Callable[[], object], tries: int = 5) -> float:
    """The least that any try costs, in yardsticks of about 10 ms on a core of 2023."""
    seconds, yardsticks = [], []
    for _ in range(tries):
        yardsticks.append(_seconds(_yardstick))
        seconds.append(_seconds(work))
        yardsticks.append(_seconds(_yardstick))
    return min(seconds) / min(yardsticks)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _yardstick() -> None:
    """Half of it is Python's own work, half is numpy's."""
    words = {str(n): n for n in range(27_000)}
    sorted(words, key=lambda word: -words[word])
    np.sort(np.random.default_rng(0).random(80_000))
