"""An imported HAM10000: its table, images, lesion masks and sharper centre crops.

Folder layout, made by `core.ham10000.importer`:

    <data>/ham10000/metadata.csv        the original table, comma- or tab-separated
    <data>/ham10000/images/<id>.jpg     the photos
    <data>/ham10000/masks/<id>.png      lesion masks, 0/255
    <data>/ham10000/crops/<id>.jpg      optional: the centre square, sharper
    <data>/ham10000/split.csv           optional: a split of one's own instead of the shipped one
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import DatasetError
from core.ham10000.splits import SPLIT_FILE, Split
from core.imaging.label_files import read_table
from core.imaging.mask_files import read_mask
from core.imaging.photo_files import is_hidden
from core.settings import Settings
from core.taxonomy import KEYS

COLUMNS = ("lesion_id", "image_id", "dx", "dx_type", "age", "sex", "localization")
CREDIT = "HAM10000, Tschandl et al. 2018, CC BY-NC 4.0"
"""To be shown wherever a photo of the dataset is."""

HOW_TO_IMPORT = (
    "Download the archives from Kaggle (kmader/skin-cancer-mnist-ham10000 and "
    "tschandl/ham10000-lesion-segmentations) and, with LesionLab's .venv activated, run: "
    "python -m core dataset import FIRST.zip SECOND.zip"
)


def folder(data: Path | None = None) -> Path:
    """The dataset's folder below the data folder (default: the setting `LESIONLAB_DATA`)."""
    return (data or Settings.from_environment().data) / "ham10000"


def read_metadata(path: Path) -> pd.DataFrame:
    """Read HAM10000's table, comma- or tab-separated, indexed by image id.

    Raises:
        DatasetError: not a readable table, columns are missing, an image is listed twice or a
            diagnosis is unknown.
    """
    table = read_table(path, "The table of diagnoses")
    absent = [c for c in COLUMNS if c not in table]
    if absent:
        raise DatasetError(f"The table of diagnoses lacks the columns {', '.join(absent)}.")
    if table["image_id"].duplicated().any():
        raise DatasetError("The table of diagnoses lists an image twice.")
    if not table["dx"].isin(KEYS).all():
        raise DatasetError(f"The table of diagnoses has others than {', '.join(KEYS)}.")
    age = pd.to_numeric(table["age"], errors="coerce")
    return table.replace("", pd.NA).assign(age=age).set_index("image_id").sort_index()


@dataclass(frozen=True, eq=False)
class Dataset:
    """An opened dataset.

    Attributes:
        root: its folder.
        table: one row per image that has a photo, indexed by image id, sorted; columns lesion_id,
            dx, dx_type, age (years, may be missing), sex, localization, split (train, validation
            or test), has_mask, has_crop.
        split: the split in force.
    """

    root: Path
    table: pd.DataFrame
    split: Split

    @classmethod
    def open(cls, data: Path | None = None) -> Dataset:
        """Open what has been imported.

        Raises:
            DatasetError: nothing (or no photo, or no table) has been imported.
            SplitError: the table does not fit the split, or a lesion would cross it.
        """
        root = folder(data)
        if not (root / "metadata.csv").is_file():
            raise DatasetError(f"HAM10000 has not been imported yet. {HOW_TO_IMPORT}")
        table = read_metadata(root / "metadata.csv")
        own = root / "split.csv"
        split = Split.read(own if own.is_file() else SPLIT_FILE)
        photos, masks, crops = (_stems(root / kind) for kind in ("images", "masks", "crops"))
        table = table[table.index.isin(photos)].copy()
        if table.empty:
            raise DatasetError(f"The table is there, but no photo. {HOW_TO_IMPORT}")
        table["split"] = split.assign(table["lesion_id"])
        table["has_mask"] = table.index.isin(masks)
        table["has_crop"] = table.index.isin(crops)
        return cls(root, table, split)

    def photo(self, image_id: str) -> bytes:
        """The JPEG bytes of a photo. Raises DatasetError for an unknown id."""
        return self._read("images", image_id, ".jpg")

    def crop(self, image_id: str) -> bytes:
        """The JPEG bytes of the sharper centre square. Raises DatasetError if there is none."""
        return self._read("crops", image_id, ".jpg")

    def mask(self, image_id: str) -> np.ndarray:
        """The lesion mask, bool H×W at its own size. Raises DatasetError if there is none, or
        if it cannot be read."""
        data = self._read("masks", image_id, ".png")
        try:
            return read_mask(data, None, f"of {image_id}", whole=True)
        except DatasetError as error:
            raise DatasetError(f"{error} Or delete it and import it again.") from error

    def _read(self, kind: str, image_id: str, suffix: str) -> bytes:
        if image_id not in self.table.index:
            raise DatasetError(f"There is no image {image_id} in the dataset.")
        try:
            return (self.root / kind / f"{image_id}{suffix}").read_bytes()
        except OSError as error:
            raise DatasetError(f"{image_id} has no file in {kind}. {HOW_TO_IMPORT}") from error


@dataclass(frozen=True)
class Status:
    """What is there of the dataset. Counts are of images."""

    root: Path
    listed: int
    photos: int
    masks: int
    crops: int
    problems: tuple[str, ...]
    """Sentences on what is missing, with a remedy; empty if all is well."""


def status(data: Path | None = None) -> Status:
    """Count what has been imported and name what is missing. Never raises for missing parts."""
    root = folder(data)
    photos, masks, crops = (_stems(root / kind) for kind in ("images", "masks", "crops"))
    listed: set[str] = set()
    problems: list[str] = []
    if (root / "metadata.csv").is_file():
        try:
            listed = set(read_metadata(root / "metadata.csv").index)
        except DatasetError as error:
            problems.append(str(error))
    else:
        problems.append(f"The table of diagnoses is missing. {HOW_TO_IMPORT}")
    for what, absent in (
        ("listed images have no photo", listed - photos),
        ("photos have no mask", (photos & listed) - masks),
        ("photos are not in the table", photos - listed if listed else set()),
        ("masks have no photo", masks - photos),
    ):
        if absent:
            problems.append(f"{len(absent):,} {what}, e.g. {min(absent)}.")
    return Status(root, len(listed), len(photos), len(masks), len(crops), tuple(problems))


def _stems(directory: Path) -> set[str]:
    return {
        p.stem
        for p in directory.glob("*")
        if p.suffix in (".jpg", ".png") and not is_hidden(p.name)
    }
