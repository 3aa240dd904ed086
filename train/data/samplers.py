"""How photos are drawn, augmented and put into batches."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from core.imaging.black_frame import network_input
from train.choices import AUGMENTATIONS
from train.data.arrays import Arrays
from train.data.augment import Augmentation, Look

LOOK_SHARE = 0.5
"""How often the augmentation `camera` gives a photo the look of a photo of another source."""


class Samples(TorchDataset):
    """Augmented samples of the training rows.

    Item: uint8 image size×size×3 with its label and its mask (uint8 size×size, 0 or 1), or with its
    label and the number of its source.
    """

    def __init__(
        self,
        arrays: Arrays,
        rows: np.ndarray,
        size: int,
        crop_share: float,
        with_mask: bool,
        augment: tuple[str, ...] = tuple(AUGMENTATIONS),
    ) -> None:
        self.arrays, self.rows, self.with_mask = arrays, rows, with_mask
        self.crop_share = 0.0 if with_mask else crop_share
        self.labels = arrays.table["label"].to_numpy()
        self.crop_rows = arrays.table["crop_row"].to_numpy()
        self.sources = arrays.table["source"].to_numpy()
        self.change = Augmentation(size, augment)
        self.look_share = LOOK_SHARE if "camera" in augment else 0.0
        # Rows whose look a photo may be given: those of other sources, if there are any.
        sources = self.sources[rows]
        several = len(np.unique(sources)) > 1
        self.others = {s: rows[(sources != s) | (not several)] for s in np.unique(sources)}

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        row = int(self.rows[index])
        mask = np.asarray(self.arrays.masks[row]) if self.with_mask else None
        image, mask = self.change(self._pixels(row), mask, self._other_look(row))
        pixels, label = torch.from_numpy(image), torch.tensor(int(self.labels[row]))
        if mask is not None:
            return pixels, label, torch.from_numpy((mask > 127).astype(np.uint8))
        return pixels, label, torch.tensor(int(self.sources[row]))

    def _pixels(self, row: int) -> np.ndarray:
        crop = int(self.crop_rows[row])
        if crop >= 0 and torch.rand(()).item() < self.crop_share:
            return np.asarray(self.arrays.crops[crop])
        return np.asarray(self.arrays.frames[row])

    def _other_look(self, row: int) -> Look | None:
        if torch.rand(()).item() >= self.look_share:
            return None
        others = self.others[self.sources[row]]
        other = int(others[int(torch.randint(len(others), ()))])
        return Look.of(np.asarray(self.arrays.frames[other]))


class Frames(TorchDataset):
    """Rows as they are in use: the full frame squeezed to size × size; with the row number."""

    def __init__(self, arrays: Arrays, rows: np.ndarray, size: int) -> None:
        self.arrays, self.rows, self.size = arrays, rows, size

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        row = int(self.rows[index])
        pixels = network_input(np.asarray(self.arrays.frames[row]), self.size)
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


def source_weights(weights: np.ndarray, sources: np.ndarray, share: float) -> np.ndarray:
    """Weights of rows in the draw of an epoch, changed so that further sources have that share of
    all together; `sources` are the rows' numbers of sources, 0 the data itself."""
    further = sources > 0
    if not further.any():
        return weights
    ratio = share / (1 - share) * weights[~further].sum() / weights[further].sum()
    return np.where(further, weights * ratio, weights)


def frame_loader(
    arrays: Arrays, rows: np.ndarray, size: int, batch: int = 32, workers: int = 0
) -> DataLoader:
    """Batches of full frames, in order; loaded by so many processes beside the training."""
    return DataLoader(Frames(arrays, rows, size), batch_size=batch, num_workers=workers)
