"""Models as functions from pixels, and a classifier's features of the photos it learned from."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from core.answer.analyser import DECODED_PX
from core.ham10000.dataset import Dataset
from core.imaging.black_frame import network_input
from core.models.cards import Card
from core.models.runtime import Scores
from core.models.torch_runtime import choose_device, load_classifier, load_segmenter
from core.settings import Settings
from core.system import caches, ownership, storage
from train.data.arrays import Arrays, load_arrays, read_photo
from train.data.dividing import chosen_rows

Classify = Callable[[np.ndarray], Scores]
"""As `core.models.runtime.Runtime.classify`."""

Segment = Callable[[np.ndarray], np.ndarray]
"""As `core.models.runtime.Runtime.segment`."""

BATCH = 16
FORMAT = 2
"""Raised when the networks are shown the same photo otherwise (`core.imaging.black_frame`)."""
CROPS = 1000
"""Centre crops of the training split that are looked at, if the dataset has them."""


def classifier_of(folder: Path, card: Card) -> Classify:
    """A classifier as it was written. Raises WeightsError."""
    device = choose_device(Settings.from_environment().device)
    network = load_classifier((folder, card)).to(device)

    def classify(pixels: np.ndarray) -> Scores:
        with torch.inference_mode():
            answer = network(torch.tensor(pixels).to(device))
        return Scores(*(part.cpu().numpy() for part in answer))

    return classify


def segmenter_of(folder: Path, card: Card) -> Segment:
    """A segmenter as it was written. Raises WeightsError."""
    device = choose_device(Settings.from_environment().device)
    network = load_segmenter((folder, card)).to(device)

    def segment(pixels: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.tensor(pixels).to(device)).cpu().numpy()

    return segment


@dataclass(frozen=True, eq=False)
class Features:
    """Float32, one row a photo: logits N×K, and embeddings N×C and textures N×D as
    `core.models.runtime.Scores` has them (of ResNet-50 C is 2048, D is 1024)."""

    logits: np.ndarray
    embeddings: np.ndarray
    textures: np.ndarray


def features_of(dataset: Dataset, part: str, card: Card, classify: Classify) -> Features:
    """Compute them, or read what an earlier call left in the dataset's cache (of ResNet-50 6 KB a
    photo), if it could. Either way they are rounded to float16, in which they are kept.

    Args:
        part: a split (rows in the order of the dataset's table), or `crops`: up to `CROPS` centre
            crops of the training split, none if the dataset has no crops.
    """
    arrays = load_arrays(dataset)
    size = card.input.size
    rows = part_rows(arrays.table, part)
    name = f"features{FORMAT}-{card.sha256[:12]}-{size}px-{dataset.split.id}-{part}-{len(rows)}"
    folder = dataset.root / "cache" / name
    path = folder / "features.npz"
    if caches.use(folder) and path.is_file():
        with np.load(path) as kept:
            return _in_full(kept)
    made = compute(arrays, part, rows, size, classify)
    halves: dict[str, np.ndarray] = {
        f.name: getattr(made, f.name).astype(np.float16) for f in fields(Features)
    }
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **halves)
    with suppress(OSError):  # a full disk, say: then they are computed again next time
        storage.make_room(folder.parent, content.tell(), Settings.from_environment())
        ownership.claim(folder, storage.FEATURES)
        ownership.write(path, content.getvalue())
    return _in_full(halves)  # as the next call will read them


def _in_full(halves: Mapping[str, np.ndarray]) -> Features:
    return Features(**{f.name: halves[f.name].astype(np.float32) for f in fields(Features)})


def part_rows(table: pd.DataFrame, part: str, limit: int = 0, masked: bool = False) -> np.ndarray:
    """The rows of a split of the data itself that a training sees; of `crops`, those of the
    training split that have one, `CROPS` at most.

    Args:
        table: of the data, or of arrays that have further sources as well.
    """
    split = "train" if part == "crops" else part
    rows = chosen_rows(table, split, limit, masked)
    if "source" in table:
        rows = rows[table["source"].to_numpy()[rows] == 0]
    if part != "crops":
        return rows
    rows = rows[table["has_crop"].to_numpy()[rows]]
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), CROPS)).round().astype(int)]


def compute(arrays: Arrays, part: str, rows: np.ndarray, size: int, classify: Classify) -> Features:
    """The features of the rows' photos or, if the part is `crops`, of their centre crops."""
    pictures, places = arrays.frames, rows
    if part == "crops":
        pictures, places = arrays.crops, arrays.table["crop_row"].to_numpy()[rows]
    batches = []
    with tqdm(total=len(rows), desc=f"Features, {part}", unit=" photos", disable=None) as bar:
        for start in range(0, len(rows), BATCH):
            chosen = [np.asarray(pictures[int(k)]) for k in places[start : start + BATCH]]
            batches.append(classify(np.stack([network_input(rgb, size) for rgb in chosen])))
            bar.update(len(chosen))
    if not batches:  # the widths are known even where there is no photo
        one = classify(np.zeros((1, size, size, 3), np.uint8))
        batches.append(Scores(**{f.name: getattr(one, f.name)[:0] for f in fields(Scores)}))
    return concatenated(batches)


def features_of_files(
    photos: Iterable[tuple[str, bytes]], total: int, what: str, card: Card, classify: Classify
) -> Features:
    """The features of picture files, read as the app reads them.

    Args:
        photos: name and bytes of each; at least one.
        what: they are, for the progress bar.

    Raises:
        DatasetError: one cannot be read; it is named.
    """
    size = card.input.size
    found = []
    for name, content in tqdm(photos, what, total, unit=" photos", disable=None):
        photo = read_photo(content, name, DECODED_PX)
        found.append(classify(network_input(photo.rgb, size)[None]))
    return concatenated(found)


def concatenated(parts: Sequence[Scores | Features]) -> Features:
    """The features of all parts, in their order."""
    return Features(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Features)}
    )
