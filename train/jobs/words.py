"""How a training ended, in words for a student."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from core.errors import UserError
from core.system.disk_space import NoRoomError, is_disk_full
from train.jobs.record import GivenUpError, LostError, OutOfSightError
from train.jobs.states import Outcome
from train.progress import Stopped

FULL_BYTES = 1024**2
"""A disk with less than this free is full."""

DISK_FULL = (
    "The disk is full. Free some space on it (the bin holds deleted trainings, and python -m core "
    "storage lists what else LesionLab keeps), then resume: every finished epoch is kept."
)
MEMORY_FULL = (
    "There was not enough memory. Finished epochs are kept; duplicate the training with a smaller "
    "batch, size or network."
)
GONE = (
    "Its process is gone without a word: it was ended by force, the computer was switched off, or "
    "memory or disk were full. What is finished is kept; resume it to go on."
)
SHUT_DOWN = (
    "Its process was told to end, as when the computer is shut down. What is finished is kept; "
    "resume it to go on."
)


def ending(
    error: BaseException | None, folder: Path, stop_asked: bool, told_to_end: bool
) -> tuple[Outcome | None, str]:
    """Outcome and message of a training that ended by itself; no outcome if it was interrupted.

    Args:
        error: what it raised, if anything.
        stop_asked: a person wanted it to stop.
        told_to_end: the process got a SIGTERM.
    """
    if error is None:
        return "finished", ""
    if isinstance(error, OutOfSightError | LostError):
        return None, str(error)
    if isinstance(error, GivenUpError):
        return "stopped", str(error)
    if isinstance(error, Stopped | KeyboardInterrupt):
        if told_to_end and not stop_asked:
            return None, SHUT_DOWN
        return "stopped", "Stopped as asked. What is finished is kept; resume it to go on."
    if isinstance(error, NoRoomError):
        return "failed", str(error)
    if disk_is_full(error, folder):
        return "failed", DISK_FULL
    if any(isinstance(e, MemoryError) or "out of memory" in str(e) for e in _chain(error)):
        return "failed", MEMORY_FULL
    if isinstance(error, UserError | FileExistsError):
        return "failed", str(error)
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    return "failed", f"An error in the program ended it ({said}). The end of its log says where."


def gone(folder: Path) -> str:
    """A message for a run whose trainer is gone and left none. Where the disk is (still) full, it
    could not."""
    return DISK_FULL if _free(folder) < FULL_BYTES else GONE


def death(status: int, last_line: str) -> str:
    """A message for a process that ended without having recorded why.

    Args:
        status: its exit status, negative if a signal ended it.
        last_line: the last thing it printed.
    """
    if status == -9:  # SIGKILL
        return (
            "Its process was ended by force. The system does that when memory runs out: then "
            "choose a smaller batch or size. What is finished is kept; resume it to go on."
        )
    how = f"Its process ended with status {status}"
    if status < 0:
        how = f"Its process was ended by a signal ({signal.strsignal(-status) or -status})"
    said = f"; the last it said was: {last_line}" if last_line else ""
    return f"{how}{said}. What is finished is kept; resume it to go on."


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def disk_is_full(error: BaseException, folder: Path | None = None) -> bool:
    """Whether an error, or one that led to it, says so; or whether a folder's disk is full now."""
    full = any(is_disk_full(e) for e in _chain(error))
    return full or (folder is not None and _free(folder) < FULL_BYTES)


def _free(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return FULL_BYTES
