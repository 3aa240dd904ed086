"""Every choice of a training, with defaults that two CPU cores can bear.

What a field is called, what it does and which values it takes is declared here alone
(`train.fields`): the command line, JSON files and the Training page read it.

No torch here: the Training page and the queue read and write these too.
"""

from dataclasses import dataclass
from typing import ClassVar

from train import shared_fields
from train.choices import (
    ARCHITECTURES,
    AUGMENTATIONS,
    BASE,
    DATA,
    EARLY_BLOCKS,
    FREEZES,
    IMAGES,
    LESIONS,
    LOSSES,
    MASK_LOSSES,
    PRECISIONS,
    SPLITS,
    STARTS,
)
from train.fields import ConfigError, check, named, number, share
from train.stages import Stage

VIEWS = (1, 8)
"""Views of a photo that an evaluation may average: as it is, or all quarter turns, mirrored too."""
LARGEST_SEED = 2**32 - 1
HAM10000 = "ham10000"
"""In `Config.data`."""


@dataclass(frozen=True)
class Config:
    """What all trainings share.

    Raises:
        ConfigError: a value is of the wrong kind, out of its limits or not known, or two do not go
            together.
    """

    kind: ClassVar[str] = ""
    """Its key in `CONFIGS` and in `config.json`."""
    models: ClassVar[tuple[str, ...]] = ()
    """Kinds of the models that a run leaves (`core.models.registry.KINDS`)."""
    masked: ClassVar[bool] = False
    """Whether it sees only photos that have a mask."""
    labelled: ClassVar[bool] = True
    """Whether it learns from labels."""

    data: str = named(
        HAM10000,
        "Data",
        "A folder has one subfolder a class, or images and masks.",
        DATA,
        others="a folder",
        paths=True,
    )
    """`ham10000`, or the path of a folder of photos (see `train.data.folders`)."""
    split: str = named(
        LESIONS, "Split", "How photos are divided into training, validation and test.", SPLITS
    )
    """`lesions`: the data's own split, which no lesion crosses; `images`: drawn by `seed` (see
    `core.ham10000.splits.by_image`)."""
    more: tuple[str, ...] = named(
        (),
        "Further photos",
        "Folders or ZIP archives of other clinics' photos.",
        others="paths",
        paths=True,
    )
    """Paths of further sources (see `train.data.elsewhere`)."""
    more_share: float = number(
        "Share of further photos",
        "How many of the photos drawn are theirs.",
        0.001,
        0.999,
        0.05,
        default=0.3,
    )
    start: str = named(
        "imagenet",
        "Start weights",
        "What the network knows before it sees your photos.",
        STARTS,
        others="a path",
        paths=True,
    )
    """`imagenet`: the file in `LESIONLAB_PRETRAINED`; `torchvision`: downloaded; `shipped`: the
    model that came with LesionLab; `random`; or the path of a model's folder or .safetensors."""
    stages: tuple[Stage, ...] = named(
        (Stage(1, 128),),
        "Epochs and sizes",
        "8x128,2x160: eight epochs at 128 px, then two at 160.",
    )
    epoch_images: int = number(
        "Photos an epoch",
        "How many photos are drawn for one epoch.",
        2,
        10_000_000,
        500,
        default=4000,
    )
    batch: int = number(
        "Batch",
        "Photos a step; smaller needs less memory and is noisier.",
        2,
        4096,
        4,
        default=32,
    )
    lr: float = number(
        "Learning rate",
        "The largest step size; too high diverges, too low crawls.",
        1e-9,
        1.0,
        1e-4,
        default=4e-4,
    )
    """Peak learning rate of AdamW; one linear warm-up, then a cosine to zero."""
    warmup: float = share(
        "Warm-up", "Share of all steps in which the learning rate rises.", 0.1, step=0.05
    )
    weight_decay: float = share(
        "Weight decay", "Pulls weights towards zero, against overfitting.", 0.02, step=0.01
    )
    patience: int = number(
        "Early stopping", "Epochs without improvement before it stops.", 1, 10_000, default=4
    )
    augment: tuple[str, ...] = named(
        tuple(AUGMENTATIONS),
        "Augmentation",
        "Random changes, so that no photo is seen twice the same.",
        AUGMENTATIONS,
    )
    ema: float = number(
        "Averaged weights",
        "Decay of a moving average of the weights, such as 0.99.",
        0.0,
        0.99999,
        0.001,
        default=0.0,
    )
    """Of an exponential moving average, a step; it is then what is scored and kept (0: none)."""
    seed: int = number(
        "Seed",
        "The same seed draws the same photos in the same order.",
        0,
        LARGEST_SEED,
        default=7,
    )
    workers: int = number(
        "Loading processes", "Beside the training itself; 0 saves memory.", 0, 256, default=0
    )
    threads: int = number(
        "Threads", "CPU cores it may use; fewer leave more for the app.", 1, 256, default=2
    )
    precision: str = named(
        "auto", "Precision", "How exactly the network computes while it learns.", PRECISIONS
    )
    limit: int = number(
        "Subset",
        "Only so many photos of each split, drawn across the classes; 0 takes all.",
        0,
        10_000_000,
        500,
        default=0,
    )
    """See `core.ham10000.splits.subset`; for trying things out."""

    def __post_init__(self) -> None:
        check(self)
        if self.epoch_images < self.batch:
            raise ConfigError(
                f"An epoch of {self.epoch_images:,} photos is less than a batch of "
                f"{self.batch:,}: draw at least one batch."
            )
        if self.more and not self.is_ham10000:
            raise ConfigError(
                "Further photos go beside HAM10000's: learn from HAM10000, or leave them out."
            )
        if self.split == IMAGES and (self.start == "shipped" or self.teachers):
            raise ConfigError(
                "LesionLab's models and teacher networks have learned from photos that a random "
                "split of images puts into the test: start from other weights, without a teacher, "
                "or split by lesion."
            )

    @property
    def is_ham10000(self) -> bool:
        """Whether it learns from HAM10000 (perhaps among others), not from a folder."""
        return self.data == HAM10000

    @property
    def two_labels(self) -> bool:
        """Whether it tells benign from malignant, instead of all classes apart."""
        return getattr(self, "labels", "") == "malignancy"

    @property
    def teachers(self) -> tuple[str, ...]:
        """Folders of the models that it learns from; where that is no choice, none."""
        return ()

    @property
    def network(self) -> str:
        """The name of the network that learns, or of the encoder inside."""
        return str(getattr(self, "architecture", "") or getattr(self, "encoder", ""))

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


@dataclass(frozen=True)
class ClassifierConfig(Config):
    """`python -m train classifier`: a class for each photo (default: ResNet-50, seven classes)."""

    kind: ClassVar[str] = "classifier"
    models: ClassVar[tuple[str, ...]] = ("classifier",)

    stages: tuple[Stage, ...] = (Stage(8, 128), Stage(10, 160), Stage(4, 192))
    patience: int = 30
    """More than there are epochs: the learning rate falls to the last one, which gain the most."""
    ema: float = 0.99
    architecture: str = named(
        "resnet50",
        "Network",
        "A name from the list, or tu- and a name of timm.",
        ARCHITECTURES,
        others="tu-NAME of timm",
    )
    """A name of `core.models.architectures.build_classifier`."""
    labels: str = shared_fields.labels()
    loss: str = shared_fields.loss("adjusted", LOSSES)
    freeze: tuple[str, ...] = named(
        EARLY_BLOCKS,
        "Frozen",
        "Parts that keep their start weights.",
        FREEZES,
        others="names of blocks",
    )
    """Blocks kept at their start weights, or `base`: all but the last layer. By default ImageNet's
    edges and colours, which serve skin as well; on a CPU a third of the time is saved. The default
    names blocks of ResNets; other networks freeze nothing by it. Nothing is frozen if the start is
    random."""
    dropout: float = number(
        "Dropout",
        "Share of the last layer's inputs that is left out at random while it learns.",
        0.0,
        0.9,
        0.1,
        default=0.0,
    )
    copies: int = number(
        "Augmented copies",
        "With all but the last layer frozen: of each photo so many augmented copies go through the "
        "network, once. 0: another one each time it is drawn.",
        0,
        100,
        default=4,
    )
    """See `train.learn.frozen`; without `freeze` `base` it changes nothing."""
    crop_share: float = share(
        "Centre crops", "How often a photo's sharper centre crop is drawn.", 0.4
    )
    mix: float = share(
        "Mixed photos",
        "How often the photos of a batch are mixed two by two, and their labels with them.",
        0.0,
    )
    """Share of the batches, see `train.learn.mixing`."""
    sampling_power: float = shared_fields.sampling_power()
    """Images of a class of n are drawn with weight n^-power: 0 as they come, 1 balanced."""
    teachers: tuple[str, ...] = shared_fields.teachers("Trained classifiers", "labels")
    """See `train.learn.distillation`."""
    teacher_weight: float = shared_fields.teacher_weight("labels")
    """Loss = (1 - w)·loss of the labels + w·divergence from the teachers' answers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mix and BASE in self.freeze and self.copies and not self.teachers:
            raise ConfigError(
                "With a frozen base the features of single photos are kept: set the mixed photos "
                "to 0, or the augmented copies."
            )
        if BASE in self.freeze and self.start == "random":
            raise ConfigError(
                "With random start weights the base must learn too: unfreeze it, or start from "
                "weights that have learned something."
            )


@dataclass(frozen=True)
class SegmenterConfig(Config):
    """`python -m train segmenter`: U-Net (default: MobileNetV2 encoder), lesion against skin."""

    kind: ClassVar[str] = "segmenter"
    models: ClassVar[tuple[str, ...]] = ("segmenter",)
    masked: ClassVar[bool] = True
    labelled: ClassVar[bool] = False

    stages: tuple[Stage, ...] = (Stage(4, 128), Stage(3, 160))
    patience: int = 30
    ema: float = 0.99
    encoder: str = shared_fields.encoder()
    """A name of `core.models.networks.build_encoder`."""
    batch: int = 16
    lr: float = 1e-3
    loss: str = shared_fields.loss("bce-dice", MASK_LOSSES)
    dice_weight: float = share("Share of Dice", "In BCE + Dice: 0 is all BCE, 1 all Dice.", 0.5)
    """`bce-dice` = (1 - w)·BCE + w·Dice."""
    teachers: tuple[str, ...] = shared_fields.teachers("Trained U-Nets", "masks")
    teacher_weight: float = shared_fields.teacher_weight("masks")
    """Loss = (1 - w)·loss of the masks + w·cross-entropy with the teachers' probabilities."""


@dataclass(frozen=True)
class HybridConfig(Config):
    """`python -m train hybrid`: one encoder with both heads, diagnosis and mask (default:
    MobileNetV2). Only photos of HAM10000 that have a mask are used."""

    kind: ClassVar[str] = "hybrid"
    models: ClassVar[tuple[str, ...]] = ("classifier", "segmenter")
    masked: ClassVar[bool] = True

    stages: tuple[Stage, ...] = (Stage(3, 128), Stage(3, 160))
    ema: float = 0.99
    encoder: str = shared_fields.encoder()
    batch: int = 16
    lr: float = 6e-4
    labels: str = shared_fields.labels()
    loss: str = shared_fields.loss("adjusted", LOSSES)
    mask_loss: str = named(
        "bce-dice",
        "Loss of the mask",
        "What the training makes small for the outline.",
        MASK_LOSSES,
    )
    mask_weight: float = number(
        "Weight of the mask",
        "How much the mask counts beside the diagnosis.",
        0.0,
        100.0,
        0.5,
        default=1.0,
    )
    """Loss = loss of the diagnosis + w·loss of the mask."""
    sampling_power: float = shared_fields.sampling_power()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.is_ham10000 or self.more:
            raise ConfigError(
                "The hybrid needs photos with both a diagnosis and a mask: HAM10000 alone has them."
            )


CONFIGS: dict[str, type[Config]] = {
    kind.kind: kind for kind in (ClassifierConfig, SegmenterConfig, HybridConfig)
}
