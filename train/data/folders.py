"""Photos in a folder of one's own: a subfolder for each class, or images and their masks.

    <folder>/<class>/*.jpg                     for a classifier
    <folder>/images/*.jpg + masks/*.png        for a U-Net; NAME.png, NAME_segmentation.png or so

Either may lie below train/, val/ and test/. Without those, validation and test are drawn as those
of HAM10000 are (`core.ham10000.splits`). Which photos show one lesion is unknown, unless
`metadata.csv` in the folder says so (columns image_id and lesion_id or patient_id): then, and where
two files are equal byte for byte, they are kept on one side. Photos of one lesion that nothing ties
together may end up on both sides, and make figures look better than they are; `Folder.notes` says
so.

No torch here.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import DisjointSet

from core.errors import DatasetError
from core.ham10000.splits import SPLITS, Split
from core.imaging.label_files import read_groups
from core.imaging.mask_files import Grid, pair_masks, read_mask
from core.imaging.photo_files import (
    Listing,
    PhotoFile,
    PhotoIndex,
    counted,
    is_hidden,
    left_out_notes,
    list_photos,
)

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""Folders that divide the photos, by their lower-case name."""

IMAGE_FOLDERS, MASK_FOLDERS = ("images", "image"), ("masks", "mask")
TABLE = "metadata.csv"
"""Says which photos belong together; may be absent."""

NINE_CLASSES = {
    "actinic keratosis", "basal cell carcinoma", "dermatofibroma", "melanoma", "nevus",
    "pigmented benign keratosis", "seborrheic keratosis", "squamous cell carcinoma",
    "vascular lesion",
}  # fmt: skip
"""Folders of the Kaggle set “Skin Cancer ISIC, 9 classes”, in lower case."""
NINE_CLASSES_FAULTS = (
    "These nine folders are those of a Kaggle set of ISIC photos whose labels are wrong in part: "
    "held against the ISIC Archive's own diagnoses, 77 photos lie in two classes, and 78 keratoses "
    "under melanoma. Its figures cannot be better than its labels."
)

FEWEST = 4
"""Different photos a class needs for one in validation, one in test and two to learn from."""

UNKNOWN_LESIONS = (
    "Which photos show one lesion is not known. If some do, they may be in training and in "
    "validation at once, and the figures look better than they are. A metadata.csv with the "
    "columns image_id and lesion_id prevents it."
)


@dataclass(frozen=True, eq=False)
class Folder:
    """Photos of a folder; used like `core.ham10000.dataset.Dataset`.

    Attributes:
        table: one row a photo, indexed by its path below the folder, sorted; columns lesion_id (of
            photos that belong together), dx (the class), split, has_mask, has_crop, mask_file.
        split: of the lesion ids; its `id` is that of the model card.
        classes: names of the classes, sorted; none if the photos have masks instead.
        notes: sentences on what was left out, and on what is not known.
    """

    root: Path
    table: pd.DataFrame
    split: Split
    classes: tuple[str, ...]
    notes: tuple[str, ...]
    whole_masks: ClassVar[bool] = False
    """Whether a lesion may fill its photo."""

    def photo(self, image_id: str) -> bytes:
        """The photo's bytes. Raises DatasetError."""
        return self._bytes(image_id)

    def mask(self, image_id: str) -> np.ndarray:
        """The lesion mask, bool H×W, upright as the photo, at its own size; see
        `core.imaging.mask_files.read_mask`. Raises DatasetError."""
        name = str(self.table.at[image_id, "mask_file"])
        grid = Grid.of(self.photo(image_id), image_id)
        return read_mask(self._bytes(name), grid, name, self.whole_masks)

    def crop(self, image_id: str) -> bytes:
        """There are none. Raises DatasetError."""
        raise DatasetError(f"{image_id} has no sharper centre crop.")

    def files(self) -> list[Path]:
        """Every file that is used."""
        names = [*self.table.index, *self.table.loc[self.table["has_mask"], "mask_file"]]
        return [self.root / name for name in names]

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.root / name).read_bytes()
        except OSError as error:
            raise DatasetError(f"{name} in {self.root} cannot be read: {error.strerror}.") from (
                error
            )


def class_folder(root: Path) -> Folder:
    """Photos in a subfolder for each class.

    Raises:
        DatasetError: there is no such folder, or fewer than two classes; a class is empty or
            has too few photos; the two are photos and their masks.
    """
    rows: dict[str, dict[str, str]] = {}
    photos, left_out = _listed(root)
    for split, folder in _divided(root):
        here = _below(photos, root, folder)
        for photo in here:
            name, slash, _ = photo.name.partition("/")
            if slash:
                rows[_name(photo, root)] = {"dx": name, "split": split, "mask_file": ""}
        filled = {photo.name.partition("/")[0] for photo in here}
        if empty := [sub for sub in _folders(folder) if sub.name not in filled]:
            raise DatasetError(
                f"The class {empty[0].name} has no photos in {empty[0]}. Add some, or delete "
                f"the folder. {' '.join(left_out)}".rstrip()
            )
    loose = [photo.name for photo in photos if photo.name not in rows]
    joined = _join_classes(rows)
    classes = tuple(sorted({row["dx"] for row in rows.values()}))
    if {_class_key(name) for name in classes} == NINE_CLASSES:
        joined = (NINE_CLASSES_FAULTS, *joined)
    if len(classes) < 2:
        found = f"one class ({classes[0]})" if classes else "no class"
        raise DatasetError(
            f"{root} has {found}. Name the folder that has a subfolder of photos for each "
            "class, two at least."
        )
    keys = {_class_key(name): name for name in classes}
    photos_in, masks_in = keys.keys() & IMAGE_FOLDERS, keys.keys() & MASK_FOLDERS
    if photos_in and masks_in and len(keys) == len(photos_in) + len(masks_in):
        raise DatasetError(
            f"{root} has photos in {keys[min(photos_in)]} and their masks in "
            f"{keys[min(masks_in)]}: these are not two classes. Train a network that outlines on "
            "it, or name a folder that has a subfolder for each class."
        )
    table, split_, notes = _arrange(root, rows)
    for name in classes:
        _check_enough(table[table["dx"] == name], f"The class {name}")
    loose_notes = left_out_notes({"in no class folder": loose})
    return Folder(root, table, split_, classes, (*joined, *loose_notes, *left_out, *notes))


def mask_folder(root: Path) -> Folder:
    """Images and their masks; those without one are left out.

    Raises:
        DatasetError: there is no such folder, it lacks images/ or masks/, or too few photos
            have a mask.
    """
    rows: dict[str, dict[str, str]] = {}
    found, left_out = _listed(root)
    without: list[str] = []
    for split, folder in _divided(root):
        images, masks = _named(folder, IMAGE_FOLDERS), _named(folder, MASK_FOLDERS)
        if images is None or masks is None:
            raise DatasetError(
                f"{folder} needs the subfolders images and masks, with a mask for each photo: "
                "for NAME.jpg the file NAME.png or NAME_segmentation.png."
            )
        photos = _below(found, root, images)
        pairs = pair_masks(photos, _below(found, root, masks))
        without += [_name(photo, root) for photo in photos if photo not in pairs]
        for photo, mask in pairs.items():
            rows[_name(photo, root)] = {
                "dx": "lesion",
                "split": split,
                "mask_file": _name(mask, root),
            }
    used = {*rows, *without, *(row["mask_file"] for row in rows.values())}
    if not rows:
        raise DatasetError(
            f"No photo in {root} has a mask. For images/NAME.jpg there must be masks/NAME.png "
            "or masks/NAME_segmentation.png."
        )
    table, split_, notes = _arrange(root, rows)
    _check_enough(table, f"The folder {root.name}")
    others = {
        "photos without a mask": without,
        "neither a photo nor the mask of one": sorted({photo.name for photo in found} - used),
    }
    return Folder(root, table, split_, (), (*left_out, *left_out_notes(others), *notes))


def _join_classes(rows: dict[str, dict[str, str]]) -> tuple[str, ...]:
    """Give classes that differ only in case, or in how Unicode writes a letter, one name: the one
    that most photos have. Says so."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows.values():
        spellings[_class_key(row["dx"])][row["dx"]] += 1
    chosen = {key: max(sorted(found), key=found.__getitem__) for key, found in spellings.items()}
    for row in rows.values():
        row["dx"] = unicodedata.normalize("NFC", chosen[_class_key(row["dx"])]).strip()
    return tuple(
        f"The folders {' and '.join(sorted(found))} are one class, {chosen[key].strip()}."
        for key, found in spellings.items()
        if len(found) > 1
    )


def _class_key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _arrange(
    root: Path, rows: dict[str, dict[str, str]]
) -> tuple[pd.DataFrame, Split, tuple[str, ...]]:
    """The table with its lesions and splits, the split, and what to say about both."""
    table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    table.index.name = "image_id"
    notes: list[str] = []
    table["lesion_id"], known, strange = _groups(root, table)
    if strange:
        notes.append(f"Rows of {TABLE} that name no photo used: {counted(strange)}.")
    if not known:
        notes.append(UNKNOWN_LESIONS)
    several = table.groupby("lesion_id")["dx"].transform("nunique") > 1
    if several.any():
        notes.append(
            f"{int(several.sum()):,} photos are left out: equal files, or photos of one lesion, in "
            f"different classes, e.g. {table.index[several][0]}."
        )
        table = table[~several]
    if table.empty:
        raise DatasetError(f"Every photo in {root} is in two classes at once.")
    given = set(table["split"])
    if given == {""} or "validation" not in given:
        free = table[table["split"].isin(["", "train"])]
        drawn = Split.draw(free.groupby("lesion_id")["dx"].first()).of_lesion
        if "test" in given:  # the folder's own test photos are enough
            drawn = {k: "train" if v == "test" else v for k, v in drawn.items()}
        fixed = table["split"].where(table["split"] == "test")
        table = table.assign(split=fixed.fillna(table["lesion_id"].map(drawn)))
    # A photo for testing must not be learned from: test wins over validation, that over train.
    rank = table["split"].map({"test": 0, "validation": 1, "train": 2})
    leaking = rank > rank.groupby(table["lesion_id"]).transform("min")
    if leaking.any():
        notes.append(
            f"{int(leaking.sum()):,} photos are left out: equal files, or photos of one lesion, "
            f"are also in validation or test, e.g. {table.index[leaking][0]}."
        )
        table = table[~leaking]
    table = table.assign(has_mask=table["mask_file"] != "", has_crop=False)
    split = Split.of(dict(zip(table["lesion_id"], table["split"], strict=True)))
    return table, split, tuple(notes)


def _check_enough(rows: pd.DataFrame, what: str) -> None:
    counts = Counter(rows.groupby("lesion_id")["split"].first())
    for split in SPLITS[:2]:
        if not counts[split]:
            raise DatasetError(
                f"{what} has no photos for {split} ({sum(counts.values())} different ones in all). "
                f"{FEWEST} at least are needed to learn from some and measure on others."
            )


def _groups(root: Path, table: pd.DataFrame) -> tuple[pd.Series, bool, list[str]]:
    """An id for each photo, the same for photos that belong together; whether the folder says so
    of every photo; and whom else `metadata.csv` names."""
    photos = [str(name) for name in table.index]
    together: dict[str, list[str]] = defaultdict(list)
    index = PhotoIndex(PhotoFile(root / name, name) for name in photos)
    known: set[str] = set()
    strange: list[str] = []
    for image_id, lesion in _lesions(root).items():
        photo = index.find(image_id)
        if photo is None:
            strange.append(image_id)
        else:
            known.add(photo.name)
            together[f"lesion {lesion}"].append(photo.name)
    for digest, name in _equal_files(root, photos):
        together[f"file {digest}"].append(name)
    groups = DisjointSet(photos)
    for names in together.values():
        for name in names[1:]:
            groups.merge(names[0], name)
    first = {name: min(group) for group in groups.subsets() for name in group}
    return pd.Series(first), known >= set(photos), strange


def _equal_files(root: Path, names: list[str]) -> Iterator[tuple[str, str]]:
    """Digest and name of the files that share their length with another; no others can be equal."""
    by_size: dict[int, list[str]] = defaultdict(list)
    for name in names:
        by_size[(root / name).stat().st_size].append(name)
    for alike in by_size.values():
        if len(alike) > 1:
            for name in alike:
                with (root / name).open("rb") as file:
                    yield hashlib.file_digest(file, "sha256").hexdigest(), name


def _lesions(root: Path) -> dict[str, str]:
    """Lesion (or patient) of each image that `metadata.csv` names, if there is one."""
    path = root / TABLE
    return dict(read_groups(path, str(path)).items()) if path.is_file() else {}


def _divided(root: Path) -> list[tuple[str, Path]]:
    """Each folder of photos with the split that its name says, or an empty one."""
    folders = [f for f in _folders(root) if f.name.lower() in SPLIT_NAMES]
    if not folders:
        return [("", root)]
    splits = [(SPLIT_NAMES[folder.name.lower()], folder) for folder in folders]
    if "train" not in dict(splits):
        raise DatasetError(f"{root} has no folder train beside {folders[0].name}.")
    return splits


def _listed(root: Path) -> tuple[tuple[PhotoFile, ...], tuple[str, ...]]:
    """Every photo below the folder, and sentences on what else is there."""
    if root.is_file():
        raise DatasetError(f"{root} is a file. Unpack it if it is an archive; name the folder.")
    if not root.is_dir():
        raise DatasetError(f"There is no folder {root}.")
    listing = list_photos(root)
    others = [left for left in listing.left_out if left.name != TABLE]
    return listing.photos, Listing((), tuple(others)).notes()


def _below(photos: Sequence[PhotoFile], root: Path, folder: Path) -> list[PhotoFile]:
    """Those in a folder below the root, by their path in it."""
    prefix = "" if folder == root else folder.relative_to(root).as_posix() + "/"
    return [
        PhotoFile(photo.path, photo.name.removeprefix(prefix))
        for photo in photos
        if photo.name.startswith(prefix)
    ]


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not is_hidden(p.name))


def _named(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((f for f in _folders(folder) if f.name.lower() in names), None)


def _name(photo: PhotoFile, root: Path) -> str:
    return photo.path.relative_to(root).as_posix()
