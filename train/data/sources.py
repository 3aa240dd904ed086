"""Photos to evaluate on: a split of the imported dataset, or photos of other clinics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.errors import DatasetError
from core.evaluation.files import ELSEWHERE
from core.ham10000.dataset import Dataset
from core.ham10000.splits import leak
from core.imaging.label_files import read_labels
from core.imaging.mask_files import Grid, pair_masks, read_mask
from core.imaging.photo_files import Listing, PhotoFile, PhotoIndex, left_out_notes, list_photos
from core.taxonomy import BY_KEY
from train.data.arrays import TWO_LABELS, Data, chosen_rows, read_photo
from train.data.elsewhere import Elsewhere


class Source(Protocol):
    """Photos with their truth.

    Attributes:
        table: one row an image, indexed by id; column `lesion_id`, and `dx` where diagnoses are
            known; any of age, sex, localization, dx_type may be there for slices.
        about: what the figures are of, for the report: data, split, split_id.
    """

    @property
    def table(self) -> pd.DataFrame:
        """See the class."""

    @property
    def about(self) -> dict[str, Any]:
        """See the class."""

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
        table = table.iloc[chosen_rows(table, self.split, self.limit, self.masked)]
        if table.empty:
            what = "photos with a lesion mask" if self.masked else "photos"
            raise DatasetError(f"The split {self.split} of {self._name} has no {what}.")
        if self.two_labels:
            table = table.assign(dx=[TWO_LABELS[BY_KEY[key].malignant] for key in table["dx"]])
        return table

    @property
    def about(self) -> dict[str, Any]:
        """See `Source`; `limit` is there if there is one."""
        data = self.dataset
        about: dict[str, Any] = {"data": self._name, "split": self.split, "split_id": data.split.id}
        found = leak(data.table, data.split, (self.split,))
        about |= {"leak": found} if found else {}
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
class ElsewhereSource:
    """Validation-elsewhere: the photos of further sources that no training learns from.

    Raises, when its table is asked for:
        DatasetError: there are none.
    """

    sources: tuple[Elsewhere, ...]
    masked: bool = False
    """Those that have a mask; else those that have a diagnosis."""

    @property
    def table(self) -> pd.DataFrame:
        """See `Source`; `source` is the place of a photo's source in `sources`."""
        tables = [s.table.assign(source=place) for place, s in enumerate(self.sources)]
        table = pd.concat(tables)
        wanted = table["has_mask"] if self.masked else table["dx"] != ""
        table = table[wanted & (table["split"] == "validation")]
        if table.empty:
            what = "mask" if self.masked else "diagnosis"
            raise DatasetError(
                f"None of the photos of {self.about['data']} that are kept for validation has a "
                f"{what}."
            )
        return table

    @property
    def about(self) -> dict[str, Any]:
        """See `Source`."""
        return {
            "data": ", ".join(source.root.stem for source in self.sources),
            "split": ELSEWHERE,
            "split_id": "+".join(source.split.id for source in self.sources),
        }

    def photo(self, image_id: str) -> bytes:
        """See `Source`. Raises DatasetError."""
        return self._of(image_id).photo(image_id)

    def mask(self, image_id: str) -> np.ndarray:
        """See `Source`. Raises DatasetError."""
        return self._of(image_id).mask(image_id)

    def _of(self, image_id: str) -> Elsewhere:
        return next(source for source in self.sources if image_id in source.table.index)


@dataclass(frozen=True)
class FolderSource:
    """Photos in a folder, from anywhere, with diagnoses in a table or masks in a folder.

    Attributes:
        images: the folder.
        table: see `Source`.
        files: the photo of each id; `mask_files`: its mask, if masks were asked for.
        left_out: sentences on what is in the folder or the table and is not measured.
    """

    images: Path
    table: pd.DataFrame
    files: dict[str, Path]
    mask_files: dict[str, Path] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @classmethod
    def with_labels(cls, images: Path, labels: Path) -> FolderSource:
        """Diagnoses in a table, of any kind that `core.imaging.label_files.read_labels` reads. A
        column `lesion_id` or `patient_id`, if there is one, says which images belong together. Rows
        without a photo, and photos without a row, are left out.

        Raises:
            DatasetError: the folder or the table cannot be used, or no photo is in the table.
        """
        found = read_labels(labels, str(labels))
        listing = _listed(images)
        index = PhotoIndex(listing.photos)
        files: dict[str, Path] = {}
        absent: list[str] = []
        used: set[Path] = set()
        for image_id in found.table.index:
            photo = index.find(image_id)
            if photo is None:
                absent.append(image_id)
            elif photo.path in used:
                raise DatasetError(f"{labels} lists the photo {photo.name} twice: {image_id}.")
            else:
                files[image_id] = photo.path
                used.add(photo.path)
        if not files:
            raise DatasetError(
                f"There is no photo {absent[0]} in {images}, nor any other that {labels} lists."
            )
        table = found.table.loc[list(files)]
        groups = table["lesion_id"].where(table["lesion_id"].notna(), table.index)
        source = cls(images, table[["dx"]].assign(lesion_id=groups), files)
        unlisted = [p.name for p in listing.photos if p.path not in used]
        others = {
            "listed without a photo in the folder": absent,
            "photos that are not in the table, or with another diagnosis": unlisted,
        }
        left_out = (*found.notes(), *listing.notes(), *left_out_notes(others))
        return replace(source, left_out=left_out)

    @classmethod
    def with_masks(cls, images: Path, masks: Path) -> FolderSource:
        """Masks in a folder: `ID.png`, `ID_segmentation.png` and the like, see
        `core.imaging.mask_files.pair_masks`. Photos without a mask are left out.

        Raises:
            DatasetError: a folder is missing, or no photo has a mask.
        """
        photos, drawn = _listed(images), _listed(masks)
        pairs = pair_masks(photos.photos, drawn.photos)
        if not pairs:
            raise DatasetError(
                f"No photo in {images} has a mask in {masks}. For NAME.jpg there must be NAME.png "
                "or NAME_segmentation.png."
            )
        ids = _short_ids(list(pairs))
        table = pd.DataFrame({"image_id": ids, "lesion_id": ids}).set_index("image_id")
        used = {mask.path for mask in pairs.values()}
        bare = [p.name for p in photos.photos if p not in pairs and p.path not in used]
        loose = [m.name for m in drawn.photos if m.path not in used and images != masks]
        others = {"photos without a mask": bare, "masks without a photo": loose}
        return cls(
            images,
            table,
            {i: photo.path for i, photo in zip(ids, pairs, strict=True)},
            {i: mask.path for i, mask in zip(ids, pairs.values(), strict=True)},
            (*photos.notes(), *left_out_notes(others)),
        )

    def readable(self) -> FolderSource:
        """Without the photos, and their masks, that cannot be read; each is named in `left_out`.

        Raises:
            DatasetError: none can.
        """
        broken: dict[str, str] = {}
        for image_id in tqdm(self.table.index, "Checking", disable=None):
            try:
                read_photo(self.photo(image_id), self.files[image_id].name)
                if self.mask_files:
                    self.mask(image_id)
            except DatasetError as error:
                broken[image_id] = str(error)
        if len(broken) == len(self.table):
            raise DatasetError(f"No photo in {self.images} can be used. {min(broken.values())}")
        kept = self.table[~self.table.index.isin(broken)]
        return replace(self, table=kept, left_out=(*self.left_out, *broken.values()))

    @property
    def about(self) -> dict[str, Any]:
        """See `Source`; `left_out` is there if anything is."""
        about = {"data": self.images.name, "split": "external", "split_id": None}
        return about | ({"left_out": list(self.left_out)} if self.left_out else {})

    def photo(self, image_id: str) -> bytes:
        """See `Source`. Raises DatasetError if it cannot be opened."""
        return _bytes(self.files[image_id])

    def mask(self, image_id: str) -> np.ndarray:
        """See `Source`. Raises DatasetError if it cannot be read or does not fit the photo."""
        path = self.mask_files[image_id]
        grid = Grid.of(self.photo(image_id), self.files[image_id].name)
        return read_mask(_bytes(path), grid, path.name)


def _listed(folder: Path) -> Listing:
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}.")
    return list_photos(folder)


def _short_ids(photos: Sequence[PhotoFile]) -> list[str]:
    """Their ids; with the ending where two would be the same."""
    counts = Counter(photo.id for photo in photos)
    return [photo.id if counts[photo.id] == 1 else photo.name for photo in photos]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
