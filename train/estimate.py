"""How long a training will take and how much disk it needs, measured on a few of its steps.

`python -m train estimate --config FILE` prints it as JSON. Nothing is decoded and nothing written:
the steps run on noise of the right shape, which takes the network as long as photos do.
"""

import math
import time
from dataclasses import dataclass, replace
from typing import Any

import lightning as L
import numpy as np
import pandas as pd

from train.config import Config
from train.data.arrays import (
    CROP,
    Arrays,
    Data,
    classes_of,
    decode_row,
    frame_size,
    is_decoded,
    open_data,
    open_more,
    wanted_part,
)
from train.data.dividing import chosen_rows
from train.finish.finish import photos_to_finish
from train.learn.base import PhotoModel
from train.learn.checkpoints import checkpoint_bytes
from train.learn.classifier import ClassifierTraining
from train.learn.fit import trainer_for
from train.learn.ranks import placement
from train.run import build_training
from train.stages import Stage

STEPS = 3
"""Steps measured at each size, after one that is not."""
SECONDS = 20.0
"""Enough measuring; larger sizes are then estimated from smaller ones by their pixels."""
DECODED = 24
"""Photos decoded to measure that."""
START_UP = 12.0
"""Seconds to import, to build the network and to write a checkpoint's first bytes."""
VALIDATION_COST = 1 / 3
"""A forward pass alone, against a whole step."""


@dataclass(frozen=True)
class Estimate:
    """What a run will cost on this machine, all epochs planned."""

    seconds: float
    """Preparing, training and evaluating."""
    disk_bytes: int
    """What it will add to the disk: the run's folder, and decoded photos if there are none yet."""
    photo_bytes: int
    """How much of that goes where decoded photos are kept, not into the run's folder."""
    images_per_second: float
    """Training throughput at the largest size measured."""
    measured_steps: int


def estimate(config: Config) -> Estimate:
    """Measure a few steps of a training.

    Raises:
        ConfigError, DatasetError, DeviceError, WeightsError: what `train.run.run_training`
            would raise.
    """
    data = open_data(config)
    part = wanted_part(data, config)
    further = [wanted_part(source, config) for source in open_more(config, data)]
    model = build_training(replace(config, limit=0), _noise(part, config))
    parameters = sum(p.numel() for p in model.parameters())
    decoding = [_decoding(photos) for photos in (part, *further) if not is_decoded(photos)]
    photo_seconds, photo_bytes = (sum(costs) for costs in zip((0.0, 0), *decoding, strict=True))
    copies = 0
    if isinstance(model, ClassifierTraining) and model.features is not None:
        copies, model.features = model.features.copies, None  # measured as if nothing were kept
    seconds_per_image, steps = _measure(model, config)

    validated = sum(
        len(chosen_rows(photos.table, "validation", config.limit, config.masked))
        for photos in (part, *further)
    )
    seconds = START_UP + photo_seconds
    for stage in config.stages:
        # With features kept, only the first epochs, one for each copy, cost anything.
        epochs = min(stage.epochs, copies) if copies else stage.epochs
        seconds += epochs * config.epoch_images * seconds_per_image[stage.size]
    last = seconds_per_image[config.validation_size]
    seconds += (1 if copies else config.epochs) * VALIDATION_COST * validated * last
    measured = photos_to_finish(part.table, config)
    if not config.two_labels:  # further sources have diagnoses
        away = sum(len(chosen_rows(s.table, "validation", 0, config.masked)) for s in further)
        measured += away * len(config.models)
    seconds += measured * VALIDATION_COST * last
    checkpoint = checkpoint_bytes(model, config)
    largest = max(stage.size for stage in config.stages)
    return Estimate(
        seconds=round(seconds, 1),
        disk_bytes=2 * checkpoint + 2 * parameters + photo_bytes,
        photo_bytes=photo_bytes,
        images_per_second=round(1 / seconds_per_image[largest], 1),
        measured_steps=steps,
    )


def _noise(data: Data, config: Config) -> Arrays:
    """Arrays like those of the data, with a few rows of noise."""
    count = max(64, 2 * config.batch)
    classes = classes_of(data, config.two_labels)
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "label": np.arange(count) % max(1, len(classes)),
            "crop_row": -1,
            "source": 0,
            "split": ["train"] * (count - 8) + ["validation"] * 8,
            "has_mask": True,
        }
    )
    width, height = frame_size(data)
    return Arrays(
        table,
        random.integers(0, 256, (count, height, width, 3), np.uint8),
        random.integers(0, 256, (count, height, width), np.uint8),
        np.zeros((0, CROP, CROP, 3), np.uint8),
        classes=classes,
    )


class _StepTimes(L.Callback):
    """Seconds of the first steps at each size, loading and augmenting included."""

    def __init__(self) -> None:
        self.began = math.inf
        self.of_size: dict[int, list[float]] = {}
        self._times: list[float] = []
        self._last = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Another size."""
        assert isinstance(pl_module, PhotoModel)
        self.began = min(self.began, time.monotonic())
        self._times = self.of_size[pl_module.config.size_at(trainer.current_epoch)] = []
        self._last = time.perf_counter()

    def on_train_batch_end(
        self, trainer: L.Trainer, _: L.LightningModule, outputs: Any, *others: Any
    ) -> None:
        """Enough, after a while."""
        outputs["loss"].item()  # waits for a GPU
        now = time.perf_counter()
        self._times.append(now - self._last)
        self._last = now
        if len(self._times) > 1 and time.monotonic() - self.began > SECONDS:
            trainer.should_stop = True


def _measure(model: PhotoModel, config: Config) -> tuple[dict[int, float], int]:
    """Seconds a training image at each size, and how many steps that was measured on: the training
    itself, an epoch of a few steps at each size."""
    sizes = sorted({stage.size for stage in config.stages})
    model.config = replace(config, stages=tuple(Stage(1, size) for size in sizes))
    steps = _StepTimes()
    trainer = trainer_for(
        config,
        placement(),
        [steps],
        max_epochs=len(sizes),
        limit_train_batches=STEPS + 1,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )
    trainer.fit(model)
    seconds: dict[int, float] = {}
    for size in sizes:
        if times := steps.of_size.get(size):
            seconds[size] = float(np.median(times[1:] or times)) / config.batch
        else:
            smaller = max(seconds)
            seconds[size] = seconds[smaller] * (size / smaller) ** 2
    return seconds, sum(map(len, steps.of_size.values()))


def _decoding(data: Data) -> tuple[float, int]:
    """Seconds and bytes that decoding the photos will take."""
    table = data.table
    some = table.iloc[:: max(1, len(table) // DECODED)][:DECODED]
    width, height = frame_size(data)
    then = time.perf_counter()
    for image_id, entry in some.iterrows():
        decode_row(data, str(image_id), entry, width, height)
    seconds = (time.perf_counter() - then) / len(some) * len(table)
    return seconds, len(table) * width * height * 4 + int(table["has_crop"].sum()) * CROP * CROP * 3
