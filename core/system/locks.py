"""Who lives: locks that the system frees when their holder dies, whatever it dies of."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from core.errors import UserError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

BEGAN_TOLERANCE = 2.0
"""Seconds. The time at which a process began is told relative to the system's clock, which may be
set a little; a number is not given to another process so soon."""
POLL_SECONDS = 0.02
LOOK_SECONDS = 0.5
"""Where a lock can only be looked at by taking it (Windows): others look no longer than this."""


class HeldError(UserError):
    """Another process holds the lock; the message tells a person where."""


@contextmanager
def hold(path: Path, seconds: float = 0) -> Iterator[None]:
    """Hold a lock within the block, alone on this machine.

    Args:
        path: the lock's file; it is made, and stays.
        seconds: wait at most so long for it.

    Raises:
        HeldError: another process holds it.
        OSError: the file cannot be made.
    """
    lock, deadline = FileLock(path), time.monotonic() + seconds
    while True:
        try:
            lock.acquire(timeout=0)
            break
        except Timeout as error:
            # Who only looks at it (`held`) is in the way for a moment, and no reason to give up.
            if held(path) and time.monotonic() >= deadline:
                raise HeldError(
                    f"Another process is at work in {path.parent}. Wait for its end."
                ) from error
        time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        lock.release()


def held(path: Path) -> bool:
    """Whether a living process holds the lock. Any number of processes may ask at once without
    taking each other for its holder."""
    if fcntl is None:
        try:
            with FileLock(path).acquire(timeout=LOOK_SECONDS):
                return False
        except Timeout:
            return True
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except FileNotFoundError:
        return False
    return False


@dataclass(frozen=True)
class Identity:
    """A process beyond doubt: numbers are used again, but not by one that began at the same time.

    Attributes:
        pid: its number.
        began: seconds since 1970.
    """

    pid: int
    began: float

    @classmethod
    def own(cls) -> Identity:
        """That of this process."""
        return cls(os.getpid(), psutil.Process().create_time())

    def end(self, force: bool) -> bool:
        """Ask the process to end (SIGTERM) or make it (SIGKILL); false if it is gone, or if its
        number belongs to another one now, which is left alone."""
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.began) <= BEGAN_TOLERANCE:
                if force:
                    process.kill()
                else:
                    process.terminate()
                return True
        return False
