"""What LesionLab keeps on the disk, how large it is, and how what can be made again is removed.

    <cache>/models/KEY/             models prepared for this machine
    <cache>/training/KEY/           photos of people's own folders, decoded
    <data>/ham10000/cache/KEY/      HAM10000's photos decoded, and what a network makes of them
    <learning>/                     answers to quizzes, which nothing here removes
    <window>/                       the app window's log and browser profile, neither

Each KEY is an entry of a cache (`core.system.caches`) with a marker (`core.system.ownership`).
"""

import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from core.settings import Settings
from core.system import caches, ownership, prepared
from core.system.sqlite_file import ERRORS

PHOTOS, FEATURES = "decoded photos", "features of photos"
"""Kinds of entries, beside `core.system.prepared.KIND`."""
TITLES = {
    "models": "Prepared models",
    "photos": "Decoded photos",
    "features": "Features of photos",
    "runs": "Trainings and imported models",
    "bin": "Deleted trainings (bin)",
    "dataset": "HAM10000",
    "answers": "Answers to quizzes",
    "window": "App window (browser profile)",
}
ANSWERS = "answers"
"""What the folder of `core.learning.database` is marked as."""
WINDOW = "window"
"""What the folder of `desktop.place` is marked as."""
CLEARED = {"models": prepared.KIND, "photos": PHOTOS, "features": FEATURES}
"""What can be made again: its key among `TITLES`, and the kind of its entries."""
DATASET = "ham10000"
"""As `core.ham10000.dataset.folder` has it, which is slow to import."""
ARRAYS = {"frames.npy", "masks.npy", "crops.npy"}


@dataclass(frozen=True)
class Item:
    """Something kept.

    Attributes:
        kind: a key of `TITLES`.
        path: its folder or file.
        nbytes: of its files.
        used: a running process uses it; it is not removed.
    """

    kind: str
    path: Path
    nbytes: int
    used: bool = False


def survey(settings: Settings) -> list[Item]:
    """All that is kept, in the order of `TITLES`."""
    return [*_cached(settings), *_runs(settings), *_dataset(settings), *_people(settings)]


def clear(kinds: Collection[str], settings: Settings) -> str:
    """Remove what can be made again and is not in use; returns in a sentence what was done.

    Args:
        kinds: keys of `CLEARED`.
    """
    removed: list[int] = []
    used = 0
    for item in _cached(settings):
        if item.kind not in kinds:
            continue
        if caches.evict(item.path, CLEARED[item.kind]):
            removed.append(item.nbytes)
        else:
            used += item.used
    said = f"{size(sum(removed))} freed." if removed else "There was nothing to remove."
    return f"{said} {used} in use, which stay." if used else said


def make_room(place: Path, needed: int, settings: Settings) -> None:
    """Before so many bytes are kept in a folder: remove decoded photos and features that no running
    process uses, those used longest ago first, until all of them keep within the limit
    (`Settings.cache_gb`) and the disk has room. What is needed is not refused for the limit: one
    set of photos may be larger than it."""
    places = {place, *_places(settings)["photos"]}
    found = [
        (p, kind) for kind in (PHOTOS, FEATURES) for q in places for p in caches.entries(q, kind)
    ]
    found.sort(key=lambda pair: caches.last_used(pair[0]))
    sizes = {path: size_of(path) for path, _ in found}
    total = sum(sizes.values())
    for path, kind in found:
        over = total + needed > settings.cache_gb * 1024**3
        if not over and room(place) >= needed:
            return
        if (over or same_disk(path, place)) and caches.evict(path, kind):
            total -= sizes[path]


def size(nbytes: float) -> str:
    """Bytes for people: `1.2 GB`, `118 MB`, `3 kB`."""
    for unit, name in ((1024**3, "GB"), (1024**2, "MB"), (1024, "kB")):
        if nbytes >= 0.95 * unit:
            return f"{nbytes / unit:.1f} GB" if name == "GB" else f"{nbytes / unit:.0f} {name}"
    return f"{nbytes:.0f} B"


def room(folder: Path) -> int:
    """Bytes free on the disk where a folder lies, or will lie. Raises OSError."""
    return shutil.disk_usage(_there(folder)).free


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder and below it; links are not followed."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(size_of(inner) for inner in path.iterdir())
    except OSError:  # it is being removed
        return 0


def same_disk(one: Path, other: Path) -> bool:
    """Whether two folders lie, or will lie, on one disk."""
    try:
        return _there(one).stat().st_dev == _there(other).stat().st_dev
    except OSError:
        return False


def _there(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _places(settings: Settings) -> dict[str, tuple[Path, ...]]:
    """Where entries are, for each key of `CLEARED`."""
    dataset = settings.data / DATASET / "cache"
    return {
        "models": (settings.cache / prepared.FOLDER,),
        "photos": (settings.cache / "training", dataset),
        "features": (dataset,),
    }


def _cached(settings: Settings) -> Iterator[Item]:
    for kind, places in _places(settings).items():
        for place in places:
            for path in sorted(caches.entries(place, CLEARED[kind])):
                yield Item(kind, path, size_of(path), caches.in_use(path))


def _runs(settings: Settings) -> Iterator[Item]:
    binned = _binned(settings.runs / "runs.sqlite")
    found = [path for path in _inside(settings.runs) if ownership.kind_of(path)]
    for kind in ("runs", "bin"):
        for path in found:
            if (path.name in binned) == (kind == "bin"):
                yield Item(kind, path, size_of(path))


def _binned(database: Path) -> set[str]:
    """Ids of the runs in the bin."""
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT id FROM runs WHERE deleted IS NOT NULL")
            return {str(row[0]) for row in rows}
    except ERRORS:
        return set()


def _dataset(settings: Settings) -> Iterator[Item]:
    root = settings.data / DATASET
    nbytes = sum(size_of(path) for path in _inside(root) if path.name != "cache")
    if nbytes:
        yield Item("dataset", root, nbytes)


def _people(settings: Settings) -> Iterator[Item]:
    for kind, folder, marked in (
        ("answers", settings.learning, ANSWERS),
        ("window", settings.window, WINDOW),
    ):
        if ownership.kind_of(folder) == marked:
            yield Item(kind, folder, size_of(folder))


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
