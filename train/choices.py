"""What may be chosen for a training, in words: for the Training page and the command line.

Each dictionary maps the value that `train.config` takes to a title and one line of plain help. No
torch here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Choice:
    """A value's title (two or three words, sentence case) and one plain sentence of help."""

    title: str
    text: str


SMALL_CNN = "small-cnn"
"""The one network that is no encoder of segmentation_models_pytorch
(`core.models.architectures`)."""

TASKS = {
    "classifier": Choice("Classify", "Name what a photo shows, with a probability for each class."),
    "segmenter": Choice("Outline", "Draw the mask: which pixels are lesion, which are skin."),
    "hybrid": Choice("Both at once", "One encoder with two heads, for the diagnosis and the mask."),
}
"""Kinds of training: the keys of `train.config.CONFIGS`."""

LESIONS, IMAGES = "lesions", "images"

SPLITS = {
    LESIONS: Choice(
        "By lesion",
        "Photos known to show one lesion lie on one side: the figures hold for new lesions.",
    ),
    IMAGES: Choice(
        "Images at random",
        "20 % of the images, as most notebooks do: lesions lie on both sides, the figures are too "
        "good, and the model can never be the app's.",
    ),
}
"""What is kept together when photos are divided into training, validation and test."""

LABELS = {
    "diagnoses": Choice("All classes", "Each class of the data, for HAM10000 its seven diagnoses."),
    "malignancy": Choice(
        "Two labels",
        "Benign against malignant; actinic keratosis counts as malignant, as elsewhere here.",
    ),
}

ARCHITECTURES = {
    "resnet50": Choice("ResNet-50", "The shipped classifier: accurate, slow to train on a CPU."),
    "resnet18": Choice("ResNet-18", "ResNet-50's little sister: about half the time."),
    "mobilenet_v2": Choice("MobileNetV2", "Made for phones: small and quick."),
    "efficientnet_lite0": Choice(
        "EfficientNet-Lite0", "Small and strong: five times as fast as ResNet-50 on a CPU."
    ),
    SMALL_CNN: Choice(
        "Small CNN", "Five convolutions, what a first course builds; it has no start weights."
    ),
    "inceptionresnetv2": Choice(
        "Inception-ResNet-V2", "Large (54 million weights): hours on a CPU."
    ),
}
"""Usual classifiers; `tu-NAME` takes any convolutional network of timm, such as
tu-efficientnet_b0."""

ENCODERS = {k: v for k, v in ARCHITECTURES.items() if k != SMALL_CNN}
"""Usual encoders of the U-Net and of the hybrid; any other of segmentation_models_pytorch may be
named as well."""


def network_title(architecture: str) -> str:
    """`mobilenet_v2` is called MobileNetV2; the name itself of one that is not usual."""
    known = ARCHITECTURES.get(architecture)
    return known.title if known else architecture


DATA = {"ham10000": Choice("HAM10000", "The photos of HAM10000, as you imported them.")}
"""What a network learns from, if not from a folder."""

STARTS = {
    "imagenet": Choice("ImageNet, from a file", "Learned on everyday photos; a file you have."),
    "torchvision": Choice("ImageNet, downloaded", "The same by download (10 to 220 MB, once)."),
    "shipped": Choice(
        "LesionLab's",
        "What came with LesionLab: the network inside its classifier, which has learned the "
        "diagnoses of HAM10000, or inside its U-Net, which has learned outlines alone.",
    ),
    "random": Choice("None", "Random weights: everything must be learned from your photos."),
}
"""Start weights; the path of a model's folder or of a .safetensors file may be given as well."""

BASE = "base"
"""In `freeze`: all but the last layer."""

EARLY_BLOCKS = ("conv1", "bn1", "layer1")
"""In `freeze`: where a ResNet sees edges and colours."""

FREEZES: dict[tuple[str, ...], Choice] = {
    (): Choice("None", "All weights learn: slowest, and best where photos are many."),
    EARLY_BLOCKS: Choice(
        "First blocks", "Edges and colours stay as they are (ResNets only); saves a third."
    ),
    (BASE,): Choice("All but the last layer", "Only the last layer learns: quick, less accurate."),
}

LOSSES = {
    "adjusted": Choice(
        "Logit-adjusted", "Cross-entropy that knows how common each class is (Menon 2021)."
    ),
    "cross-entropy": Choice("Cross-entropy", "The usual loss; rare classes count for little."),
    "weighted": Choice("Weighted", "Cross-entropy in which every class weighs the same."),
    "focal": Choice("Focal", "Easy photos count less, hard ones more (Lin 2017)."),
}
"""Losses of a classifier."""

MASK_LOSSES = {
    "bce-dice": Choice("BCE + Dice", "Every pixel, and the overlap of the whole lesion."),
    "bce": Choice("BCE", "Every pixel counts the same: small lesions count for little."),
    "dice": Choice("Dice", "The overlap of the whole lesion, whatever its size (Milletari 2016)."),
    "tversky": Choice(
        "Tversky", "Overlap in which a missed pixel costs more than a false one (Salehi 2017)."
    ),
    "fuzzy": Choice(
        "Fuzzy", "Pixels near the border belong to the lesion in part: fuzzy sets' overlap."
    ),
}
"""Losses of a mask."""

AUGMENTATIONS = {
    "zoom": Choice("Zoom and stretch", "A random part of the photo, a little stretched."),
    "flip": Choice("Flip", "Left and right, up and down."),
    "turn": Choice("Turn and shift", "Any angle, a small shift and shear."),
    "colour": Choice("Colour", "Brightness, contrast, saturation and a little hue."),
    "blur": Choice("Blur", "Scaled down and up again, as a poorer camera would show it."),
    "sharpen": Choice("Sharpen", "Stronger edges, as some cameras draw them."),
    "jpeg": Choice("JPEG", "Artefacts of strong compression."),
    "camera": Choice(
        "Other cameras", "Skin tone, contrast and light as another clinic's photos have them."
    ),
    "cutout": Choice("Cutout", "A patch of the photo covered with skin (diagnoses only)."),
}
"""Random changes to training photos, in the order they are made."""

PRECISIONS = {
    "auto": Choice("Automatic", "The fastest that this machine computes well in."),
    "32-true": Choice("Full", "32 bits: slowest, on every machine."),
    "bf16-mixed": Choice("Mixed, bf16", "Mostly 16 bits with the range of 32; newer processors."),
    "16-mixed": Choice("Mixed, fp16", "Mostly 16 bits, for GPUs without bf16."),
}
"""How exactly the network computes: Lightning's names."""
