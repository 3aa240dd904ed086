"""Complete trainings to start from, each with a sentence on what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from train.choices import BASE, SMALL_CNN
from train.config import ClassifierConfig, Config, HybridConfig, SegmenterConfig
from train.stages import Stage


@dataclass(frozen=True)
class Preset:
    """A training ready to start: key, title (sentence case), text (plain sentences), choices."""

    key: str
    title: str
    text: str
    config: Config


PRESETS: tuple[Preset, ...] = (
    Preset(
        "demo",
        "Two-minute demo",
        "MobileNetV2 learns seven diagnoses from 800 small photos. It starts from the encoder of "
        "the shipped U-Net, which has seen outlines but no diagnosis, so nothing needs to be "
        "downloaded. On two idle cores it takes about two minutes.",
        ClassifierConfig(
            start="shipped",
            architecture="mobilenet_v2",
            freeze=(),
            stages=(Stage(4, 96),),
            epoch_images=800,
            batch=16,
            lr=1e-3,
            augment=("zoom", "flip"),
            ema=0.0,
            crop_share=0.0,
            threads=1,
            limit=800,
        ),
    ),
    Preset(
        "shipped-classifier",
        "The shipped classifier",
        "ResNet-50 on seven diagnoses, from ImageNet weights, with the choices that the shipped "
        "classifier's card names. About three hours on two idle cores.",
        ClassifierConfig(),
    ),
    Preset(
        "shipped-unet",
        "The shipped U-Net",
        "A U-Net with a MobileNetV2 encoder, from ImageNet weights, with the choices that the "
        "shipped U-Net's card names. About an hour.",
        SegmenterConfig(),
    ),
    Preset(
        "frozen-mobilenet",
        "Frozen MobileNetV2",
        "Transfer learning as most courses begin: all of an ImageNet network stays as it is, only "
        "a new last layer learns.",
        ClassifierConfig(
            architecture="mobilenet_v2",
            freeze=(BASE,),
            stages=(Stage(3, 128),),
            epoch_images=3000,
            lr=3e-3,
            threads=1,
        ),
    ),
    Preset(
        "cnn-augmentation",
        "CNN with augmentation",
        "A small CNN from random weights with every augmentation. Duplicate it without "
        "augmentation, and compare training and validation loss.",
        ClassifierConfig(
            start="random",
            architecture=SMALL_CNN,
            freeze=(),
            loss="weighted",
            stages=(Stage(6, 96),),
            epoch_images=3000,
            lr=2e-3,
            threads=1,
        ),
    ),
    Preset(
        "two-labels",
        "Two labels",
        "ResNet-18 from ImageNet weights, benign against malignant: an easier question, and one "
        "whose two kinds of mistake weigh differently.",
        ClassifierConfig(
            architecture="resnet18",
            labels="malignancy",
            stages=(Stage(3, 128),),
            epoch_images=2000,
            threads=1,
        ),
    ),
    Preset(
        "fuzzy-unet",
        "Fuzzy U-Net",
        "The shipped U-Net's training with a loss in which pixels near the border belong to the "
        "lesion in part, as experts' outlines differ there.",
        SegmenterConfig(loss="fuzzy", stages=(Stage(2, 128),), epoch_images=2000, threads=1),
    ),
    Preset(
        "hybrid",
        "Hybrid",
        "One MobileNetV2 encoder, from ImageNet weights, learns the diagnosis and the outline "
        "together: does either help the other?",
        HybridConfig(stages=(Stage(2, 128),), epoch_images=2500, threads=1),
    ),
)

BY_KEY = {preset.key: preset for preset in PRESETS}
