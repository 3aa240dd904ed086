"""Untrained networks that are prepared in a moment, under cards like those of the shipped ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from core.models.architectures import build_classifier
from core.models.cards import Card, Input, write_model
from core.models.networks import build_segmenter
from core.models.runtime import Model
from core.settings import Settings
from core.taxonomy import KEYS

SIZES = [64, 96]
"""Sides of their inputs, in pixels: of the classifier and of the segmenter."""


def write_small_models(root: Path) -> tuple[Model, Model]:
    """Write a classifier and a segmenter below a folder, as LESIONLAB_WEIGHTS names one."""
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
                ),
            ),
        )
        for name, network, size in zip(names, networks, SIZES, strict=True)
    )
    return first, second
