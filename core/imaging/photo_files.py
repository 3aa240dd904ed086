"""The photos in a folder, or in a list of paths: the one way to find them and to name them."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from core.errors import DatasetError
from core.imaging.formats import ENDINGS, UNREAD, ending_of, without_ending

SYSTEM = {
    "$recycle.bin",
    "#recycle",
    "#snapshot",
    "@eadir",
    "@tmp",
    "__macosx",
    "__pycache__",
    "desktop.ini",
    "ehthumbs.db",
    "lost+found",
    "recycler",
    "system volume information",
    "thumbs.db",
}
"""What computers, servers and programs keep beside people's files, in lower case."""

HIDDEN = "hidden or kept by the system"
OTHER = "no photo by its ending"
BROKEN = "cannot be opened"
NAMED = 3
"""So many of what is left out are named, the rest is counted."""


@dataclass(frozen=True)
class PhotoFile:
    """A photo in a folder.

    Attributes:
        path: where it is.
        name: its path below the folder that was looked into, with `/` between the parts.
        id: the name without its picture ending: `pat.0` of `pat.0.jpg`, `left/a` of `left/a.png`.
    """

    path: Path
    name: str

    @property
    def id(self) -> str:
        """See the class."""
        return without_ending(self.name)


@dataclass(frozen=True)
class LeftOut:
    """A file or folder that is not among the photos.

    Attributes:
        path, name: as a photo's.
        reason: `HIDDEN`, `OTHER`, `BROKEN`, or the name of a format that is not read.
    """

    path: Path
    name: str
    reason: str

    @property
    def is_picture(self) -> bool:
        """By its ending a picture, only not of a format that is read."""
        return self.reason not in (HIDDEN, OTHER, BROKEN)


@dataclass(frozen=True)
class Listing:
    """What was found.

    Attributes:
        photos: sorted by name, files that were named themselves in the order given.
        left_out: everything else, sorted by name.
    """

    photos: tuple[PhotoFile, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def pictures(self) -> tuple[Path, ...]:
        """Paths of the photos, and of pictures in formats that are not read."""
        others = (left.path for left in self.left_out if left.is_picture)
        return (*(photo.path for photo in self.photos), *others)

    def notes(self, pictures: bool = True) -> tuple[str, ...]:
        """A sentence for each reason, with the count and some names; without those for pictures in
        formats that are not read, if somebody else tells of them."""
        names: dict[str, list[str]] = defaultdict(list)
        for left in self.left_out:
            if pictures or not left.is_picture:
                names[left.reason].append(left.name)
        return left_out_notes(dict(sorted(names.items())))


def left_out_notes(names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A sentence for each reason for which something is left out, with the count and some names."""
    return tuple(f"Left out, {why}: {counted(found)}." for why, found in names.items() if found)


def counted(names: Sequence[str]) -> str:
    """How many there are, with the first three: `12 (a, b, c and 9 more)`."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{len(names):,} ({', '.join(names[:NAMED])}{more})"


def list_photos(paths: Path | Sequence[Path], but: Path | None = None) -> Listing:
    """Find the photos in folders and all folders below them; files are taken as they are named.

    Endings are known in any case. Hidden and system folders are not entered. Links to folders are
    followed, each folder is entered once, so that links in a circle end.

    Args:
        paths: a folder, or folders and files.
        but: a folder that is passed over, as what it holds are results.

    Raises:
        FileNotFoundError: one of the paths does not exist.
    """
    found: list[PhotoFile | LeftOut] = []
    entered: set[tuple[int, int]] = set()
    if but is not None and but.is_dir():
        entered.add(_identity(but))
    for path in [paths] if isinstance(paths, Path) else paths:
        if path.is_dir():
            found += sorted(_look_into(path, entered), key=lambda file: file.name)
        elif path.exists():
            found.append(PhotoFile(path, path.name))
        else:
            raise FileNotFoundError(f"There is no file or folder {path}.")
    listing = _listing(found)
    unique = {photo.path: photo for photo in reversed(listing.photos)}
    return replace(listing, photos=tuple(reversed(unique.values())))


def list_members(archive: Path, names: Iterable[str]) -> Listing:
    """The photos in an archive as `list_photos` has those in a folder, by the names of its files;
    each path is that of the file if the archive were a folder."""
    return _listing([_file(archive / name, name, is_hidden(name)) for name in sorted(names)])


def is_hidden(name: str) -> bool:
    """Whether a part of a relative path is hidden or a system's own: `.ipynb_checkpoints/a.jpg`,
    `__MACOSX/._a.jpg`, `Thumbs.db`. Either slash parts it."""
    return any(
        part.lower() in SYSTEM or (part.startswith(".") and part.strip("."))
        for part in PurePosixPath(name.replace("\\", "/")).parts
    )


def _identity(folder: Path) -> tuple[int, int]:
    facts = folder.stat()
    return facts.st_dev, facts.st_ino


def _listing(files: Sequence[PhotoFile | LeftOut]) -> Listing:
    photos = tuple(file for file in files if isinstance(file, PhotoFile))
    return Listing(photos, tuple(file for file in files if isinstance(file, LeftOut)))


def _look_into(root: Path, entered: set[tuple[int, int]]) -> Iterator[PhotoFile | LeftOut]:
    """Real folders first, then linked ones: a folder reached both ways has its own name."""
    folders, links = [(root, "")], list[tuple[Path, str]]()
    while folders or links:
        folder, prefix = folders.pop() if folders else links.pop()
        try:
            if _identity(folder) in entered:
                continue
            entered.add(_identity(folder))
            entries = list(os.scandir(folder))
        except OSError:
            yield LeftOut(folder, prefix.rstrip("/") or folder.name, BROKEN)
            continue
        for entry in entries:
            path, name = Path(entry.path), prefix + entry.name
            hidden = is_hidden(entry.name)
            is_file = is_folder = False
            with suppress(OSError):  # of a link to itself, or to where nobody may look
                is_file, is_folder = entry.is_file(), entry.is_dir()
            if hidden or is_file:
                yield _file(path, name, hidden)
            elif is_folder:
                (links if entry.is_symlink() else folders).append((path, name + "/"))
            else:  # a link that leads nowhere, a pipe
                yield LeftOut(path, name, BROKEN)


def _file(path: Path, name: str, hidden: bool) -> PhotoFile | LeftOut:
    """A file as a photo, or left out by its ending."""
    if hidden:
        return LeftOut(path, name, HIDDEN)
    ending = ending_of(name)
    if ending in ENDINGS:
        return PhotoFile(path, name)
    return LeftOut(path, name, UNREAD[ending].told if ending else OTHER)


class PhotoIndex:
    """Photos found by what a table or another file calls them.

    The whole relative path goes first, then as much of its end as is given: `left/a` and `right/a`
    are told apart, and `a` finds either where there is only one. The name as it is written goes
    before the one without a picture ending, and its own case before another.
    """

    def __init__(self, photos: Iterable[PhotoFile]) -> None:
        self._ends: dict[str, dict[str, list[PhotoFile]]] = {"as written": {}, "any case": {}}
        for photo in photos:
            for spelling in {_same(photo.name), _same(photo.id)}:
                for end in _ends(spelling):
                    self._ends["as written"].setdefault(end, []).append(photo)
                for end in _ends(spelling.casefold()):
                    self._ends["any case"].setdefault(end, []).append(photo)

    def find(self, name: str) -> PhotoFile | None:
        """The photo of that name, or None.

        Raises:
            DatasetError: two photos have it.
        """
        written = _same(name)
        for ends in self._ends.values():
            for spelling in dict.fromkeys([written, without_ending(written)]):
                wanted = spelling if ends is self._ends["as written"] else spelling.casefold()
                for end in _ends(wanted):
                    found = ends.get(end, [])
                    # A whole path, or an end of one; and if the name gives more of the path than
                    # was looked into, the whole of the photo's.
                    whole = [p for p in found if end.count("/") == p.name.count("/")]
                    fitting = whole or (found if end == wanted else [])
                    if len(fitting) > 1:
                        raise DatasetError(
                            f"{fitting[0].name} and {fitting[1].name} are both called {name}. "
                            "Rename one of the two, or give the folder with the name."
                        )
                    if fitting:
                        return fitting[0]
        return None


def _same(name: str) -> str:
    """A path in one Unicode form, with `/` between its parts."""
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/")).removeprefix("./")


def _ends(path: str) -> Iterator[str]:
    """The path, then ever less of it: `a/b`, `b`."""
    parts = path.split("/")
    return ("/".join(parts[start:]) for start in range(len(parts)))
