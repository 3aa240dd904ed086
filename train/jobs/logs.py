"""`log.txt`: what a trainer printed, kept small."""

import re
from pathlib import Path

LOG_FILE = "log.txt"
LOG_MOST = 4 * 1024**2
"""Bytes: a log that has more is cut …"""
LOG_KEPT = 512 * 1024
"""… to its last so many."""
CUT = b"[earlier lines were left out]\n"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def tail(path: Path, lines: int) -> str:
    """The last lines of a log that are not empty, without colours and overwritten progress bars;
    empty if it is not there."""
    try:
        text = _end(path, 64 * 1024).decode("utf-8", errors="replace")
    except OSError:
        return ""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n")
    kept = [line.rsplit("\r", 1)[-1].rstrip() for line in text.split("\n")]
    return "\n".join([line for line in kept if line][-lines:])


def trim(path: Path, most: int = LOG_MOST, keep: int = LOG_KEPT) -> None:
    """Cut a log that has grown beyond `most` bytes. Whoever appends to it meanwhile goes on at its
    new end; a line printed at this very moment may be lost."""
    if not path.is_file() or path.stat().st_size <= most:
        return
    end = _end(path, keep)
    with path.open("r+b") as file:
        file.truncate(0)
        file.write(CUT + end[end.find(b"\n") + 1 :])


def _end(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read(size)
