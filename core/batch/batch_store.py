"""The batches of all visitors, within a limit."""

import secrets
import threading
from collections.abc import Iterable

from core.batch.batches import BatchJob
from core.system.fair_queue import BusyError

STORE_BYTES = 1024**3
"""Beyond this, no batch starts until an older one has been forgotten."""
FINISHED_BYTES = 192 * 1024**2
"""What batches that do not run any more may take when the next one starts."""
STORE_BATCHES = 20


class BatchStore:
    """Batches by an id that cannot be guessed. One for all sessions, in memory only. To make room
    for a new one, the oldest that do not run any more are forgotten."""

    def __init__(self) -> None:
        self._jobs: dict[str, BatchJob] = {}
        self._lock = threading.Lock()

    def start(self, job: BatchJob) -> str:
        """Start a batch; returns its id.

        Raises:
            BusyError: those that run already leave no room for it.
        """
        with self._lock:
            over = [k for k, j in self._jobs.items() if j.progress.state != "running"]
            while over and (self._full(job) or self._bytes(over) > FINISHED_BYTES):
                del self._jobs[over.pop(0)]
            if self._full(job):
                raise BusyError(
                    "Other visitors' batches fill this computer's memory. Try again in a few "
                    "minutes, or with fewer photos."
                )
            key = secrets.token_urlsafe(16)
            self._jobs[key] = job
            job.start()
        return key

    def get(self, key: str) -> BatchJob | None:
        """The batch of that id, unless it was forgotten."""
        with self._lock:
            return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Drop a batch, if it is there; one that runs is cancelled."""
        with self._lock:
            job = self._jobs.pop(key, None)
        if job is not None:
            job.cancel()

    def _full(self, job: BatchJob) -> bool:
        taken = self._bytes(self._jobs)
        return len(self._jobs) >= STORE_BATCHES or taken + job.nbytes > STORE_BYTES

    def _bytes(self, keys: Iterable[str]) -> int:
        return sum(self._jobs[key].nbytes for key in keys)
