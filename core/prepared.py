"""Folders of files that are costly to make and may be lost: written at once or not at all, checked
when found, made again when damaged."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

SUMS = "crc32.json"
KEPT = 8
"""Folders that stay in a cache, the latest used; older ones make room for new ones."""


def find(cache: Path, key: str) -> Path | None:
    """The folder kept under a key, if its files are as they were written."""
    folder = cache / key
    try:
        sums = json.loads((folder / SUMS).read_text())
        if sums == _sums(folder):
            os.utime(folder)
            return folder
    except (OSError, ValueError):
        pass
    return None


def keep(cache: Path, key: str, write: Callable[[Path], object]) -> Path | None:
    """Have `write` fill a folder and keep it; None if the cache cannot be written.

    The folder appears under its name only when complete, so that neither a second process nor one
    that is killed leaves half of it. A damaged one of that name gives way; a sound one, kept by
    another process in the meantime, stays.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".", dir=cache))
    except OSError:
        return None
    try:
        write(made)
        (made / SUMS).write_text(json.dumps(_sums(made)))
        if find(cache, key) is None:
            shutil.rmtree(cache / key, ignore_errors=True)
        os.rename(made, cache / key)
    except (OSError, RuntimeError):  # a full disk, or the other process was first
        shutil.rmtree(made, ignore_errors=True)
        return find(cache, key)
    _make_room(cache)
    return cache / key


def _make_room(cache: Path) -> None:
    """Drop the folders not used for longest, and what was left half made a day ago."""
    folders = sorted((p for p in cache.iterdir() if p.is_dir()), key=lambda p: -p.stat().st_mtime)
    half_made = [p for p in folders if p.name.startswith(".")]
    old = [p for p in half_made if p.stat().st_mtime < time.time() - 86_400]
    for folder in old + [p for p in folders if p not in half_made][KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _sums(folder: Path) -> dict[str, int]:
    """CRC-32 of each file: quick, and enough against damage."""
    sums = {}
    for path in sorted(p for p in folder.iterdir() if p.name != SUMS):
        total = 0
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                total = zlib.crc32(chunk, total)
        sums[path.name] = total
    return sums
