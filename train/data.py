"""Training data: the dataset decoded once into memory-mapped arrays, and augmented samples."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset
from tqdm import tqdm

from core.compat import import_torchvision
from core.dataset import HOW_TO_IMPORT, Dataset, DatasetError
from core.imaging import LesionImage, resize
from core.taxonomy import KEYS

import_torchvision()
from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

FRAME = (320, 240)
"""Largest cached frame, width × height; smaller photos are cached at the size of the first one."""
CROP = 224
SKIN = (0.76, 0.55, 0.57)
"""Mean colour of HAM10000, what rotation and shift fill empty corners with."""


@dataclass(frozen=True)
class Arrays:
    """The dataset as arrays, row i being row i of `table`.

    Attributes:
        table: the dataset's table with the added columns `label` (0…6) and `crop_row` (-1: none).
        frames: uint8 N×h×w×3, photos squeezed to one size.
        masks: uint8 N×h×w, 0…255 (the share of lesion in each pixel); 0 where there is none.
        crops: uint8 M×224×224×3.
    """

    table: pd.DataFrame
    frames: np.ndarray
    masks: np.ndarray
    crops: np.ndarray

    def __deepcopy__(self, memo: dict[int, object]) -> Arrays:
        """Read only, and 2 GB: a copy of a training (for averaged weights) shares them."""
        return self


def load_arrays(dataset: Dataset) -> Arrays:
    """Decode the dataset, or map the arrays of an earlier call (kept in `<dataset>/cache/`)."""
    table = dataset.table.copy()
    table["label"] = table["dx"].map(KEYS.index)
    table["crop_row"] = np.where(table["has_crop"], table["has_crop"].cumsum() - 1, -1)
    first = LesionImage.from_bytes(dataset.photo(table.index[0]))
    width, height = min((first.width, first.height), FRAME)
    directory = dataset.root / "cache" / _fingerprint(dataset, width, height)
    shapes = {
        "frames": (len(table), height, width, 3),
        "masks": (len(table), height, width),
        "crops": (int(table["has_crop"].sum()), CROP, CROP, 3),
    }
    if not (directory / "complete.json").is_file():
        _decode(dataset, table, directory, shapes)
    arrays = {name: np.load(directory / f"{name}.npy", mmap_mode="r") for name in shapes}
    return Arrays(table, **arrays)


def _decode(
    dataset: Dataset, table: pd.DataFrame, directory: Path, shapes: dict[str, tuple[int, ...]]
) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    out = {
        name: np.lib.format.open_memmap(
            directory / f"{name}.npy", mode="w+", dtype=np.uint8, shape=shape
        )
        for name, shape in shapes.items()
    }
    _, height, width, _ = shapes["frames"]
    for row, (image_id, entry) in enumerate(
        tqdm(table.iterrows(), "Decoding", len(table), disable=None)
    ):
        name = str(image_id)
        out["frames"][row] = resize(
            LesionImage.from_bytes(dataset.photo(name)).rgb, (width, height)
        )
        if entry.has_mask:
            mask = dataset.mask(name).astype(np.uint8) * 255
            out["masks"][row] = np.asarray(
                Image.fromarray(mask).resize((width, height), Image.Resampling.BILINEAR)
            )
        if entry.has_crop:
            with Image.open(io.BytesIO(dataset.crop(name))) as crop:
                out["crops"][entry.crop_row] = resize(np.asarray(crop.convert("RGB")), (CROP, CROP))
    for array in out.values():
        array.flush()
    temporary = directory / "complete.part"
    temporary.write_text(json.dumps({"images": len(table), "size": [width, height]}))
    os.replace(temporary, directory / "complete.json")


def _fingerprint(dataset: Dataset, width: int, height: int) -> str:
    """Changes whenever the rows do, or a file of the dataset (by name, size and time)."""
    rows = "\n".join(dataset.table.index)
    digest = hashlib.sha256(f"{width}x{height}\n{rows}\n".encode())
    for kind in ("images", "masks", "crops"):
        for path in sorted((dataset.root / kind).glob("ISIC_*")):
            facts = path.stat()
            digest.update(f"{path.name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def augmentation(size: int, with_mask: bool) -> v2.Compose:
    """Random transforms on an image (and its mask) that end at size × size.

    Zoom and aspect by a random resized crop; rotation by any angle, shift and shear by an affine
    map; flips; colour; sharpness: blur through down- and up-scaling, sharpening, JPEG.
    """
    geometry = [
        v2.RandomResizedCrop(size, scale=(0.55, 1.0), ratio=(0.75, 1.6), antialias=True),
        v2.RandomHorizontalFlip(),
        v2.RandomVerticalFlip(),
        v2.RandomAffine(
            degrees=180,
            translate=(0.08, 0.08),
            scale=(0.85, 1.2),
            shear=8,
            interpolation=v2.InterpolationMode.BILINEAR,
            fill={tv_tensors.Image: [round(255 * c) for c in SKIN], "others": 0},
        ),
    ]
    look = [
        v2.ColorJitter(brightness=0.25, contrast=0.25, saturation=0.25, hue=0.03),
        v2.RandomApply([Rescale(0.4)], p=0.3),
        v2.RandomAdjustSharpness(2.5, p=0.2),
        v2.RandomApply([Jpeg(40, 95)], p=0.2),
    ]
    return v2.Compose([*geometry, *look])


class Rescale(v2.Transform):
    """Scale an image down by a random factor and up again: what a poorer camera would have seen."""

    def __init__(self, smallest: float) -> None:
        super().__init__()
        self.smallest = smallest

    def make_params(self, flat_inputs: list) -> dict:
        """Draw the factor, between `smallest` and 1."""
        return {"factor": self.smallest + (1 - self.smallest) * torch.rand(()).item()}

    def transform(self, inpt: Tensor, params: dict) -> Tensor:
        """Apply it to images; masks stay."""
        if not isinstance(inpt, tv_tensors.Image):
            return inpt
        height, width = inpt.shape[-2:]
        small = [max(8, int(side * params["factor"])) for side in (height, width)]
        return v2.functional.resize(
            v2.functional.resize(inpt, small, antialias=True), [height, width], antialias=True
        )


class Jpeg(v2.Transform):
    """JPEG artefacts of a random quality, through OpenCV: torchvision's own needs its compiled
    image extension, which builds from mixed sources lack (see `core.compat`)."""

    def __init__(self, lowest: int, highest: int) -> None:
        super().__init__()
        self.lowest, self.highest = lowest, highest

    def make_params(self, flat_inputs: list) -> dict:
        """Draw the quality, `lowest` to `highest` inclusive."""
        return {"quality": int(torch.randint(self.lowest, self.highest + 1, ()))}

    def transform(self, inpt: Tensor, params: dict) -> Tensor:
        """Apply it to images; masks stay."""
        if not isinstance(inpt, tv_tensors.Image):
            return inpt
        pixels = np.ascontiguousarray(inpt.permute(1, 2, 0).numpy()[..., ::-1])
        _, coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, params["quality"]])
        decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]
        return tv_tensors.wrap(torch.from_numpy(decoded.copy()).permute(2, 0, 1), like=inpt)


class Samples(TorchDataset):
    """Augmented samples of the training rows.

    Item: uint8 image size×size×3 with its label, or with its mask (uint8 size×size, 0 or 1).
    """

    def __init__(
        self, arrays: Arrays, rows: np.ndarray, size: int, crop_share: float, with_mask: bool
    ) -> None:
        self.arrays, self.rows, self.with_mask = arrays, rows, with_mask
        self.crop_share = 0.0 if with_mask else crop_share
        self.labels = arrays.table["label"].to_numpy()
        self.crop_rows = arrays.table["crop_row"].to_numpy()
        self.transform = augmentation(size, with_mask)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        row = int(self.rows[index])
        crop = int(self.crop_rows[row])
        if crop >= 0 and torch.rand(()).item() < self.crop_share:
            pixels = self.arrays.crops[crop]
        else:
            pixels = self.arrays.frames[row]
        image = tv_tensors.Image(torch.from_numpy(np.array(pixels)).permute(2, 0, 1))
        if self.with_mask:
            mask = tv_tensors.Mask(torch.from_numpy(np.array(self.arrays.masks[row])))
            image, mask = self.transform(image, mask)
            return image.permute(1, 2, 0).contiguous(), (mask > 127).to(torch.uint8)
        image = self.transform(image)
        return image.permute(1, 2, 0).contiguous(), torch.tensor(int(self.labels[row]))


class Frames(TorchDataset):
    """Rows as they are in use: the full frame squeezed to size × size; with the row number."""

    def __init__(self, arrays: Arrays, rows: np.ndarray, size: int) -> None:
        self.arrays, self.rows, self.size = arrays, rows, size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row = int(self.rows[index])
        pixels = resize(np.asarray(self.arrays.frames[row]), (self.size, self.size))
        return torch.from_numpy(np.array(pixels)), row


class EpochSampler(torch.utils.data.Sampler[int]):
    """Draws `count` indices, each about as often as its share of the weights says (its expected
    number rounded up or down: systematic sampling), in random order; the same ones whenever the
    same epoch is repeated.

    So the classes come in exactly the shares that the weights promise, on which the logit-adjusted
    loss relies: draws without replacement would run out of the rare ones.
    """

    def __init__(self, weights: np.ndarray, count: int, seed: int, epoch: int) -> None:
        self.weights, self.count, self.seed, self.epoch = weights, count, seed, epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        draw = np.random.default_rng([self.seed, self.epoch])
        order = draw.permutation(len(self.weights))
        ends = np.cumsum(self.weights[order])
        ticks = (np.arange(self.count) + draw.random()) / self.count * ends[-1]
        drawn = order[np.searchsorted(ends, ticks, side="right").clip(max=len(order) - 1)]
        yield from draw.permutation(drawn).tolist()


def rows_of(arrays: Arrays, split: str, limit: int = 0, masked: bool = False) -> np.ndarray:
    """Row numbers of a split (only those with a mask, if `masked`), the first `limit` if given.

    Raises:
        DatasetError: there is none.
    """
    wanted = (arrays.table["split"] == split).to_numpy()
    if masked:
        wanted = wanted & arrays.table["has_mask"].to_numpy()
    rows = np.flatnonzero(wanted)
    if not len(rows):
        what = "photos with a lesion mask" if masked else "photos"
        raise DatasetError(f"The split {split} has no {what}. {HOW_TO_IMPORT}")
    return rows[:limit] if limit else rows


def frame_loader(arrays: Arrays, rows: np.ndarray, size: int, batch: int = 32) -> DataLoader:
    """Batches of full frames, in order."""
    return DataLoader(Frames(arrays, rows, size), batch_size=batch)
