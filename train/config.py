"""Every choice of a training, with the defaults that made the shipped weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

VIEWS = (1, 8)
"""Views of each photo whose scores an evaluation may average: as it is, or turned by quarters and
mirrored."""


class ConfigError(ValueError):
    """A choice that cannot work; the message says which and why."""


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs at one input size (progressive resizing)."""

    epochs: int
    size: int


@dataclass(frozen=True)
class Config:
    """What both trainings share."""

    start: str = "imagenet"
    """`imagenet`: the file in the folder `LESIONLAB_PRETRAINED`; `torchvision`: torchvision's own
    weights, downloaded; `random`; or a path to a .safetensors file."""
    stages: tuple[Stage, ...] = ()
    epoch_images: int = 4000
    """Images drawn for one epoch."""
    batch: int = 32
    lr: float = 4e-4
    """Peak learning rate of AdamW; one linear warm-up, then a cosine to zero."""
    warmup: float = 0.1
    """Share of all steps spent warming up."""
    weight_decay: float = 0.02
    patience: int = 4
    """Early stopping: epochs without a better validation score."""
    ema: float = 0.0
    """Decay per step of an exponential moving average of the weights, which is then what is scored
    and kept (0: none)."""
    seed: int = 7
    workers: int = 0
    """Processes that load data beside the training; 0: in the training's own process."""
    threads: int = 2
    """CPU threads of the training itself."""
    precision: str = "auto"
    """`auto`: bf16-mixed or, on older GPUs, 16-mixed; 32-true on CPUs without bf16 and on MPS; or
    Lightning's own name."""
    limit: int = 0
    """Use only so many images of each split (0: all); for trying things out."""

    def __post_init__(self) -> None:
        if self.batch < 2:
            raise ConfigError("The batch must hold at least 2 images (BatchNorm needs them).")
        if not 0 <= self.ema < 1:
            raise ConfigError("The decay of the moving average lies from 0 to below 1.")
        if self.epoch_images < self.batch:
            raise ConfigError("An epoch must draw at least one batch: raise --epoch-images.")

    @property
    def epochs(self) -> int:
        """Epochs over all stages."""
        return sum(stage.epochs for stage in self.stages)

    def size_at(self, epoch: int) -> int:
        """Input size in epoch 0, 1, …"""
        for stage in self.stages:
            if epoch < stage.epochs:
                return stage.size
            epoch -= stage.epochs
        return self.stages[-1].size

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a card or a JSON file."""
        return asdict(self)


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """`python -m train classifier`: ResNet-50, seven classes."""

    stages: tuple[Stage, ...] = (Stage(4, 128), Stage(6, 160))
    freeze: tuple[str, ...] = ("conv1", "bn1", "layer1")
    """Blocks kept at their start weights: ImageNet's edges and colours serve skin as well, and on
    a CPU a third of the time is saved. Nothing is frozen if the start is random."""
    crop_share: float = 0.4
    """How often an image that has a sharper centre crop is drawn as that crop."""
    sampling_power: float = 0.5
    """Images of a class of n are drawn with weight n^-power: 0 as they come, 1 balanced."""


@dataclass(frozen=True)
class SegmenterConfig(Config):
    """`python -m train segmenter`: U-Net with a MobileNetV2 encoder, lesion against skin."""

    stages: tuple[Stage, ...] = (Stage(2, 128), Stage(1, 160))
    encoder: str = "mobilenet_v2"
    batch: int = 16
    lr: float = 1e-3
    dice_weight: float = 0.5
    """Loss = (1 - w)·BCE + w·Dice."""


Kind = TypeVar("Kind", bound=Config)


def read_config(run: Path, kind: type[Kind]) -> Kind | None:
    """The configuration that a run was started with; None if the folder holds no run. Choices that
    this version no longer knows are left out.

    Raises:
        ConfigError: `config.json` is damaged.
    """
    path = run / "config.json"
    if not path.is_file():
        return None
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        values["stages"] = tuple(Stage(**stage) for stage in values["stages"])
        if "freeze" in values:
            values["freeze"] = tuple(values["freeze"])
        return kind(**{f.name: values[f.name] for f in fields(kind) if f.name in values})
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
