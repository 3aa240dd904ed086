"""Every choice of a training, with the defaults that made the shipped weights.

No torch here: the Training page and the queue read and write these too.
"""

from __future__ import annotations

import json
import math
import os
import sys
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from core.run_folder import claim_run
from train.choices import (
    AUGMENTATIONS,
    BASE,
    EARLY_BLOCKS,
    LABELS,
    LOSSES,
    MASK_LOSSES,
    Choice,
)

VIEWS = (1, 8)
"""Views of each photo whose scores an evaluation may average: as it is, or turned by quarters and
mirrored."""

CONFIG_FILE = "config.json"


class ConfigError(ValueError):
    """A choice that cannot work; the message says which and why."""


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs at one input size (progressive resizing)."""

    epochs: int
    size: int


@dataclass(frozen=True)
class Config:
    """What all trainings share."""

    kind: ClassVar[str] = ""
    """Its key in `CONFIGS` and in `config.json`."""

    data: str = "ham10000"
    """`ham10000`, or the path of a folder of photos (see `train.folders`)."""
    more: tuple[str, ...] = ()
    """Paths of further sources, folders or ZIP archives (see `train.elsewhere`)."""
    more_share: float = 0.3
    """Share of the draws that comes from further sources, if there are any."""
    start: str = "imagenet"
    """`imagenet`: the file in the folder `LESIONLAB_PRETRAINED`; `torchvision`: downloaded;
    `shipped`: the model that came with LesionLab; `random`; or a path, of a model's folder or of a
    .safetensors file."""
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
    augment: tuple[str, ...] = tuple(AUGMENTATIONS)
    """Random changes made to each training photo: names of `train.choices.AUGMENTATIONS`."""
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
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise ConfigError("The learning rate must be above 0.")
        if any(s.epochs < 1 or s.size < 32 or s.size % 32 for s in self.stages):
            raise ConfigError("Each stage needs at least one epoch, and a size in multiples of 32.")
        if not 0 <= self.warmup <= 1:
            raise ConfigError("The share of warming up lies from 0 to 1.")
        if min(self.patience, self.threads) < 1 or min(self.limit, self.workers) < 0:
            raise ConfigError("Patience and threads start at 1, limit and workers at 0.")
        if not 0 < self.more_share < 1:
            raise ConfigError("The share of further sources lies between 0 and 1.")
        if self.more and self.data != "ham10000":
            raise ConfigError("Further sources go with HAM10000's diagnoses: leave out --data.")
        for name in self.augment:
            _check("augmentation", name, AUGMENTATIONS)

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

    @property
    def validation_size(self) -> int:
        """Input size at which every epoch is validated: the last stage's. The size alone changes
        the scores, often by more than an epoch does, so epochs are compared at one size only."""
        return self.stages[-1].size

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for a card or a JSON file."""
        return asdict(self)


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """`python -m train classifier`: a class for each photo (default: ResNet-50, seven classes)."""

    kind: ClassVar[str] = "classifier"

    stages: tuple[Stage, ...] = (Stage(8, 128), Stage(10, 160), Stage(4, 192))
    patience: int = 30
    """More than there are epochs: the learning rate falls to the last one, which gain the most."""
    ema: float = 0.99
    architecture: str = "resnet50"
    """A name of `core.backbones.build_classifier`."""
    labels: str = "diagnoses"
    """What is told apart: a name of `train.choices.LABELS`."""
    loss: str = "adjusted"
    """A name of `train.choices.LOSSES`."""
    freeze: tuple[str, ...] = EARLY_BLOCKS
    """Blocks kept at their start weights, or `base`: all but the last layer. By default ImageNet's
    edges and colours, which serve skin as well; on a CPU a third of the time is saved. The default
    names blocks of ResNets; other networks freeze nothing by it. Nothing is frozen if the start is
    random."""
    crop_share: float = 0.4
    """How often an image that has a sharper centre crop is drawn as that crop."""
    sampling_power: float = 0.5
    """Images of a class of n are drawn with weight n^-power: 0 as they come, 1 balanced."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("loss", self.loss, LOSSES)
        _check("labels", self.labels, LABELS)
        if BASE in self.freeze and self.start == "random":
            raise ConfigError(
                "With random start weights the base must learn too: unfreeze it, or start from "
                "weights that have learned something."
            )


@dataclass(frozen=True)
class SegmenterConfig(Config):
    """`python -m train segmenter`: U-Net (default: MobileNetV2 encoder), lesion against skin."""

    kind: ClassVar[str] = "segmenter"

    stages: tuple[Stage, ...] = (Stage(4, 128), Stage(3, 160))
    patience: int = 30
    ema: float = 0.99
    encoder: str = "mobilenet_v2"
    """A name of `core.backbones.build_encoder`."""
    batch: int = 16
    lr: float = 1e-3
    loss: str = "bce-dice"
    """A name of `train.choices.MASK_LOSSES`."""
    dice_weight: float = 0.5
    """`bce-dice` = (1 - w)·BCE + w·Dice."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("loss", self.loss, MASK_LOSSES)


@dataclass(frozen=True)
class HybridConfig(Config):
    """`python -m train hybrid`: one encoder with both heads, diagnosis and mask (default:
    MobileNetV2). Only photos of HAM10000 that have a mask are used."""

    kind: ClassVar[str] = "hybrid"

    stages: tuple[Stage, ...] = (Stage(3, 128), Stage(3, 160))
    ema: float = 0.99
    encoder: str = "mobilenet_v2"
    """A name of `core.backbones.build_encoder`."""
    batch: int = 16
    lr: float = 6e-4
    labels: str = "diagnoses"
    """What is told apart: a name of `train.choices.LABELS`."""
    loss: str = "adjusted"
    """A name of `train.choices.LOSSES`, for the diagnosis."""
    mask_loss: str = "bce-dice"
    """A name of `train.choices.MASK_LOSSES`, for the mask."""
    mask_weight: float = 1.0
    """Loss = loss of the diagnosis + w·loss of the mask."""
    sampling_power: float = 0.5
    """Images of a class of n are drawn with weight n^-power: 0 as they come, 1 balanced."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("loss", self.loss, LOSSES)
        _check("labels", self.labels, LABELS)
        _check("loss", self.mask_loss, MASK_LOSSES)
        if self.data != "ham10000" or self.more:
            raise ConfigError(
                "The hybrid needs photos with both a diagnosis and a mask: HAM10000 alone has them."
            )


CONFIGS: dict[str, type[Config]] = {
    kind.kind: kind for kind in (ClassifierConfig, SegmenterConfig, HybridConfig)
}

Kind = TypeVar("Kind", bound=Config)


def config_of(values: dict[str, Any]) -> Config:
    """The configuration in plain data, as `write_run_config` writes it. Choices that this version
    no longer knows are left out; those not given take their default.

    Raises:
        ConfigError: a value cannot be used, or `kind` is none of `CONFIGS`.
    """
    kind = values.get("kind") or ("segmenter" if "encoder" in values else "classifier")
    if kind not in CONFIGS:
        raise ConfigError(f"There is no training {kind}; choose from {', '.join(CONFIGS)}.")
    return _typed(values, CONFIGS[kind])


def write_run_config(run: Path, config: Config) -> None:
    """Write the run's `config.json`, atomically.

    Raises:
        ForeignFolderError: the folder holds something that LesionLab did not put there.
    """
    claim_run(run)
    temporary = run / f"{CONFIG_FILE}.part"
    values = {"kind": config.kind, **config.as_dict()}
    temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    os.replace(temporary, run / CONFIG_FILE)


def read_run_config(run: Path) -> Config | None:
    """The configuration of a run of whatever kind; None if the folder holds no run.

    Raises:
        ConfigError: `config.json` is damaged.
    """
    values = _read(run)
    return None if values is None else _named(run, config_of, values)


def may_be_run(folder: Path) -> bool:
    """Whether the folder's `config.json` holds choices of a training, of any version."""
    try:
        values = _read(folder) or {}
        config_of(values)
    except ConfigError:
        return False
    return any(field.name in values for kind in CONFIGS.values() for field in fields(kind))


def read_config(run: Path, kind: type[Kind]) -> Kind | None:
    """The configuration of a run of one kind; None if the folder holds no run.

    Raises:
        ConfigError: `config.json` is damaged, or that of a run of another kind.
    """
    values = _read(run)
    if values is None:
        return None
    if values.get("kind", kind.kind) != kind.kind:
        raise ConfigError(f"{run} holds a run of another kind: {values['kind']}.")
    return _named(run, lambda v: _typed(v, kind), values)


def _read(run: Path) -> dict[str, Any] | None:
    path = run / CONFIG_FILE
    return _values(path) if path.is_file() else None


def _values(path: Path) -> dict[str, Any]:
    """The JSON object in a file; `-` is stdin."""
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        values = json.loads(text)
        if not isinstance(values, dict):
            raise ValueError("it is no JSON object.")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    return values


def config_in(path: Path) -> Config:
    """The configuration of any kind in a JSON file; `-` is stdin. Raises ConfigError."""
    return config_of(_values(path))


def _named(run: Path, read: Any, values: dict[str, Any]) -> Any:
    try:
        return read(values)
    except ConfigError as error:
        raise ConfigError(f"{run / CONFIG_FILE} cannot be read: {error}") from error


def _typed(values: dict[str, Any], kind: type[Kind]) -> Kind:
    """Plain data as the dataclass has it."""
    defaults = kind()
    try:
        typed: dict[str, Any] = {}
        for field in fields(kind):
            if field.name in values:
                value = values[field.name]
                if field.name == "stages":
                    value = tuple(Stage(int(s["epochs"]), int(s["size"])) for s in value)
                    if not value:
                        raise ConfigError("A training needs at least one stage.")
                elif isinstance(getattr(defaults, field.name), tuple):
                    value = tuple(str(v) for v in value)
                else:
                    value = type(getattr(defaults, field.name))(value)
                typed[field.name] = value
        return kind(**typed)
    except ConfigError:
        raise
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigError(f"a choice is not of the right kind ({error})") from error


def _check(what: str, name: str, known: dict[str, Choice]) -> None:
    if name not in known:
        raise ConfigError(f"There is no {what} {name}; choose from {', '.join(known)}.")
