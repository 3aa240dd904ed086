"""Photos to evaluate on: a split of the imported dataset, or files from elsewhere."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from PIL import Image

from core.dataset import Dataset, DatasetError
from core.taxonomy import BY_KEY, KEYS
from train.data import TWO_LABELS, Data

SUFFIXES = (".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG")
MASK_NAMES = ("{}_segmentation.png", "{}_Segmentation.png", "{}.png")


class Source(Protocol):
    """Photos with their truth.

    Attributes:
        table: one row an image, indexed by id; column `lesion_id`, and `dx` where diagnoses are
            known; any of age, sex, localization, dx_type may be there for slices.
        about: what the figures are of, for the report: data, split, split_id.
    """

    @property
    def table(self) -> pd.DataFrame: ...
    @property
    def about(self) -> dict[str, Any]: ...
    def photo(self, image_id: str) -> bytes:
        """The picture file."""

    def mask(self, image_id: str) -> np.ndarray:
        """The lesion, bool H×W."""


@dataclass(frozen=True)
class SplitSource:
    """One split of HAM10000, or of a folder of photos.

    Raises, when its table is asked for:
        DatasetError: the split has no photos.
    """

    dataset: Data
    split: str
    masked: bool = False
    """Only images that have a mask."""
    two_labels: bool = False
    """`dx` is one of `TWO_LABELS` instead of a diagnosis."""
    limit: int = 0
    """Only so many images, as a limited training sees them (0: all)."""

    @property
    def table(self) -> pd.DataFrame:
        """See `Source`."""
        table = self.dataset.table
        table = table[(table["split"] == self.split) & (table["has_mask"] | (not self.masked))]
        if table.empty:
            what = "photos with a lesion mask" if self.masked else "photos"
            raise DatasetError(f"The split {self.split} of {self._name} has no {what}.")
        table = table.head(self.limit) if self.limit else table
        if self.two_labels:
            table = table.assign(dx=[TWO_LABELS[BY_KEY[key].malignant] for key in table["dx"]])
        return table

    @property
    def about(self) -> dict[str, Any]:
        """See `Source`; `limit` is there if there is one."""
        about = {"data": self._name, "split": self.split, "split_id": self.dataset.split.id}
        return about | ({"limit": self.limit} if self.limit else {})

    @property
    def _name(self) -> str:
        return "HAM10000" if isinstance(self.dataset, Dataset) else self.dataset.root.name

    def photo(self, image_id: str) -> bytes:
        """See `Source`."""
        return self.dataset.photo(image_id)

    def mask(self, image_id: str) -> np.ndarray:
        """See `Source`."""
        return self.dataset.mask(image_id)


@dataclass(frozen=True)
class FolderSource:
    """Photos in a folder, from anywhere, with diagnoses in a CSV file or masks in a folder."""

    images: Path
    table: pd.DataFrame
    masks: Path | None = None

    @classmethod
    def with_labels(cls, images: Path, labels: Path) -> FolderSource:
        """Diagnoses in ISIC's one-hot format (https://challenge.isic-archive.com/data/): a column
        `image` and one for each class (MEL, NV, BCC, AKIEC, BKL, DF, VASC), 1 for the diagnosis.
        A column `lesion_id`, if there is one, says which images belong together.

        Raises:
            DatasetError: a file, a column or a photo is missing, or a row has no single diagnosis.
        """
        try:
            with labels.open(newline="", encoding="utf-8-sig") as file:
                rows = list(csv.DictReader(file))
        except OSError as error:
            raise DatasetError(f"{labels} cannot be read: {error.strerror}.") from error
        if not rows:
            raise DatasetError(f"{labels} has no rows.")
        columns = {name.strip().lower(): name for name in rows[0] if name}
        if missing := [name for name in ("image", *KEYS) if name not in columns]:
            raise DatasetError(f"{labels} lacks the columns {', '.join(missing).upper()}.")
        others = set(columns) - {"image", "lesion_id", *KEYS}
        found = []
        for number, row in enumerate(rows, 2):
            try:
                marks = {key: float(row[columns[key]]) for key in KEYS}
                beyond = any(row[columns[name]].strip() in ("1", "1.0") for name in others)
            except (TypeError, ValueError, AttributeError) as error:
                raise DatasetError(f"Line {number} of {labels} cannot be read.") from error
            chosen = [key for key, mark in marks.items() if mark == 1]
            if beyond and not chosen:
                continue  # a diagnosis that the model does not know, such as SCC
            if len(chosen) != 1:
                raise DatasetError(f"Line {number} of {labels} needs a 1 in exactly one class.")
            image_id = Path(row[columns["image"]].strip()).stem
            lesion = row[columns["lesion_id"]] if "lesion_id" in columns else image_id
            found.append((image_id, lesion, chosen[0]))
        table = pd.DataFrame(found, columns=["image_id", "lesion_id", "dx"]).set_index("image_id")
        return cls._checked(images, table)

    @classmethod
    def with_masks(cls, images: Path, masks: Path) -> FolderSource:
        """Masks in a folder, named `ID_segmentation.png` or `ID.png`, 0 and 255, as large as the
        photo. Photos without a mask are left out.

        Raises:
            DatasetError: no photo has a mask.
        """
        ids = sorted(p.stem for p in images.glob("*") if p.suffix in SUFFIXES)
        ids = [i for i in ids if any((masks / n.format(i)).is_file() for n in MASK_NAMES)]
        table = pd.DataFrame({"image_id": ids, "lesion_id": ids}).set_index("image_id")
        return cls._checked(images, table, masks)

    @classmethod
    def _checked(cls, images: Path, table: pd.DataFrame, masks: Path | None = None) -> FolderSource:
        source = cls(images, table, masks)
        if table.empty:
            raise DatasetError(f"No photo in {images} fits what is known of it.")
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()][0]
            raise DatasetError(f"{twice} is listed twice.")
        for image_id in table.index:
            source._file(image_id)
        return source

    @property
    def about(self) -> dict[str, Any]:
        """See `Source`."""
        return {"data": self.images.name, "split": "external", "split_id": None}

    def photo(self, image_id: str) -> bytes:
        """See `Source`."""
        return self._file(image_id).read_bytes()

    def mask(self, image_id: str) -> np.ndarray:
        """See `Source`. Raises DatasetError if it is damaged."""
        assert self.masks is not None
        path = next(p for n in MASK_NAMES if (p := self.masks / n.format(image_id)).is_file())
        try:
            with Image.open(path) as image:
                return np.asarray(image.convert("L")) > 127
        except (OSError, SyntaxError) as error:
            raise DatasetError(f"The mask {path} is damaged.") from error

    def _file(self, image_id: str) -> Path:
        for suffix in SUFFIXES:
            if (path := self.images / f"{image_id}{suffix}").is_file():
                return path
        raise DatasetError(f"There is no photo {image_id}.jpg or .png in {self.images}.")
