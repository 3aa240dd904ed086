"""A training of seconds, for tests of what is around it."""

from __future__ import annotations

from pathlib import Path

import train.learn.fit
from train.config import ClassifierConfig, Config
from train.data.arrays import Arrays, prepare
from train.data.photos import Photos
from train.learn.base import PhotoModel
from train.learn.ranks import placement
from train.progress import Tick, Watch
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


def prepared(config: Config, tick: Tick | None = None) -> Arrays:
    """The arrays of all photos that a configuration names."""
    return prepare(config, Photos.open(config), tick)


def fit(model: PhotoModel, run: Path, watch: Watch | None = None) -> None:
    """As a run's only process does it."""
    train.learn.fit.fit(model, run, watch or Watch(), placement())
