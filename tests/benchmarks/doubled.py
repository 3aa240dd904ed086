"""What the test of `benchmarks.common.Stack` runs in processes of their own: imports next to
nothing."""

from __future__ import annotations

import time
from collections.abc import Callable


def doubled() -> Callable[[object], None]:
    """Work that takes twice as many seconds as it is told."""

    def work(seconds: object) -> None:
        if not isinstance(seconds, float):
            raise ValueError("not a number")
        time.sleep(2 * seconds)

    return work
