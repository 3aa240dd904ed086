"""How long tests wait for what other threads and processes do. No test measures how fast that is:
only what hangs fails, and then says what is known."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.batch.batches import BatchJob

PATIENCE = float(os.environ.get("LESIONLAB_TEST_PATIENCE", "1200"))
"""Seconds; more than anything takes on the slowest machine."""


def wait_for(
    what: Callable[[], object], known: Callable[[], object] = str, every: float = 0.02
) -> None:
    """Until it is so; fails if it never is.

    Args:
        known: what is said if it fails.
        every: seconds between two looks.
    """
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, f"It did not come to that. {known()}"
        time.sleep(every)


def ended(job: BatchJob, seconds: float = PATIENCE) -> bool:
    """Whether a batch ends in that time."""
    job._thread.join(seconds)
    return not job._thread.is_alive()
