"""Learning on the features of a frozen base, each computed once.

Where all but the last layer keeps its start weights (`freeze` is `base`), a photo's features change
with its augmentation alone. So each photo gets a few fixed augmented copies (`copies`), whose
features are computed when a copy is first drawn and then kept in memory: epoch 1 draws first
copies, epoch 2 second ones, and once all have been drawn an epoch takes seconds. The copies are a
function of seed, photo and number: a resumed training computes the same ones.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.data.samplers import Samples
from train.learn.base import normalised, seed_of


class Places(Samples):
    """As `Samples`, but without the pixels. Item: the place in `rows`, label and source."""

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        row = int(self.rows[index])
        label, source = int(self.labels[row]), int(self.sources[row])
        return torch.tensor(index), torch.tensor(label), torch.tensor(source)

    def copy(self, index: int, seed: int) -> Tensor:
        """The augmented sample of a place that a seed gives; torch's own random state stays."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return super().__getitem__(index)[0]


class FrozenFeatures:
    """What a frozen base makes of photos: pooled features, kept as float16."""

    def __init__(self, seed: int, copies: int) -> None:
        self.seed, self.copies = seed, copies
        self._kept: dict[tuple[str, int, int], dict[int, Tensor]] = {}

    def __deepcopy__(self, memo: dict[int, object]) -> FrozenFeatures:
        """A copy of a training (for averaged weights) has the same frozen base."""
        return self

    def of_copies(self, net: Any, places: Places, drawn: Tensor, epoch: int) -> Tensor:
        """Features of the copies that an epoch draws, float32 N×C.

        Args:
            net: a classifier whose base is frozen and in evaluation mode.
            drawn: places in `places.rows`, N.
        """
        number = epoch % self.copies
        size = places.change.size
        kept = self._kept.setdefault(("copy", size, number), {})
        missing = [place for place in dict.fromkeys(drawn.tolist()) if place not in kept]
        if missing:
            seeds = [seed_of(self.seed, size, number, place) for place in missing]
            pixels = [places.copy(p, s) for p, s in zip(missing, seeds, strict=True)]
            self._keep(kept, missing, net, torch.stack(pixels).to(drawn.device))
        return _stacked(kept, drawn)

    def of_frames(self, net: Any, pixels: Tensor, rows: Tensor) -> Tensor:
        """Features of whole frames, uint8 N×S×S×3, the given rows of the arrays: float32 N×C."""
        kept = self._kept.setdefault(("frame", pixels.shape[1], 0), {})
        if any(row not in kept for row in rows.tolist()):
            self._keep(kept, rows.tolist(), net, pixels)
        return _stacked(kept, rows)

    def _keep(self, kept: dict[int, Tensor], keys: list[int], net: Any, pixels: Tensor) -> None:
        with torch.no_grad():
            found = net.features(normalised(pixels))[1].float().mean((2, 3))
        kept.update(zip(keys, found.half().cpu(), strict=True))


def _stacked(kept: dict[int, Tensor], keys: Tensor) -> Tensor:
    # Each to float32 first: autocast of a CPU stacks no float16.
    return torch.stack([kept[key].float() for key in keys.tolist()]).to(keys.device)


def drop(net: Any, share: float) -> None:
    """Have a share of the inputs of a classifier's last layer left out while it learns; by a hook,
    so that weights keep their names."""

    def dropped(layer: nn.Module, inputs: tuple[Tensor]) -> Tensor:
        return F.dropout(inputs[0], share, layer.training)

    if share:
        net.fc.register_forward_pre_hook(dropped)
