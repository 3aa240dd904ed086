"""Room on the disk, asked for before it is needed."""

import errno
import os
import sqlite3
from pathlib import Path

from core.errors import UserError
from core.system.storage import room, size

REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""No room on the disk, in a person's share of it, or for a file so large."""
_UNKNOWN = (errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS)
"""A file system that cannot set room aside."""


class NoRoomError(UserError):
    """The disk has no room for something; the message says how much it needs and what to do."""


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that a disk, or someone's share of it, is full."""
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT)
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def check_room(folder: Path, needed: int, what: str) -> None:
    """Whether the disk where a folder lies, or will lie, has room.

    Args:
        needed: bytes.
        what: needs it; the beginning of a sentence in the plural ("The checkpoints").

    Raises:
        NoRoomError: it has not.
        OSError: it cannot be told.
    """
    if (free := room(folder)) < needed:
        raise NoRoomError(
            f"{what} need {size(needed)}, and the disk that holds {folder} has {size(free)} free. "
            "Make room (python -m core storage lists what LesionLab keeps), then try again."
        )


def reserve(file: Path, nbytes: int) -> None:
    """Set the room of a file aside, where the system can: writing to a map of a file for which the
    disk has no room ends the process. Raises OSError: there is no room."""
    if not hasattr(os, "posix_fallocate"):
        return
    with file.open("r+b") as opened:
        try:
            os.posix_fallocate(opened.fileno(), 0, nbytes)
        except OSError as error:
            if error.errno not in _UNKNOWN:
                raise
