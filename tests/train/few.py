"""A training of seconds, for tests of what is around it."""

from __future__ import annotations

from train.config import ClassifierConfig
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
