"""Further training photos, from other clinics: folders or ZIP archives beside HAM10000.

A source has a table of diagnoses, or masks, or both:

    labels.csv (or any other .csv), photos anywhere below, NAME_segmentation.png anywhere below

A fixed 15 % of its photos, chosen by a digest of the lesion's (or patient's, or photo's) id, are
never learned from: *validation-elsewhere*, on which choices are made beside HAM10000's validation.
Nothing here enters a figure of HAM10000: its own photos, and photos that another source has too,
are left out and counted.

No torch here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

import pandas as pd

from core.dataset import DatasetError
from core.splits import Split
from core.taxonomy import KEYS
from train.folders import MASK_ENDINGS, SUFFIXES, Folder

VALIDATION_PERCENT = 15
"""Of the photos of a further source, how many are kept for validation, by a digest of their id."""


def split_of(group: str) -> str:
    """`train` or `validation`: which side the photos of a lesion (or patient) lie on, for ever."""
    digest = hashlib.sha256(group.encode()).digest()
    return "validation" if int.from_bytes(digest[:8], "big") % 100 < VALIDATION_PERCENT else "train"


@dataclass(frozen=True)
class Elsewhere(Folder):
    """Photos of one further source; `dx` is empty where the diagnosis is not known or none of the
    seven, and the ids are those of the photos."""

    @classmethod
    def open(cls, path: Path, known: frozenset[str] = frozenset()) -> Elsewhere:
        """Find the photos, their diagnoses and their masks.

        Args:
            path: a folder or a ZIP archive.
            known: ids of photos that other data has already; they are left out.

        Raises:
            DatasetError: nothing is there, it cannot be read, or no photo has a label or mask.
        """
        names = _names(path)
        photos: dict[str, str] = {}
        masks: dict[str, str] = {}
        tables = []
        for name in names:
            stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix.lower()
            if suffix == ".csv":
                tables.append(name)
            elif suffix in SUFFIXES:
                ending = next((e for e in MASK_ENDINGS if e and stem.lower().endswith(e)), "")
                if ending or PurePosixPath(name).parent.name.lower() in ("masks", "mask"):
                    masks[stem[: len(stem) - len(ending)]] = name
                else:
                    photos[stem] = name
        labels, unknown = _labels(path, tables)
        rows: dict[str, dict[str, str]] = {}
        notes = Counter({"known": 0, "bare": 0})
        for image_id in sorted(photos):
            if image_id in known:
                notes["known"] += 1
                continue
            dx, group = labels.get(image_id, ("", image_id))
            mask = masks.get(image_id, "")
            if not (dx or mask):
                notes["bare"] += 1
                continue
            rows[image_id] = {
                "lesion_id": group,
                "dx": dx,
                "split": split_of(group),
                "mask_file": mask,
                "photo_file": photos[image_id],
            }
        if not rows:
            raise DatasetError(
                f"No photo in {path} has a diagnosis or a mask. It needs a .csv table (columns "
                "image_id and dx, or ISIC's one column for each class), or masks called "
                "NAME_segmentation.png."
            )
        table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
        table.index.name = "image_id"
        table = table.assign(has_mask=table["mask_file"] != "", has_crop=False)
        said = []
        if unknown:
            listed = ", ".join(f"{count:,} {name}" for name, count in unknown.most_common())
            said.append(f"Diagnoses that are none of the seven are left out: {listed}.")
        if notes["known"]:
            said.append(f"{notes['known']:,} photos that other data has already are left out.")
        if notes["bare"]:
            said.append(f"{notes['bare']:,} photos without a diagnosis or a mask are left out.")
        split = Split.of(dict(zip(table["lesion_id"], table["split"], strict=True)))
        return cls(path, table, split, KEYS, tuple(said))

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


def _names(path: Path) -> list[str]:
    """The files of a folder or archive, without hidden ones."""
    if path.is_dir():
        found = [p.relative_to(path).as_posix() for p in sorted(path.rglob("*")) if p.is_file()]
    elif path.is_file():
        members = _archive(path).infolist()
        found = sorted(info.filename for info in members if not info.is_dir())
    else:
        raise DatasetError(f"There is no folder or ZIP archive {path}.")
    return [n for n in found if not any(p.startswith((".", "__")) for p in PurePosixPath(n).parts)]


@lru_cache(maxsize=4)
def _archive(path: Path) -> zipfile.ZipFile:
    """Kept open: the table of contents is read once, not for each photo."""
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"{path} is neither a folder nor a ZIP archive that can be read."
        ) from error


def _read(root: Path, name: str) -> bytes:
    try:
        if root.is_dir():
            return (root / name).read_bytes()
        return _archive(root).read(name)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{name} in {root} cannot be read.") from error


def _labels(root: Path, tables: list[str]) -> tuple[dict[str, tuple[str, str]], Counter[str]]:
    """Diagnosis and group of each photo; and how many have one that is none of the seven."""
    labels: dict[str, tuple[str, str]] = {}
    unknown: Counter[str] = Counter()
    for name in tables:
        text = _read(root, name).decode("utf-8-sig", "replace")
        for row in csv.DictReader(io.StringIO(text)):
            values = {(k or "").strip().lower(): (v or "").strip() for k, v in row.items()}
            image_id = values.get("image_id") or values.get("image") or ""
            if not image_id:
                continue
            group = values.get("lesion_id") or values.get("patient_or_lesion") or image_id
            dx = values.get("dx", "").lower()
            if dx in KEYS:
                labels[image_id] = (dx, group)
            elif dx:
                unknown[dx] += 1
    return labels, unknown
