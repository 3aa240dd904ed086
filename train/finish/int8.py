"""`python -m train int8`: which convolutions of the shipped classifier may round to 8 bits, and
what that changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import openvino as ov
import torch
from torch import Tensor, nn
from tqdm import tqdm

from core.answer.analyser import DECODED_PX
from core.evaluation.metrics import classifier_summary
from core.ham10000.dataset import Dataset
from core.imaging.black_frame import network_input
from core.imaging.image import LesionImage
from core.models.calibration import Calibration
from core.models.cards import AgainstF32, Int8
from core.models.decision import Decision
from core.models.openvino_runtime import OpenVINORuntime
from core.models.reference import Reference
from core.models.runtime import Model
from core.models.torch_runtime import load_classifier
from core.models.weights import WeightsError
from core.settings import Settings
from core.taxonomy import KEYS

PHOTOS, BATCH = 150, 10
EXACT = "layer1.0.conv1"
"""A convolution of a ResNet that stays in floats, as do the one before its layers and the
shortcuts: rounded alone, they moved the scores of validation photos most."""
SHORTCUT = "downsample"
VNNI = 23
"""OpenCV's number of AVX512-VNNI, which has no name in Python."""
SMALL_MOVE = 0.05
SMALL_MOVES, CHANGED_NAMES, LOST = 0.99, 0.01, 0.003
"""Bounds on validation: the least share of probabilities that move by less than `SMALL_MOVE`, the
largest of photos that get another name by the rule or another grade of the gate, the largest loss
of balanced accuracy."""


def fit_int8(dataset: Dataset, models: tuple[Model, Model], settings: Settings) -> Int8:
    """The section `int8` of the classifier's card.

    Args:
        dataset: whose training photos show how high the inputs go, and on whose validation photos
            the answers are compared.
        models: the classifier and a segmenter.
        settings: where models are prepared, and with how many threads to run.

    Raises:
        WeightsError: the network has no such convolutions, or the answers move too far.
    """
    card = models[0][1]
    network = load_classifier(models[0])
    names = roundable(network.classifier)
    if not names:
        raise WeightsError(f"{card.network} has no convolutions that int8 was measured with.")
    rows = dataset.table[dataset.table["split"] == "train"]
    seen = rows.sample(min(PHOTOS, len(rows)), random_state=0).index
    size = card.input.size
    highest = highest_inputs(network, network.classifier, names, _batches(dataset, seen, size))
    found = Int8(
        highest=highest,
        how="all convolutions but the first, the first of the first block and the shortcuts",
        fitted_on=f"{len(seen)} training photos",
    )
    compared = _compare(dataset, models, found, settings)
    if problem := too_far(compared):
        raise WeightsError(f"In int8 {problem}. Nothing was changed.")
    return replace(found, against_f32=compared)


def roundable(network: nn.Module) -> list[str]:
    """Names of the convolutions of a ResNet that may round; none of another network."""
    return [
        name
        for name, part in network.named_modules()
        if isinstance(part, nn.Conv2d)
        and "layer" in name
        and not name.endswith(EXACT)
        and SHORTCUT not in name
    ]


def highest_inputs(
    network: nn.Module, within: nn.Module, names: Iterable[str], batches: Iterable[Tensor]
) -> dict[str, float]:
    """The highest value that goes into each of some convolutions, rounded to four digits.

    Args:
        network: is called with the batches.
        within: the part of it that the names are of.
    """
    found: dict[str, float] = {}

    def look(name: str, x: Tensor) -> None:
        found[name] = max(found.get(name, 0.0), float(x.max()))

    hooks = [
        within.get_submodule(name).register_forward_pre_hook(
            lambda _, inputs, name=name: look(name, inputs[0])
        )
        for name in names
    ]
    with torch.inference_mode():
        for batch in batches:
            network(batch)
    for hook in hooks:
        hook.remove()
    return {name: float(f"{value:.4g}") for name, value in found.items()}


def too_far(found: AgainstF32) -> str:
    """What is beyond the bounds above, for people; empty if nothing is."""
    if found.moved_little < SMALL_MOVES:
        return f"only {found.moved_little:.1%} of probabilities move by less than {SMALL_MOVE}"
    if found.named_otherwise >= CHANGED_NAMES:
        return f"{found.named_otherwise:.1%} of photos get another name"
    if found.graded_otherwise >= CHANGED_NAMES:
        return f"{found.graded_otherwise:.1%} of photos get another grade of the gate"
    if (loss := found.balanced_accuracy_f32 - found.balanced_accuracy) >= LOST:
        return f"balanced accuracy falls by {loss:.4f}"
    return ""


def _compare(
    dataset: Dataset, models: tuple[Model, Model], found: Int8, settings: Settings
) -> AgainstF32:
    """The answers to validation photos in int8 against those in floats."""
    (folder, card), segmenter = models
    runtimes = [
        OpenVINORuntime.load(model, segmenter, replace(settings, precision=precision))
        for model, precision in (
            ((folder, card), "f32"),
            ((folder, replace(card, int8=found)), "int8"),
        )
    ]
    photos = dataset.table[dataset.table["split"] == "validation"]
    reference = Reference.read(folder, card.novelty_threshold)
    logits: list[list[np.ndarray]] = [[], []]
    grades: list[list[str]] = [[], []]
    for name in tqdm(photos.index, "Comparing", unit=" photos", disable=None):
        pixels = _pixels(dataset, str(name), card.input.size)[None]
        for number, runtime in enumerate(runtimes):
            scores = runtime.classify(pixels)
            logits[number].append(scores.logits[0])
            novelty = float(reference.familiar.novelty(scores.textures[0]))
            grades[number].append(reference.domain(scores.textures[0], novelty))
    calibration, decision = Calibration.of(card), Decision.of(card)
    exact, rounded = (calibration(np.stack(rows)) for rows in logits)
    moved, labels = np.abs(rounded - exact), photos["dx"].map(KEYS.index).to_numpy()
    before, after = decision(exact), decision(rounded)
    floats, integers = (
        classifier_summary(p, labels, named) for p, named in ((exact, before), (rounded, after))
    )
    figures = {
        "moved_little": (moved < SMALL_MOVE).mean(),
        "largest_move": moved.max(),
        "named_otherwise": (before != after).mean(),
        "graded_otherwise": np.mean([a != b for a, b in zip(*grades, strict=True)]),
        "balanced_accuracy": integers["balanced_accuracy"],
        "balanced_accuracy_f32": floats["balanced_accuracy"],
        "nll": integers["nll"],
        "nll_f32": floats["nll"],
    }
    short: dict[str, Any] = {name: round(float(value), 5) for name, value in figures.items()}
    return AgainstF32(photos=len(photos), cpu=_cpu(), **short)


def _cpu() -> str:
    has = "with" if cv2.checkHardwareSupport(VNNI) else "without"
    return f"{ov.Core().get_property('CPU', 'FULL_DEVICE_NAME').strip()}, {has} VNNI"


def _pixels(dataset: Dataset, name: str, size: int) -> np.ndarray:
    return network_input(LesionImage.from_bytes(dataset.photo(name), name, DECODED_PX).rgb, size)


def _batches(dataset: Dataset, names: Iterable[str], size: int) -> Iterator[Tensor]:
    chosen = [str(name) for name in names]
    for k in tqdm(range(0, len(chosen), BATCH), "Ranges", disable=None):
        pixels = [_pixels(dataset, name, size) for name in chosen[k : k + BATCH]]
        yield torch.from_numpy(np.stack(pixels))
