"""How long a training will take and how much disk it needs, measured on a few of its steps.

`python -m train estimate --config FILE` prints it as JSON. Nothing is decoded and nothing written:
the steps run on noise of the right shape, which takes the network as long as photos do.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from core.models.torch_runtime import choose_device
from core.settings import Settings
from core.system.allocator import keep_freed_memory
from core.taxonomy import KEYS
from train.config import Config
from train.data.arrays import (
    CROP,
    TWO_LABELS,
    Arrays,
    Data,
    decode_row,
    frame_size,
    is_decoded,
    open_data,
    wanted_part,
)
from train.data.folders import Folder
from train.finish.finished import comparable
from train.learn.base import PhotoModel
from train.learn.checkpoints import checkpoint_bytes
from train.learn.fit import autocast
from train.run import build_training

STEPS = 3
"""Steps measured at each size, after one that is not."""
SECONDS = 20.0
"""Enough measuring; larger sizes are then reckoned from smaller ones by their pixels."""
DECODED = 24
"""Photos decoded to measure that."""
START_UP = 12.0
"""Seconds to import, to build the network and to write a checkpoint's first bytes."""
FINISH_PASSES = 3
"""How often finishing goes through validation: two sizes are tried, one is measured."""
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
    decoded = is_decoded(part)
    model = build_training(replace(config, limit=0), _noise(part, config))
    parameters = sum(p.numel() for p in model.parameters())
    photo_seconds, photo_bytes = (0.0, 0) if decoded else _decoding(part)
    seconds_per_image, steps = _measure(model, config)

    trained, validated = (
        min(count, config.limit or count)
        for count in (int((part.table["split"] == s).sum()) for s in ("train", "validation"))
    )
    seconds = START_UP + photo_seconds
    for epoch in range(config.epochs):
        seconds += config.epoch_images * seconds_per_image[config.size_at(epoch)]
    last = seconds_per_image[config.validation_size]
    seconds += config.epochs * VALIDATION_COST * validated * last
    measured = FINISH_PASSES * validated * len(config.models)
    if comparable(config):  # the app's similar cases and its novelty warning are fitted on these
        measured += trained + validated
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
    classes = data.classes if isinstance(data, Folder) else KEYS
    if config.two_labels:
        classes = TWO_LABELS
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


def _measure(model: PhotoModel, config: Config) -> tuple[dict[int, float], int]:
    """Seconds a training image at each size, loading and augmenting included."""
    keep_freed_memory()
    torch.set_num_threads(config.threads)
    device = choose_device(Settings.from_environment().device)
    model.to(device)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], config.lr)
    model.log = model.log_dict = lambda *_, **__: None  # type: ignore[assignment,method-assign]
    model.on_train_epoch_start()
    found: dict[int, float] = {}
    steps, began = 0, time.monotonic()
    for size in sorted({stage.size for stage in config.stages}):
        if found and time.monotonic() - began > SECONDS:
            smaller = max(found)
            found[size] = found[smaller] * (size / smaller) ** 2
            continue
        epoch = next(e for e in range(config.epochs) if config.size_at(e) == size)
        times = []
        loader = iter(model.make_loader(epoch))
        for _ in range(STEPS + 1):
            then = time.perf_counter()
            if (batch := next(loader, None)) is None:
                break
            with autocast(device, config.precision):
                loss = model.training_step([part.to(device) for part in batch], 0)
            assert isinstance(loss, torch.Tensor)
            loss.backward()
            optimiser.step()
            optimiser.zero_grad()
            loss.item()  # waits for a GPU
            times.append(time.perf_counter() - then)
            if times[1:] and time.monotonic() - began > SECONDS:
                break
        found[size] = float(np.median(times[1:] or times)) / config.batch
        steps += len(times)
    return found, steps


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
