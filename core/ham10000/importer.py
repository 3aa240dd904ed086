"""Import of HAM10000's archives, as a user downloads them, into the data folder.

Files are recognised by name, wherever they lie in the archive (Kaggle's doubled lower-case folders,
the twice-nested masks, Dataverse's flat zips, and a zip of those zips); everything else is left
alone. The table may also come as a plain file: Harvard Dataverse hands out `HAM10000_metadata`,
comma-separated as it was uploaded or tab-separated (`.tab`), without a zip around it. Each file is
written under a temporary name and renamed, so an interrupted import can simply be run again.
"""

import os
import re
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from core.errors import DatasetError
from core.ham10000.dataset import folder, read_metadata
from core.imaging.photo_files import is_hidden
from core.system import ownership, zips
from core.system.ownership import ForeignFolderError
from core.system.zips import ZipError

DATASET, INNER = "imported HAM10000", "archives being imported"
MAX_INNER_BYTES = 8 * 1024**3
"""What an archive in an archive may have; each half of the photos has 1.3 GB."""
MAX_FILE_BYTES = 50 * 1024**2
"""No file of the dataset is larger; guards against archives that unpack without end."""

MAX_MEMBERS = 200_000
"""Of an archive; all of HAM10000 has some 30,000."""
MAX_RATIO = 100
"""How many times its packed size an archive's photos, or an archive in it, may have: both hardly
shrink."""

_PHOTO = re.compile(r"(ISIC_\d{7})\.jpe?g", re.IGNORECASE)
_MASK = re.compile(r"(ISIC_\d{7})_segmentation\.png", re.IGNORECASE)
_TABLE = re.compile(r"HAM10000_metadata(\.csv|\.tab)?", re.IGNORECASE)
_PLAIN_TABLE = re.compile(r"HAM10000_metadata.*(?<!\.zip)", re.IGNORECASE)
"""A table on its own: browsers add ` (1)` and the like to the names of what they download."""
_CROP_FOLDER = "centre_crops_224"

Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, text) while files are imported or downloaded."""


@dataclass(frozen=True)
class ImportReport:
    """What an import did, in numbers of files."""

    added: int
    unchanged: int
    ignored: int


@dataclass(frozen=True)
class _Entry:
    archive: Path
    info: zipfile.ZipInfo | None
    """Where in the archive; None if the file is no archive but the table itself."""
    target: Path

    def read(self, opened: zipfile.ZipFile | None) -> bytes:
        """What is to be written; `opened` is the archive, None if it is the table itself."""
        if opened is None or self.info is None:
            return self.archive.read_bytes()
        return opened.read(self.info)


def import_archives(
    archives: Sequence[Path], data: Path | None = None, progress: Progress | None = None
) -> ImportReport:
    """Import zip files into the data folder; files already there with the same content stay.

    All archives are checked before the first file is written.

    Args:
        archives: zip files, or the plain table (`HAM10000_metadata`), in any order.
        data: the data folder (default: the setting `LESIONLAB_DATA`).
        progress: told how far the import is.

    Raises:
        DatasetError: an archive is missing, no zip, damaged, holds unsafe paths or nothing of
            HAM10000; or the table is not HAM10000's; or the disk is full; or the folder, which
            LesionLab did not make, holds other files of the same names. What was imported before
            stays; files of an earlier import that differ are moved to `replaced-TIME/`.
    """
    root = folder(data)
    with _with_inner(list(dict.fromkeys(archives)), root) as inner:
        return _import(inner, root, progress)


def _import(
    archives: dict[Path, tuple[Path, ...]], root: Path, progress: Progress | None
) -> ImportReport:
    """Import archives, each with those in it."""
    entries: list[_Entry] = []
    ignored = 0
    for outer, inner in archives.items():
        planned = {archive: _plan(archive, root) for archive in (outer, *inner)}
        if not any(found for found, _ in planned.values()):
            raise DatasetError(_nothing_in(outer, [archive.name for archive in inner]))
        for found, others in planned.values():
            entries += found
            ignored += others
        ignored -= len(inner)
    every = [archive for outer, inner in archives.items() for archive in (outer, *inner)]
    added = unchanged = 0
    aside = root / f"replaced-{datetime.now():%Y%m%d-%H%M%S}"
    try:
        _claim(root, entries)
        for archive in every:
            with nullcontext() if _is_plain_table(archive) else zipfile.ZipFile(archive) as opened:
                for entry in [e for e in entries if e.archive == archive]:
                    if _same(entry):
                        unchanged += 1
                    else:
                        _extract(opened, entry, aside)
                        added += 1
                    if progress:
                        progress(added + unchanged, len(entries), archive.name)
    except OSError as error:
        raise DatasetError(
            f"Cannot write to {root} ({error.strerror}). Make room or check the permissions, "
            "then run the import again; it goes on where it stopped."
        ) from error
    return ImportReport(added, unchanged, ignored)


def _plan(archive: Path, root: Path) -> tuple[list[_Entry], int]:
    """Which entries go where, the first of equal names winning, and how many are ignored."""
    if _is_plain_table(archive):
        read_metadata(archive)
        return [_Entry(archive, None, root / "metadata.csv")], 0
    try:
        with zips.open_zip(archive, MAX_MEMBERS) as opened:
            infos = zips.members(opened)
    except FileNotFoundError as error:
        raise DatasetError(f"There is no file {archive}.") from error
    except ZipError as error:
        raise DatasetError(f"{archive.name} is not a readable zip file: {error}") from error
    targets: dict[Path, zipfile.ZipInfo] = {}
    for info in infos:
        _refuse_unsafe(archive, info)
        target = _target(info.filename, root)
        if target is not None:
            targets.setdefault(target, info)
    try:
        size = archive.stat().st_size
        zips.check_unpacked(list(targets.values()), size, sys.maxsize, MAX_RATIO)
    except ZipError as error:
        raise DatasetError(
            f"{archive.name} {error}, which photos never do. Nothing was imported; download the "
            "archive from its original source."
        ) from error
    entries = [_Entry(archive, info, target) for target, info in targets.items()]
    return entries, len(infos) - len(targets)


def _nothing_in(archive: Path, inner: Sequence[str]) -> str:
    within = f", nor do the archives in it ({', '.join(inner)})" if inner else ""
    return (
        f"{archive.name} holds nothing of HAM10000{within}: neither ISIC_….jpg photos, "
        "ISIC_…_segmentation.png masks nor HAM10000_metadata.csv. If its photos are in archives "
        "within archives, unpack it once and import those."
    )


@contextmanager
def _with_inner(archives: list[Path], root: Path) -> Iterator[dict[Path, tuple[Path, ...]]]:
    """Each archive with the archives in it, such as those of one download of everything: unpacked
    into a folder that is deleted afterwards. Theirs are not looked into."""
    scratch: Path | None = None
    found: dict[Path, tuple[Path, ...]] = {}
    try:
        for archive in archives:
            inner = _archives_in(archive)
            if inner and scratch is None:
                root.mkdir(parents=True, exist_ok=True)
                with suppress(ForeignFolderError):
                    ownership.claim(root, DATASET)
                scratch = ownership.scratch(root, INNER)
            found[archive] = tuple(
                _unpacked(archive, info, scratch / f"{len(found)}-{number}")
                for number, info in enumerate(inner)
                if scratch is not None
            )
        yield found
    except OSError as error:
        raise DatasetError(
            f"Cannot write to {root} ({error.strerror}). Make room or check the permissions."
        ) from error
    finally:
        if scratch is not None:
            ownership.remove(scratch, INNER)


def _archives_in(archive: Path) -> list[zipfile.ZipInfo]:
    try:
        with zips.open_zip(archive, MAX_MEMBERS) as opened:
            infos = [info for info in zips.members(opened) if _is_inner(info.filename)]
    except (ZipError, FileNotFoundError):
        return []  # `_plan` says what is wrong with it
    for info in infos:
        _refuse_unsafe(archive, info)
        if info.file_size > MAX_INNER_BYTES or info.file_size > MAX_RATIO * info.compress_size:
            raise DatasetError(
                f"{info.filename!r} in {archive.name} unpacks to more than photos do. Nothing was "
                "imported; download the archive from its original source."
            )
    return infos


def _is_inner(name: str) -> bool:
    """An archive, but not that of the challenge's test photos, which Dataverse hands out with
    HAM10000 and which are not in its table."""
    return name.lower().endswith(".zip") and not is_hidden(name) and "_Test_" not in name


def _unpacked(archive: Path, info: zipfile.ZipInfo, folder: Path) -> Path:
    folder.mkdir()
    if info.file_size > shutil.disk_usage(folder).free:
        raise DatasetError(
            f"{archive.name} holds archives, and the disk has no room to unpack them "
            f"({info.file_size / 1024**2:,.0f} MB). Make room, or unpack it yourself."
        )
    path = folder / PurePosixPath(info.filename.replace("\\", "/")).name
    try:
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(info) as member,
            path.open("wb") as out,
        ):
            shutil.copyfileobj(member, out, 1024**2)
    except zips.UNREADABLE as error:
        if isinstance(error, OSError):
            raise
        raise DatasetError(
            f"{info.filename} in {archive.name} is damaged or packed in a way not known here "
            f"({error}). Download it again."
        ) from error
    return path


def _is_plain_table(path: Path) -> bool:
    return (
        path.is_file()
        and _PLAIN_TABLE.fullmatch(path.name) is not None
        and path.stat().st_size <= MAX_FILE_BYTES
        and not zipfile.is_zipfile(path)
    )


def _refuse_unsafe(archive: Path, info: zipfile.ZipInfo) -> None:
    if zips.leads_out(info.filename):
        raise DatasetError(
            f"{archive.name} holds the unsafe path {info.filename!r}. Nothing was imported; "
            "download the archive from its original source."
        )
    wanted = _target(info.filename, Path()) is not None
    if not (wanted or _is_inner(info.filename)):
        return
    if problem := zips.problem_of(info):
        raise DatasetError(
            f"{info.filename!r} in {archive.name} is {problem.value}, so it is not read. Download "
            "the archive from its original source."
        )
    if wanted and info.file_size > MAX_FILE_BYTES:
        raise DatasetError(f"{info.filename!r} in {archive.name} is too large to be a photo.")


def _target(name: str, root: Path) -> Path | None:
    path = PurePosixPath(name.replace("\\", "/"))
    if is_hidden(name):
        return None
    if match := _PHOTO.fullmatch(path.name):
        kind = "crops" if _CROP_FOLDER in path.parts else "images"
        return root / kind / f"{match[1].upper()}.jpg"
    if match := _MASK.fullmatch(path.name):
        return root / "masks" / f"{match[1].upper()}.png"
    if _TABLE.fullmatch(path.name):
        return root / "metadata.csv"
    return None


def _same(entry: _Entry) -> bool:
    try:
        if entry.info is None:
            return entry.target.read_bytes() == entry.archive.read_bytes()
        if entry.target.stat().st_size != entry.info.file_size:
            return False
        return zlib.crc32(entry.target.read_bytes()) == entry.info.CRC
    except FileNotFoundError:
        return False


def _claim(root: Path, entries: list[_Entry]) -> None:
    """Have a folder of our own; in one that holds files already (somebody's, or those of a version
    that left no marker) none of them is replaced. Raises DatasetError, OSError."""
    try:
        ownership.claim(root, DATASET)
    except ForeignFolderError as error:
        for entry in entries:
            if os.path.lexists(entry.target) and not _same(entry):
                raise DatasetError(
                    f"{entry.target} is another file than that in {entry.archive.name}, and maybe "
                    "yours. Nothing was imported. Move it away, then import again."
                ) from error


def _extract(opened: zipfile.ZipFile | None, entry: _Entry, aside: Path) -> None:
    try:
        content = entry.read(opened)
    except zips.UNREADABLE as error:
        raise DatasetError(
            f"{entry.archive.name} is damaged or packed in a way not known here ({error}). "
            "Download it again; what was imported stays."
        ) from error
    entry.target.parent.mkdir(parents=True, exist_ok=True)
    with ownership.replacing(entry.target) as temporary:
        temporary.write_bytes(content)
        if entry.target.name == "metadata.csv":
            read_metadata(temporary)
        if os.path.lexists(entry.target):
            kept = aside / entry.target.parent.name / entry.target.name
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.replace(entry.target, kept)
