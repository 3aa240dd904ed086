"""Photos to evaluate on: a split of the imported dataset, or photos of other clinics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from core.models.cards import Card
from core.taxonomy import BY_KEY
from train.data.arrays import TWO_LABELS, Data, read_photo
from train.data.dividing import chosen_rows
from train.data.elsewhere import Elsewhere, open_sources, source_name


@dataclass(frozen=True)
class Source:
    """Photos with their truth.

    Attributes:
        table: one row an image, indexed by id; column `lesion_id`, and `dx` where diagnoses are
            known; any of age, sex, localization, dx_type may be there for slices.
        about: what the figures are of, for the report: data, split, split_id; limit, leak and
            left_out where there is one.
        photo: from an id to the picture file.
        mask: from an id to the lesion, bool H×W.
    """

    table: pd.DataFrame
    about: dict[str, Any]
    photo: Callable[[str], bytes]
    mask: Callable[[str], np.ndarray]


def split_source(
    data: Data, split: str, masked: bool = False, two_labels: bool = False, limit: int = 0
) -> Source:
    """One split of HAM10000, or of a folder of photos.

    Args:
        masked: only images that have a mask.
        two_labels: `dx` is one of `TWO_LABELS` instead of a diagnosis.
        limit: only so many images, as a limited training sees them (0: all).

    Raises:
        DatasetError: the split has no such photos.
    """
    name = "HAM10000" if isinstance(data, Dataset) else data.root.name
    table = data.table.iloc[chosen_rows(data.table, split, limit, masked)]
    if table.empty:
        what = "photos with a lesion mask" if masked else "photos"
        raise DatasetError(f"The split {split} of {name} has no {what}.")
    if two_labels:
        table = table.assign(dx=[TWO_LABELS[BY_KEY[key].malignant] for key in table["dx"]])
    about: dict[str, Any] = {"data": name, "split": split, "split_id": data.split.id}
    if found := leak(data.table, data.split, (split,)):
        about["leak"] = found
    if limit:
        about["limit"] = limit
    return Source(table, about, data.photo, data.mask)


def elsewhere_source(sources: Sequence[Elsewhere], masked: bool = False) -> Source:
    """Validation-elsewhere: the photos of further sources that no training learns from, those that
    have a mask if `masked`, else those that have a diagnosis. The table has a column `source`, the
    place of a photo's source in `sources`.

    Raises:
        DatasetError: there are none.
    """
    about = {
        "data": ", ".join(source_name(source.root) for source in sources),
        "split": ELSEWHERE,
        "split_id": "+".join(source.split.id for source in sources),
    }
    table = pd.concat([s.table.assign(source=place) for place, s in enumerate(sources)])
    wanted = table["has_mask"] if masked else table["dx"] != ""
    table = table[wanted & (table["split"] == "validation")]
    if table.empty:
        what = "mask" if masked else "diagnosis"
        raise DatasetError(
            f"None of the photos of {about['data']} that are kept for validation has a {what}."
        )

    def of(image_id: str) -> Elsewhere:
        return sources[table.at[image_id, "source"]]

    return Source(table, about, lambda i: of(i).photo(i), lambda i: of(i).mask(i))


def measured_elsewhere(
    paths: Sequence[Path], known: Iterable[str], card: Card, masked: bool
) -> Source:
    """Validation-elsewhere of the further sources at these paths, for a model that may have learned
    from the rest of them.

    Args:
        known: ids of the photos of the model's own data.
        card: the model's.

    Raises:
        DatasetError: as `Elsewhere.open` and `elsewhere_source`; or the model learned from another
            source before one of these. A photo of both counted as that one's, so that here it may
            seem to be kept for validation though the model has seen it.
    """
    names, learned = [*map(source_name, paths)], card.training.others.get("more") or ()
    for place, name in enumerate(names):
        first = learned[: learned.index(name)] if name in learned else ()
        if missing := [other for other in first if other not in names[:place]]:
            raise DatasetError(
                f"{card.name} learned from {' and '.join(missing)} before {name}: photos that both "
                f"have may be among those it has seen. Give its sources in this order, each after "
                f"a --more: {', '.join(learned)}."
            )
    return elsewhere_source(open_sources(paths, known), masked)


def labelled_source(images: Path, labels: Path) -> Source:
    """Photos in a folder, from anywhere, with diagnoses in a table of any kind that
    `core.imaging.label_files.read_labels` reads. A column `lesion_id` or `patient_id`, if there is
    one, says which images belong together. Rows without a photo, photos without a row, and what
    cannot be read are left out.

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
    unlisted = [p.name for p in listing.photos if p.path not in used]
    others = {
        "listed without a photo in the folder": absent,
        "photos that are not in the table, or with another diagnosis": unlisted,
    }
    left_out = (*found.notes(), *listing.notes(), *left_out_notes(others))
    return _readable(images, table[["dx"]].assign(lesion_id=groups), files, {}, left_out)


def masked_source(images: Path, masks: Path) -> Source:
    """Photos in a folder, from anywhere, with masks in a folder: `ID.png`, `ID_segmentation.png`
    and the like, see `core.imaging.mask_files.pair_masks`. Photos without a mask, and what cannot
    be read, are left out.

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
    return _readable(
        images,
        table,
        {i: photo.path for i, photo in zip(ids, pairs, strict=True)},
        {i: mask.path for i, mask in zip(ids, pairs.values(), strict=True)},
        (*photos.notes(), *left_out_notes(others)),
    )


def _readable(
    images: Path,
    table: pd.DataFrame,
    files: Mapping[str, Path],
    masks: Mapping[str, Path],
    left_out: Sequence[str],
) -> Source:
    """Without the photos, and their masks, that cannot be read; each is named among what is left
    out.

    Args:
        files, masks: by id.
        left_out: sentences on what is in the folder or the table and is not measured.

    Raises:
        DatasetError: none can.
    """

    def photo(image_id: str) -> bytes:
        return _bytes(files[image_id])

    def mask(image_id: str) -> np.ndarray:
        path = masks[image_id]
        return read_mask(_bytes(path), Grid.of(photo(image_id), files[image_id].name), path.name)

    broken: dict[str, str] = {}
    for image_id in tqdm(table.index, "Checking", disable=None):
        try:
            read_photo(photo(image_id), files[image_id].name)
            if masks:
                mask(image_id)
        except DatasetError as error:
            broken[image_id] = str(error)
    if len(broken) == len(table):
        raise DatasetError(f"No photo in {images} can be used. {min(broken.values())}")
    about: dict[str, Any] = {"data": images.name, "split": "external", "split_id": None}
    if said := [*left_out, *broken.values()]:
        about["left_out"] = said
    return Source(table[~table.index.isin(broken)], about, photo, mask)


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
