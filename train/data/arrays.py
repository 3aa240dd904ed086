"""Training data: the dataset decoded once into memory-mapped arrays, and augmented samples."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from core.errors import DatasetError
from core.ham10000.dataset import HOW_TO_IMPORT, Dataset
from core.ham10000.splits import smallest_subset
from core.imaging.image import ImageError, LesionImage, resize
from core.imaging.mask_files import Grid
from core.imaging.photo_files import NAMED
from core.settings import Settings
from core.system import caches, ownership, storage
from core.system.disk_space import REFUSED, NoRoomError, check_room, reserve
from core.system.ownership import ForeignFolderError
from core.taxonomy import BY_KEY, KEYS
from train.config import ClassifierConfig, Config, ConfigError
from train.data.dividing import chosen_rows, divided
from train.data.elsewhere import Elsewhere
from train.data.folders import Folder, class_folder, mask_folder
from train.data.joined import Joined
from train.data.notices import open_usable
from train.progress import Tick

FRAME = (320, 240)
"""Largest cached frame, width × height; see `frame_size`."""
MEASURED = 200
"""Photos whose sizes are looked at, at most, spread over the whole table."""
CROP = 224
TWO_LABELS = ("benign", "malignant")
PARTS = ("images", "masks", "crops")


@dataclass(frozen=True)
class Arrays:
    """The dataset as arrays, row i being row i of `table`.

    Attributes:
        table: the dataset's table with the added columns `label` (index in `classes`; -1 where the
            data has none), `crop_row` (-1: none) and `source` (0: the data itself; 1, 2, …: further
        sources, whose rows are in the splits `train` and `elsewhere`).
        frames: uint8 N×h×w×3, photos squeezed to one size.
        masks: uint8 N×h×w, 0…255 (the share of lesion in each pixel); 0 where there is none.
        crops: uint8 M×224×224×3.
        classes: what the labels are called.
    """

    table: pd.DataFrame
    frames: np.ndarray | Joined
    masks: np.ndarray | Joined
    crops: np.ndarray
    classes: tuple[str, ...] = KEYS

    def __deepcopy__(self, memo: dict[int, object]) -> Arrays:
        """Read only, and 2 GB: a copy of a training (for averaged weights) shares them."""
        return self


Data = Dataset | Folder


def open_data(config: Config) -> Data:
    """The photos that a configuration names, divided as it says.

    Raises:
        DatasetError: HAM10000 has not been imported, or the folder cannot be used.
        SplitError: the dataset's split does not fit it.
    """
    if config.is_ham10000:
        return divided(Dataset.open(), config)
    root = Path(config.data).expanduser()
    return divided(mask_folder(root) if config.masked else class_folder(root), config)


def open_more(config: Config, data: Data) -> list[Elsewhere]:
    """The further sources that a configuration names; photos that the data or an earlier source has
    are left out. Raises DatasetError, also if one has nothing for this training."""
    return open_usable(config.more, data.table.index, config.masked)


def classes_of(data: Data, two_labels: bool = False) -> tuple[str, ...]:
    """What the labels of the data are called."""
    if two_labels:
        return TWO_LABELS
    return data.classes if isinstance(data, Folder) else KEYS


def joined(arrays: Arrays, others: Sequence[Arrays]) -> Arrays:
    """The data with further sources behind it; their validation photos are the split
    `elsewhere`."""
    tables = [arrays.table]
    for number, other in enumerate(others, 1):
        split = other.table["split"].replace("validation", "elsewhere")
        tables.append(other.table.assign(split=split, source=number))
    parts = [arrays, *others]
    return replace(
        arrays,
        table=pd.concat(tables),
        frames=Joined([np.asarray(part.frames) for part in parts]),
        masks=Joined([np.asarray(part.masks) for part in parts]),
    )


def prepare(
    config: Config,
    tick: Tick | None = None,
    data: Data | None = None,
    more: Sequence[Elsewhere] | None = None,
) -> Arrays:
    """The arrays a training needs, with the labels that its configuration asks for. Where only a
    part of the photos is used and the whole has not been decoded yet, only that part is.

    Args:
        tick: told how many photos are decoded, and of how many; it may raise to break off.
        data, more: what `open_data` and `open_more` give, where that is known.

    Raises:
        ConfigError: these photos do not have the labels asked for.
        DatasetError, SplitError: as `open_data` and `load_arrays`.
    """
    data = open_data(config) if data is None else data
    arrays = load_arrays(wanted_part(data, config), tick)
    if config.more:
        sources = open_more(config, data) if more is None else more
        parts = [wanted_part(source, config) for source in sources]
        arrays = joined(arrays, [load_arrays(part, tick) for part in parts])
    return _two_labels(arrays) if config.two_labels else arrays


def wanted_part(data: Data, config: Config) -> Data:
    """The data with only those rows and parts that a limited training uses; all of it if there is
    no limit, or if it is decoded as a whole already.

    Raises:
        ConfigError: the limit leaves no room for every class.
    """
    if not config.limit:
        return data
    masked = config.masked
    splits = ("train", "validation")
    if config.labelled and not isinstance(data, Elsewhere):
        for split in splits:
            _check_limit(data.table.iloc[chosen_rows(data.table, split, 0, masked)], config.limit)
    if is_decoded(data):
        return data
    crops = isinstance(config, ClassifierConfig) and config.crop_share > 0
    rows = [chosen_rows(data.table, split, config.limit, masked) for split in splits]
    table = data.table.iloc[np.sort(np.concatenate(rows))].copy()
    table["has_mask"] &= masked
    table["has_crop"] &= crops
    return replace(data, table=table)


def _check_limit(photos: pd.DataFrame, limit: int) -> None:
    if not photos.empty and limit < (least := smallest_subset(photos)):
        raise ConfigError(
            f"A subset of {limit:,} photos has no room for each of the "
            f"{photos['dx'].nunique()} classes in {photos['split'].iloc[0]}: allow {least:,} at "
            "least, or take all photos (0)."
        )


def is_decoded(data: Data) -> bool:
    """Whether the arrays of these photos are there."""
    return not data.table.empty and _is_whole(_directory(data, frame_size(data)))


def load_arrays(data: Data, tick: Tick | None = None) -> Arrays:
    """Decode the photos, or map the arrays of an earlier call (kept in `<dataset>/cache/`, those of
    other folders in `LESIONLAB_CACHE`). Nobody removes them until this process ends.

    Args:
        tick: told how many photos are decoded, and of how many; by default there is a bar.

    Raises:
        DatasetError: a file is missing or cannot be read (the message names it), or the folder for
            the arrays cannot be written.
        NoRoomError: the disk has no room for them.
    """
    table = data.table.copy()
    if table.empty:
        raise DatasetError(f"There are no photos to train on. {HOW_TO_IMPORT}")
    classes = classes_of(data)
    table["label"] = table["dx"].map({name: k for k, name in enumerate(classes)}).fillna(-1)
    table["label"] = table["label"].astype(int)
    table["source"] = 0
    table["crop_row"] = np.where(table["has_crop"], table["has_crop"].cumsum() - 1, -1)
    width, height = size = frame_size(data)
    directory = _directory(data, size)
    shapes = {
        "frames": (len(table), height, width, 3),
        "masks": (len(table), height, width),
        "crops": (int(table["has_crop"].sum()), CROP, CROP, 3),
    }
    while (arrays := _mapped(directory, shapes)) is None:
        caches.release(directory)  # who makes it waits for those that use it
        _ask_for_room(directory, sum(math.prod(shape) for shape in shapes.values()))
        try:
            ownership.claim(directory, storage.PHOTOS)
        except ForeignFolderError:
            raise
        except OSError as error:
            raise DatasetError(
                f"Decoded photos cannot be kept in {directory.parent} ({error.strerror}). Make it "
                "writable, or set LESIONLAB_CACHE and LESIONLAB_DATA to folders that are."
            ) from error
        with caches.alone(directory) as alone:
            if not alone and tick is not None:
                tick(0, len(table))
            if alone and _mapped(directory, shapes, used=False) is None:  # else another did it
                _decode(data, table, directory, shapes, tick)
    return Arrays(table, **arrays, classes=classes)


def _two_labels(arrays: Arrays) -> Arrays:
    if unknown := set(arrays.classes) - set(KEYS):
        raise ConfigError(
            "Two labels need the diagnoses of HAM10000, whose group is known; these photos have "
            f"the class {min(unknown)}. Make two folders, benign and malignant, instead."
        )
    malignant = np.array([BY_KEY[name].malignant for name in arrays.classes]).astype(int)
    table = arrays.table.copy()
    known = table["label"].to_numpy() >= 0
    table["label"] = np.where(known, malignant[table["label"].to_numpy()], -1)
    return replace(arrays, table=table, classes=TWO_LABELS)


@lru_cache(maxsize=8)
def frame_size(data: Data) -> tuple[int, int]:
    """Width and height of the cached frames: the median of the photos' upright sizes, each side at
    most that of `FRAME`. One thumbnail or panorama among them changes nothing. Photos that cannot
    be read do not count; decoding names them."""
    names = [str(name) for name in data.table.index]
    sizes = []
    for place in np.unique(np.linspace(0, len(names) - 1, MEASURED).round().astype(int)):
        with suppress(DatasetError):
            grid = Grid.of(data.photo(names[place]), names[place])
            sizes.append((grid.width, grid.height))
    width, height = np.median(sizes or [FRAME], axis=0).astype(int)
    return min(int(width), FRAME[0]), min(int(height), FRAME[1])


def read_photo(content: bytes, name: str, enough: int | None = None) -> LesionImage:
    """A photo of that name; `enough` as of `LesionImage.from_bytes`. Raises DatasetError, which
    carries the name."""
    try:
        return LesionImage.from_bytes(content, name, enough)
    except ImageError as error:
        raise DatasetError(f"{name}: {error} Repair the file, or remove it.") from error


def _mapped(
    directory: Path, shapes: dict[str, tuple[int, ...]], used: bool = True
) -> dict[str, np.ndarray] | None:
    """The arrays, if they are there and whole; by default nobody removes them from now on."""
    if not _is_whole(directory) or (used and not caches.use(directory)):
        return None
    try:
        found = {name: np.load(directory / f"{name}.npy", mmap_mode="r") for name in shapes}
    except (OSError, ValueError):  # cut off since, or removed
        return None
    return found if all(found[name].shape == shapes[name] for name in shapes) else None


def _ask_for_room(directory: Path, needed: int) -> None:
    """Raises NoRoomError: the disk has none for the arrays, which are written whatever happens."""
    there = sum(storage.size_of(directory / name) for name in storage.ARRAYS)
    needed = max(needed - there, 0)  # some of an interrupted decoding
    storage.make_room(directory.parent, needed, Settings.from_environment())
    check_room(directory.parent, needed, "The decoded photos")


def _is_whole(directory: Path) -> bool:
    return (directory / "complete.json").is_file()


def _directory(data: Data, size: tuple[int, int]) -> Path:
    """Where the arrays of these photos are kept, with frames of that width and height."""
    if isinstance(data, Folder):
        cache = Settings.from_environment().cache / "training"
    else:
        cache = data.root / "cache"
    return cache / _fingerprint(data, *size)


def _decode(
    data: Data,
    table: pd.DataFrame,
    directory: Path,
    shapes: dict[str, tuple[int, ...]],
    tick: Tick | None,
) -> None:
    (directory / "complete.json").unlink(missing_ok=True)
    out = {name: _new_array(directory, name, shape) for name, shape in shapes.items() if all(shape)}
    for name in shapes.keys() - out.keys():  # a file without content cannot be mapped
        np.save(directory / f"{name}.npy", np.zeros(shapes[name], np.uint8))
    _, height, width, _ = shapes["frames"]
    bar = tqdm(table.iterrows(), "Decoding", len(table), disable=True if tick else None)
    faults: list[str] = []
    for row, (image_id, entry) in enumerate(bar):
        if tick is not None:
            tick(row, len(table))
        try:
            parts = decode_row(data, str(image_id), entry, width, height)
        except DatasetError as error:
            faults.append(str(error))
            continue
        places = {"frames": row, "masks": row, "crops": entry.crop_row}
        for name, pixels in parts.items():
            out[name][places[name]] = pixels
    if faults:
        more = f" And {len(faults) - NAMED:,} more." if len(faults) > NAMED else ""
        raise DatasetError(" ".join(faults[:NAMED]) + more)
    for array in out.values():
        array.flush()
    facts = json.dumps({"images": len(table), "size": [width, height]})
    ownership.write(directory / "complete.json", facts.encode())


def _new_array(directory: Path, name: str, shape: tuple[int, ...]) -> np.memmap:
    """One to be filled, for which the disk has set room aside. Raises NoRoomError."""
    path = directory / f"{name}.npy"
    try:
        array = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
        reserve(path, path.stat().st_size)
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        for other in storage.ARRAYS:
            (directory / other).unlink(missing_ok=True)
        raise NoRoomError(
            f"The disk that holds {directory} has no room for the decoded photos. Make some "
            "(python -m core storage lists what LesionLab keeps), then try again."
        ) from error
    return array


def decode_row(data: Data, name: str, entry: Any, width: int, height: int) -> dict[str, np.ndarray]:
    """What the arrays hold of one photo: its frame, and its mask and crop if `entry`, its row of
    the table, has them. Raises DatasetError."""
    parts = {"frames": resize(read_photo(data.photo(name), name).rgb, (width, height))}
    if entry.has_mask:
        mask = Image.fromarray(data.mask(name).astype(np.uint8) * 255)
        parts["masks"] = np.asarray(mask.resize((width, height), Image.Resampling.BILINEAR))
    if entry.has_crop:
        with Image.open(io.BytesIO(data.crop(name))) as crop:
            parts["crops"] = resize(np.asarray(crop.convert("RGB")), (CROP, CROP))
    return parts


def _fingerprint(data: Data, width: int, height: int) -> str:
    """Changes whenever the rows or the parts wanted do, or a file (by name, size and time)."""
    rows = "\n".join(data.table.index)
    digest = hashlib.sha256(f"{width}x{height}\n{rows}\n".encode())
    if isinstance(data, Folder):
        files = data.files()
    else:
        files = [p for k in PARTS for p in sorted((data.root / k).glob("ISIC_*"))]
        for part in ("has_mask", "has_crop"):
            if not data.table[part].any():
                digest.update(f"no {part}\n".encode())
    for path in files:
        facts = path.stat()
        digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def rows_of(arrays: Arrays, split: str, limit: int = 0, masked: bool = False) -> np.ndarray:
    """Row numbers of a split, see `chosen_rows`.

    Raises:
        DatasetError: there is none.
    """
    rows = chosen_rows(arrays.table, split, limit, masked)
    if not len(rows):
        what = "photos with a lesion mask" if masked else "photos"
        raise DatasetError(f"The split {split} has no {what}. {HOW_TO_IMPORT}")
    return rows
