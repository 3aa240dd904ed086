"""Folders of what can be made again, each an entry of a cache: which ones a running process uses,
and which go first when there is no room."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from core.system import ownership

try:
    import fcntl
except ImportError:  # Windows, which does not rename a folder of which a file is open
    fcntl = None  # type: ignore[assignment]

LOCK = "lock"
"""In each entry: who uses it holds this file, many at a time; who makes it, alone."""
WAIT_SECONDS = 0.5
_used: dict[Path, IO[bytes]] = {}


def entries(place: Path, kind: str) -> list[Path]:
    """The entries of a kind in a folder, half-made ones too."""
    try:
        return [path for path in place.iterdir() if ownership.kind_of(path) == kind]
    except OSError:
        return []


def last_used(entry: Path) -> float:
    """Seconds since 1970; 0 if it is gone."""
    try:
        return (entry / ownership.MARKER).stat().st_mtime
    except OSError:
        return 0.0


def use(entry: Path) -> bool:
    """Have nobody remove an entry until this process ends; false if it is gone already."""
    if not ownership.kind_of(entry):
        return False
    with suppress(OSError):
        os.utime(entry / ownership.MARKER)
    if entry in _used and _same(_used[entry], entry):
        return True
    try:
        file = (entry / LOCK).open("a+b")
    except OSError:  # nobody removes what cannot be written
        return entry.is_dir()
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_SH)
    release(entry)  # one that was removed and made again
    if not _same(file, entry):  # it was removed while this waited
        file.close()
        return False
    _used[entry] = file
    return True


def release(entry: Path) -> None:
    """This process does not use it any more."""
    if file := _used.pop(entry, None):
        file.close()


@contextmanager
def alone(entry: Path) -> Iterator[bool]:
    """Make an entry within the block, if that is true. False: another process makes or uses it,
    and half a second was waited. Who waits then looks whether the entry is whole by now, since one
    that uses it may do so for hours."""
    try:
        held = FileLock(entry / LOCK).acquire(timeout=WAIT_SECONDS)
    except Timeout:
        yield False
        return
    with held:
        yield True


def in_use(entry: Path) -> bool:
    """Whether a running process uses or makes an entry (on Windows: this one)."""
    if fcntl is None:
        return entry in _used
    try:
        with (entry / LOCK).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def evict(entry: Path, kind: str) -> bool:
    """Remove an entry; false if it is used or cannot be removed."""
    if fcntl is None or ownership.kind_of(entry) != kind:
        return ownership.remove(entry, kind)
    try:
        with (entry / LOCK).open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return ownership.remove(entry, kind)
    except OSError:
        return False


def _same(file: IO[bytes], entry: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), (entry / LOCK).stat())
    except OSError:
        return False
