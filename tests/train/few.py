"""A training of seconds, for tests of what is around it."""

from __future__ import annotations

from pathlib import Path

import train.learn.fit
from train.config import ClassifierConfig
from train.learn.base import PhotoModel
from train.learn.ranks import placement
from train.progress import Watch
from train.stages import Stage

FEW = ClassifierConfig(
    architecture="small-cnn",
    start="random",
    stages=(Stage(1, 32),),
    epoch_images=16,
    batch=8,
    threads=1,
    precision="32-true",
    freeze=(),
)


def fit(model: PhotoModel, run: Path, watch: Watch | None = None) -> None:
    """As a run's only process does it."""
    train.learn.fit.fit(model, run, watch or Watch(), placement())
