"""What augmentation makes of photos. torch is slow to import, so pages run
`python -m train preview --config FILE --out SHEET.png`, which writes one PNG: a row a photo, the
photo itself first, then augmented samples of it."""

from pathlib import Path

import numpy as np
import torch

from core.imaging.image import resize, to_png
from train.config import Config
from train.data.arrays import FRAME, frame_size, read_photo
from train.data.augment import Augmentation, Look
from train.data.photos import open_data
from train.data.samplers import LOOK_SHARE

SIDE = 128
"""Side of each sample on the sheet, in pixels."""
GAP = 4


def augmented(
    photos: list[np.ndarray], config: Config, seed: int, frame: tuple[int, int] = FRAME
) -> np.ndarray:
    """One random sample of each photo (uint8 H×W×3) as training would draw it at the largest size
    S: uint8 N×S×S×3. The same seed gives the same samples; torch's own random state stays.
    `frame` is the size at which training caches the photos (`train.data.arrays.frame_size`)."""
    size = max(stage.size for stage in config.stages)
    change = Augmentation(size, config.augment)
    cached = [np.array(resize(photo, frame)) for photo in photos]
    samples = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for number, pixels in enumerate(cached):
            other = Look.of(cached[number - 1]) if torch.rand(()).item() < LOOK_SHARE else None
            samples.append(change(pixels, other=other)[0])
    return np.stack(samples)


def write_sheet(path: Path, config: Config, photos: int, samples: int, seed: int) -> None:
    """Write a PNG of the first training photos of the data, one of each class in turn, each with
    some augmented samples.

    Raises:
        DatasetError: there are none, or one cannot be read.
    """
    data = open_data(config)
    table = data.table[data.table["split"] == "train"]
    turn = table.groupby("dx").cumcount()
    chosen = [str(name) for name in turn.sort_values(kind="stable").index[:photos]]
    originals = [read_photo(data.photo(name), name).rgb for name in chosen]
    columns, frame = [[resize(photo, (SIDE, SIDE)) for photo in originals]], frame_size(data)
    for k in range(samples):
        made = augmented(originals, config, seed * 1_000 + k, frame)
        columns.append([resize(sample, (SIDE, SIDE)) for sample in made])
    step = SIDE + GAP
    sheet = np.full((len(originals) * step - GAP, len(columns) * step - GAP, 3), 255, np.uint8)
    for x, column in enumerate(columns):
        for y, picture in enumerate(column):
            sheet[y * step : y * step + SIDE, x * step : x * step + SIDE] = picture
    path.write_bytes(to_png(sheet))
