"""Photos in a folder of one's own: a subfolder for each class, or images and their masks.

    <folder>/<class>/*.jpg                     for a classifier
    <folder>/images/*.jpg + masks/*.png        for a U-Net; NAME.png or NAME_segmentation.png

Either may lie below train/, val/ and test/. Without those, validation and test are drawn as those
of HAM10000 are (`core.splits`). Which photos show one lesion is unknown, unless `metadata.csv` in
the folder says so (columns image_id and lesion_id): then, and where two files are equal byte for
byte, they are kept on one side. Photos of one lesion that nothing ties together may end up on both
sides, and make figures look better than they are; `Folder.notes` says so.

No torch here.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from core.dataset import DatasetError
from core.splits import SPLITS, Split

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
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
MASK_ENDINGS = ("", "_segmentation", "_mask")
FEWEST = 4
"""Different photos a class needs for one in validation, one in test and two to learn from."""

UNKNOWN_LESIONS = (
    "Which photos show one lesion is not known. If some do, they may be in training and in "
    "validation at once, and the figures look better than they are. A metadata.csv with the "
    "columns image_id and lesion_id prevents it."
)


@dataclass(frozen=True)
class Folder:
    """Photos of a folder; used like `core.dataset.Dataset`.

    Attributes:
        root: the folder.
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

    def photo(self, image_id: str) -> bytes:
        """The photo's bytes. Raises DatasetError."""
        return self._bytes(image_id)

    def mask(self, image_id: str) -> np.ndarray:
        """The lesion mask, bool H×W: above half of its brightest pixel. Raises DatasetError."""
        name = str(self.table.at[image_id, "mask_file"])
        try:
            with Image.open(io.BytesIO(self._bytes(name))) as image:
                mask = np.asarray(image.convert("L"))
        except (OSError, SyntaxError, Image.DecompressionBombError) as error:
            raise DatasetError(f"The mask {name} cannot be read; repair it or take it out.") from (
                error
            )
        return mask > mask.max() / 2

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


class ClassFolder(Folder):
    """A subfolder for each class."""

    @classmethod
    def open(cls, root: Path) -> ClassFolder:
        """Find the photos and their classes.

        Raises:
            DatasetError: there is no such folder, or fewer than two classes; a class is empty or
                has too few photos.
        """
        rows: dict[str, dict[str, str]] = {}
        for split, folder in _divided(root):
            for sub in _folders(folder):
                photos = _photos(sub)
                if not photos:
                    raise DatasetError(
                        f"The class {sub.name} has no photos in {sub}. Add some (JPEG, PNG, WebP, "
                        "BMP or TIFF), or delete the folder."
                    )
                for path in photos:
                    rows[path.relative_to(root).as_posix()] = {
                        "dx": sub.name,
                        "split": split,
                        "mask_file": "",
                    }
        classes = tuple(sorted({row["dx"] for row in rows.values()}))
        if len(classes) < 2:
            found = f"one class ({classes[0]})" if classes else "no class"
            raise DatasetError(
                f"{root} has {found}. Name the folder that has a subfolder of photos for each "
                "class, two at least."
            )
        table, split_, notes = _arrange(root, rows)
        for name in classes:
            _check_enough(table[table["dx"] == name], f"The class {name}")
        return cls(root, table, split_, classes, notes)


class MaskFolder(Folder):
    """Images and their masks."""

    @classmethod
    def open(cls, root: Path) -> MaskFolder:
        """Find the photos that have a mask.

        Raises:
            DatasetError: there is no such folder, it lacks images/ or masks/, or too few photos
                have a mask.
        """
        rows: dict[str, dict[str, str]] = {}
        without = 0
        for split, folder in _divided(root):
            images, masks = _named(folder, IMAGE_FOLDERS), _named(folder, MASK_FOLDERS)
            if images is None or masks is None:
                raise DatasetError(
                    f"{folder} needs the subfolders images and masks, with a mask for each photo: "
                    "for NAME.jpg the file NAME.png or NAME_segmentation.png."
                )
            known = {path.stem.lower(): path for path in _photos(masks)}
            for path in _photos(images):
                names = [f"{path.stem}{ending}".lower() for ending in MASK_ENDINGS]
                mask = next((known[name] for name in names if name in known), None)
                if mask is None:
                    without += 1
                    continue
                rows[path.relative_to(root).as_posix()] = {
                    "dx": "lesion",
                    "split": split,
                    "mask_file": mask.relative_to(root).as_posix(),
                }
        if not rows:
            raise DatasetError(
                f"No photo in {root} has a mask. For images/NAME.jpg there must be masks/NAME.png "
                "or masks/NAME_segmentation.png."
            )
        table, split_, notes = _arrange(root, rows)
        _check_enough(table, f"The folder {root.name}")
        if without:
            notes = (f"{without:,} photos without a mask are left out.", *notes)
        return cls(root, table, split_, (), notes)


def _arrange(
    root: Path, rows: dict[str, dict[str, str]]
) -> tuple[pd.DataFrame, Split, tuple[str, ...]]:
    """The table with its lesions and splits, the split, and what to say about both."""
    if not rows:
        raise DatasetError(f"There are no photos in {root}.")
    table = pd.DataFrame.from_dict(rows, orient="index").sort_index()
    table.index.name = "image_id"
    notes: list[str] = []
    table["lesion_id"], known = _groups(root, table)
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


def _groups(root: Path, table: pd.DataFrame) -> tuple[pd.Series, bool]:
    """An id for each photo, the same for photos that belong together; and whether the folder says
    which lesion each photo shows."""
    parent = {str(name): str(name) for name in table.index}

    def top(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    lesions = _lesions(root)
    together: dict[str, list[str]] = defaultdict(list)
    for name in parent:
        if lesion := lesions.get(Path(name).stem):
            together[f"lesion {lesion}"].append(name)
    for digest, name in _equal_files(root, list(parent)):
        together[f"file {digest}"].append(name)
    for names in together.values():
        for name in names[1:]:
            a, b = sorted((top(names[0]), top(name)))
            parent[b] = a
    known = all(Path(name).stem in lesions for name in parent)
    return pd.Series({name: top(name) for name in parent}), known


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
    """Lesion of each photo (by its name without ending), as `metadata.csv` has it, if there is
    one."""
    path = root / "metadata.csv"
    if not path.is_file():
        return {}
    try:
        found = pd.read_csv(path, dtype=str)
        found = found.dropna(subset=["image_id", "lesion_id"])
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(
            f"{path} needs the columns image_id and lesion_id ({error}); repair it or take it out."
        ) from error
    stems = found["image_id"].map(lambda name: Path(name).stem)
    return dict(zip(stems, found["lesion_id"], strict=True))


def _divided(root: Path) -> Iterator[tuple[str, Path]]:
    """Each folder of photos with the split that its name says, or an empty one."""
    if not root.is_dir():
        raise DatasetError(f"There is no folder {root}.")
    splits = {f: SPLIT_NAMES[f.name.lower()] for f in _folders(root) if _is_split(f)}
    if not splits:
        yield "", root
        return
    if "train" not in splits.values():
        raise DatasetError(f"{root} has no folder train beside {min(splits).name}.")
    for folder, split in splits.items():
        yield split, folder


def _is_split(folder: Path) -> bool:
    return folder.name.lower() in SPLIT_NAMES


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))


def _named(folder: Path, names: tuple[str, ...]) -> Path | None:
    return next((f for f in _folders(folder) if f.name.lower() in names), None)


def _photos(folder: Path) -> list[Path]:
    """Photos in a folder and all folders below it."""
    return sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and p.is_file()
    )
