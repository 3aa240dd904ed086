"""Untrained networks that are prepared in a moment, under cards like those of the shipped ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.models.architectures import SMALL_CNN_WIDTHS, build_classifier
from core.models.cards import Card, Input, write_model
from core.models.neighbours import KnownCases
from core.models.networks import build_segmenter
from core.models.novelty import FeatureGaussian
from core.models.reference import Reference
from core.models.runtime import Model
from core.settings import Settings
from core.taxonomy import KEYS

SIZES = [64, 96]
"""Sides of their inputs, in pixels: of the classifier and of the segmenter."""


def write_small_models(root: Path) -> tuple[Model, Model]:
    """Write a classifier, to which every photo is familiar, and a segmenter below a folder, as
    LESIONLAB_WEIGHTS names one."""
    weights = Settings.from_environment().weights
    names = "classifier", "segmenter"
    networks = build_classifier("small-cnn", len(KEYS)), build_segmenter("mobilenet_v2")
    first, second = (
        (
            root / name,
            write_model(
                root / name,
                network.state_dict(),
                replace(
                    Card.read(weights / name),
                    architecture="small-cnn",
                    encoder="mobilenet_v2",
                    input=Input(size=size),
                    int8=None,
                ),
            ),
        )
        for name, network, size in zip(names, networks, SIZES, strict=True)
    )
    _write_reference(root / names[0])
    return first, second


def _write_reference(folder: Path) -> None:
    """Made-up training photos that are far from each other, so that none is far from them."""
    middle, last = SMALL_CNN_WIDTHS[-2:]
    count, random = 32, np.random.default_rng(0)
    familiar = FeatureGaussian.fit(1e3 * random.normal(size=(count, middle)), 4)
    cases = KnownCases.fit(
        random.normal(size=(count, last)),
        [f"ISIC_{number:07d}" for number in range(count)],
        [f"HAM_{number:07d}" for number in range(count)],
        [KEYS[number % len(KEYS)] for number in range(count)],
        8,
    )
    Reference(familiar, 1.0, cases).write(folder)
