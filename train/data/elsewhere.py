"""Further training photos, from other clinics: folders or ZIP archives beside HAM10000.

A source has a table of diagnoses, or masks, or both:

    any table that `core.imaging.label_files` reads, photos anywhere below, masks as
    `core.imaging.mask_files` pairs them (ISIC's NAME_segmentation.png, say)

All tables of a source together say which photos are of one lesion, or of one patient. A fixed 15 %
of its photos, chosen by a digest of the lesion's (or patient's, or photo's) id, are never learned
from: *validation-elsewhere*, on which choices are made beside HAM10000's validation. A photo that
two sources have counts as the first one's, with what that one says of its lesion.
Nothing here enters a figure of HAM10000: its own photos, and photos that another source has too,
are left out and counted.

No torch here.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from core.errors import DatasetError
from core.ham10000.importer import MAX_MEMBERS, MAX_RATIO
from core.ham10000.splits import Split
from core.imaging.formats import ENDINGS, without_ending
from core.imaging.label_files import read_groups, read_labels
from core.imaging.mask_files import ENDINGS as MASK_ENDINGS
from core.imaging.mask_files import pair_masks
from core.imaging.photo_files import (
    HIDDEN,
    LeftOut,
    PhotoFile,
    PhotoIndex,
    counted,
    list_members,
    list_photos,
)
from core.settings import typed_path
from core.system import zips
from core.system.zips import ZipError
from core.taxonomy import KEYS
from train.data.folders import MASK_FOLDERS, Folder

TABLES = (".csv", ".tsv", ".txt", ".tab")
"""Endings of tables of diagnoses."""
VALIDATION_PERCENT = 15
"""Of the photos of a further source, how many are kept for validation, by a digest of their id."""


def split_of(group: str) -> str:
    """`train` or `validation`: which side the photos of a lesion (or patient) of that name lie on,
    whichever others there are."""
    digest = hashlib.sha256(group.encode()).digest()
    return "validation" if int.from_bytes(digest[:8], "big") % 100 < VALIDATION_PERCENT else "train"


@dataclass(frozen=True, eq=False)
class Elsewhere(Folder):
    """Photos of one further source; `dx` is empty where the diagnosis is not known or none of the
    seven, and the ids are those of the photos."""

    whole_masks = True

    @classmethod
    def open(cls, path: Path, known: frozenset[str] = frozenset()) -> Elsewhere:
        """Find the photos, their diagnoses and their masks.

        Args:
            path: a folder or a ZIP archive.
            known: ids of photos that other data has already; they are left out.

        Raises:
            DatasetError: nothing is there, it cannot be read, or no photo has a label or mask.
        """
        files, notes = _listed(path)
        pictures = [name for name in files if name.lower().endswith(ENDINGS)]
        masks = [_by_name(path, name) for name in pictures if _is_mask(name)]
        photos = [_by_name(path, name) for name in pictures if not _is_mask(name)]
        pairs = pair_masks(photos, masks)
        tables = [name for name in files if name.lower().endswith(TABLES)]
        index = PhotoIndex({p.id: p for p in photos}.values())
        labels = _labels(path, tables, index, needed=not pairs)
        rows: dict[str, dict[str, str]] = {}
        known_already = twice = bare = 0
        for photo in photos:
            image_id = photo.id
            if image_id in known:
                known_already += 1
                continue
            if image_id in rows:
                twice += 1
                continue
            dx, group = labels.dx.get(image_id, ""), labels.group.get(image_id, image_id)
            mask = pairs[photo].path.relative_to(path).as_posix() if photo in pairs else ""
            if not (dx or mask):
                bare += 1
                continue
            rows[image_id] = {
                "lesion_id": group,
                "dx": dx,
                "split": split_of(group),
                "mask_file": mask,
                "photo_file": photo.path.relative_to(path).as_posix(),
            }
        if not rows:
            raise DatasetError(_why_none(path, len(photos), known_already, labels))
        table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
        table.index.name = "image_id"
        table = table.assign(has_mask=table["mask_file"] != "", has_crop=False)
        if known_already:
            notes += (f"{_photos_are(known_already)} left out, as other data has them already.",)
        if twice:
            notes += (f"{_photos_are(twice)} left out, as others here have the same names.",)
        if bare:
            notes += (f"{_photos_are(bare)} left out, without a diagnosis or a mask.",)
        split = Split.of(dict(zip(table["lesion_id"], table["split"], strict=True)))
        return cls(path, table, split, KEYS, (*notes, *labels.notes))

    def photo(self, image_id: str) -> bytes:
        """The photo's bytes. Raises DatasetError."""
        return self._bytes(str(self.table.at[image_id, "photo_file"]))

    def files(self) -> list[Path]:
        """Every file that is used."""
        if self.root.is_file():
            return [self.root]
        names = [*self.table["photo_file"], *self.table.loc[self.table["has_mask"], "mask_file"]]
        return [self.root / name for name in names]

    def _bytes(self, name: str) -> bytes:
        return _read(self.root, name)


def source_name(path: Path) -> str:
    """What cards and evaluations call the folder or ZIP archive of a further source."""
    whole = Path(os.path.abspath(typed_path(path)))
    return whole.stem if whole.suffix.lower() == ".zip" else whole.name


def open_sources(paths: Iterable[Path], known: Iterable[str]) -> list[Elsewhere]:
    """Several further sources; photos whose ids are known, or that an earlier source has, are left
    out. Raises DatasetError."""
    ids = frozenset(map(str, known))
    sources = []
    for path in paths:
        sources.append(Elsewhere.open(typed_path(path), ids))
        ids |= frozenset(sources[-1].table.index)
    return sources


def _listed(path: Path) -> tuple[list[str], tuple[str, ...]]:
    """Names of the pictures and tables in a folder or archive, and what to say of what is left
    out."""
    if path.is_dir():
        listing = list_photos(path)
    elif path.is_file():
        members = zips.members(_archive(path))
        listing = list_members(path, (info.filename for info in members))
    else:
        raise DatasetError(f"There is no folder or ZIP archive {path}.")
    others = [left for left in listing.left_out if not _is_table(left)]
    tables = [left.name for left in listing.left_out if _is_table(left)]
    names = [*(photo.name for photo in listing.photos), *tables]
    return sorted(names), replace(listing, left_out=tuple(others)).notes()


def _is_table(left: LeftOut) -> bool:
    return left.reason != HIDDEN and left.name.lower().endswith(TABLES)


def _by_name(root: Path, name: str) -> PhotoFile:
    """A picture under its own name: challenges keep photos and masks in folders of their own."""
    return PhotoFile(root / name, PurePosixPath(name).name)


def _is_mask(name: str) -> bool:
    """Whether a picture is a mask, by its name or its folder's."""
    path = PurePosixPath(without_ending(name).lower())
    return path.parent.name in MASK_FOLDERS or path.name.endswith(MASK_ENDINGS[:-1])


def _archive(path: Path) -> zipfile.ZipFile:
    """Kept open: the table of contents is read once, not for each photo. Raises DatasetError."""
    try:
        facts = path.stat()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    return _opened(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=4)
def _opened(path: Path, nbytes: int, written: int) -> zipfile.ZipFile:
    """The archive as it was written then."""
    try:
        archive = zips.open_zip(path, MAX_MEMBERS)
        zips.check_unpacked(zips.members(archive), nbytes, sys.maxsize, MAX_RATIO)
    except (OSError, ZipError) as error:
        raise DatasetError(
            f"{path} is neither a folder nor a ZIP archive that can be read: {error}."
        ) from error
    return archive


def _read(root: Path, name: str) -> bytes:
    try:
        if root.is_dir():
            return (root / name).read_bytes()
        archive = _archive(root)
        if problem := zips.problem_of(info := archive.getinfo(name)):
            raise DatasetError(f"{name} in {root} is {problem.value}, so it is not read.")
        return archive.read(info)
    except DatasetError:
        raise
    except (KeyError, *zips.UNREADABLE) as error:
        raise DatasetError(f"{name} in {root} cannot be read.") from error


@dataclass(frozen=True)
class _Labelled:
    """What the tables of a source say of its photos.

    Attributes:
        dx: diagnosis of each photo by its id, of those that have one.
        group: lesion or patient likewise.
        notes: sentences on rows and tables that are left out.
        strange: what rows call photos that are not there.
    """

    dx: dict[str, str]
    group: dict[str, str]
    notes: tuple[str, ...]
    strange: tuple[str, ...]


def _labels(root: Path, tables: list[str], photos: PhotoIndex, needed: bool) -> _Labelled:
    """Read the tables.

    Args:
        needed: whether there is nothing to learn from without them, as masks.

    Raises:
        DatasetError: a table is needed, and the only one cannot be used; or two photos have the
            name that a row gives.
    """
    diagnoses: dict[str, set[str]] = defaultdict(set)
    groups: dict[str, set[str]] = defaultdict(set)
    notes: list[str] = []
    strange: dict[str, None] = {}
    for name in tables:
        try:
            found = read_labels(_read(root, name), name)
            columns = [(found.table["dx"], diagnoses), (found.groups, groups)]
            notes += found.notes()
        except DatasetError as error:
            if needed and len(tables) == 1:
                raise DatasetError(f"In {root}: {error}") from error
            try:
                columns = [(read_groups(_read(root, name), name), groups)]
                notes.append(f"A table says only which photos belong together: {error}")
            except DatasetError:
                columns = []
                notes.append(f"A table is left out: {error}")
        for column, of_photo in columns:
            for called, value in column.items():
                if photo := photos.find(str(called)):
                    of_photo[photo.id].add(str(value))
                else:
                    strange[str(called)] = None
    if strange:
        notes.append(f"Rows that name no photo here: {counted(list(strange))}.")
    if unclear := [photo for photo, said in diagnoses.items() if len(said) > 1]:
        notes.append(f"Without a diagnosis, as tables disagree on it: {counted(unclear)}.")
    dx = {photo: min(said) for photo, said in diagnoses.items() if len(said) == 1}
    return _Labelled(dx, _together(groups), tuple(notes), tuple(strange))


def _together(groups: dict[str, set[str]]) -> dict[str, str]:
    """One group of each photo: those that a photo ties together are one, of the first's name."""
    together = DisjointSet(name for names in groups.values() for name in names)
    for first, *others in groups.values():
        for other in others:
            together.merge(first, other)
    first_of = {name: min(names) for names in together.subsets() for name in names}
    return {photo: first_of[next(iter(names))] for photo, names in groups.items()}


def _why_none(path: Path, photos: int, known: int, labels: _Labelled) -> str:
    """Why no photo of a source can be used, and what to do."""
    if not photos:
        return f"There is no photo in {path}. Name the folder or ZIP archive that has them."
    if known == photos:
        return (
            f"All {photos:,} photos in {path} came with HAM10000 or an earlier source already: "
            "leave this source out."
        )
    new = f"None of the {photos - known:,} photos in {path}"
    if known:
        new += f" that no other data has ({known:,} more came already)"
    if labels.strange and len(labels.notes) == 1:  # and nothing else is said of the table
        named = "others that came already" if labels.dx else "none of them"
        return (
            f"{new} has a diagnosis or a mask: the table names {named}, and "
            f"{counted(labels.strange)}. Give photos and rows the same names."
        )
    if labels.dx or labels.notes:
        only = " that came already" if labels.dx else ""
        why = " ".join(labels.notes) or f"The table names only photos{only}."
        return f"{new} has a diagnosis or a mask. {why}"
    return (
        f"{new} has a diagnosis or a mask. It needs a table (.csv, with the columns image_id and "
        "dx, or ISIC's one column for each class), or masks called NAME_segmentation.png."
    )


def _photos_are(count: int) -> str:
    return "1 photo is" if count == 1 else f"{count:,} photos are"
