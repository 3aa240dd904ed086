"""Folders of files that are costly to make and may be lost: written at once or not at all, checked
when found, made again when damaged."""

import json
import os
import time
import zlib
from collections.abc import Callable
from pathlib import Path

from core.system import caches, ownership

FOLDER = "models"
"""In the cache folder: everything below is in here."""
KIND = "prepared model"
SUMS = "crc32.json"
KEPT = 8
"""Models that stay, the latest used; older ones make room for new ones."""


def find(cache: Path, key: str) -> Path | None:
    """The folder kept under a key, if its files are as they were written. No other process removes
    it until this one ends."""
    folder = cache / FOLDER / key
    if caches.use(folder) and is_whole(folder):
        return folder
    caches.release(folder)  # on Windows a damaged one gives way only where nobody has it open
    return None


def keep(cache: Path, key: str, write: Callable[[Path], object]) -> Path | None:
    """Have `write` fill a folder and keep it; None if the cache cannot be written.

    The folder appears under its name only when complete, so that neither a second process nor one
    that is killed leaves half of it. A damaged one of that name gives way; a sound one, kept by
    another process in the meantime, stays.
    """
    place = cache / FOLDER
    try:
        place.mkdir(parents=True, exist_ok=True)
        made = ownership.scratch(place, KIND)
    except OSError:
        return None
    try:
        write(made)
        (made / SUMS).write_text(json.dumps(_sums(made)))
        if find(cache, key) is None:
            ownership.remove(place / key, KIND)
        os.rename(made, place / key)
    except (OSError, RuntimeError):  # a full disk, or the other process was first
        ownership.remove(made, KIND)
        return find(cache, key)
    _make_room(place)
    return find(cache, key)


def writable(cache: Path) -> bool:
    """Whether anything can be kept in that cache folder."""
    try:
        (cache / FOLDER).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache / FOLDER, os.W_OK)


def is_whole(folder: Path) -> bool:
    """Whether all files are as they were written."""
    try:
        return json.loads((folder / SUMS).read_text()) == _sums(folder)
    except (OSError, ValueError):
        return False


def _make_room(place: Path) -> None:
    """Drop the models not used for longest, and what was left half made a day ago."""
    entries = sorted(caches.entries(place, KIND), key=caches.last_used, reverse=True)
    half_made = [p for p in entries if p.name.startswith(ownership.SCRATCH)]
    old = [p for p in half_made if caches.last_used(p) < time.time() - 86_400]
    for folder in old + [p for p in entries if p not in half_made][KEPT:]:
        caches.evict(folder, KIND)


def _sums(folder: Path) -> dict[str, int]:
    """CRC-32 of each file: quick, and enough against damage."""
    sums = {}
    ours = (SUMS, caches.LOCK, ownership.MARKER)
    for path in sorted(p for p in folder.iterdir() if p.name not in ours):
        total = 0
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total = zlib.crc32(chunk, total)
        sums[path.name] = total
    return sums
