"""`python -m train export`: a finished run becomes a model's folder, `weights/<model>/`.

Everything that is fitted after training is fitted here, on the validation split alone: input size
in use, temperature, and the threshold of the novelty warning.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from core.calibration import Calibration
from core.dataset import Dataset
from core.decision import Decision
from core.metrics import (
    balanced_accuracy,
    classifier_summary,
    negative_log_likelihood,
    segmenter_summary,
)
from core.models import IMAGENET_MEAN, IMAGENET_STD, normalise
from core.novelty import NEIGHBOURS, Reference, unit
from core.settings import Settings
from core.taxonomy import DIAGNOSES, KEYS
from core.weights import Card, write_model
from train.classifier import ClassifierTraining
from train.config import (
    ClassifierConfig,
    Config,
    ConfigError,
    Kind,
    SegmenterConfig,
    read_config,
)
from train.data import frame_loader, load_arrays, rows_of
from train.fit import load_best
from train.segmenter import SegmenterTraining

SIZES = (160, 192)
"""Input sizes tried. 224 px was worse on validation for both models (see train/README.md)."""
PER_CLASS = 500
"""At most so many lesions of each diagnosis stand for the training images, which keeps the file at
8 MB; what more of them would change has not been measured."""
FALSE_ALARMS = 0.01
"""Share of validation photos that the novelty warning may flag."""
EXPONENTS = tuple(round(0.1 * step, 1) for step in range(11))
"""Decision rules tried, from the most probable class to equal priors (see `core.decision`)."""


def export_classifier(run: Path, dataset: Dataset) -> Card:
    """Write `weights/classifier/` from a run's best checkpoint; returns the card."""
    config = _config(run, ClassifierConfig)
    arrays = load_arrays(dataset)
    model = ClassifierTraining(replace(config, start="random"), arrays)  # best.ckpt has it all
    load_best(model, run / "best.ckpt")
    net = model.net.eval()
    table = arrays.table
    rows = rows_of(arrays, "validation", config.limit)
    labels = table["label"].to_numpy()[rows]

    tried: dict[int, tuple[float, float, dict[str, float], np.ndarray]] = {}
    logits_of: dict[int, np.ndarray] = {}
    for size in SIZES:
        logits, embeddings = _forward(net, frame_loader(arrays, rows, size))
        logits_of[size] = logits

        def loss(t: float, logits: np.ndarray = logits) -> float:
            return negative_log_likelihood(Calibration(t, model.prevalence)(logits), labels)

        temperature = float(minimize_scalar(loss, bounds=(0.3, 4), method="bounded").x)
        found = classifier_summary(Calibration(temperature, model.prevalence)(logits), labels)
        tried[size] = (found["nll"], temperature, found, embeddings)
        print(f"{size} px: T {temperature:.3f}", *(f"{k} {v:.4f}" for k, v in found.items()))
    size = min(tried, key=lambda s: tried[s][0])
    _, temperature, found, validation = tried[size]

    probabilities = Calibration(temperature, model.prevalence)(logits_of[size])
    rules = {
        e: balanced_accuracy(Decision(e, model.prevalence)(probabilities), labels)
        for e in EXPONENTS
    }
    exponent = max(rules, key=lambda e: rules[e])
    print(f"decision: p / prior^{exponent}, balanced accuracy {rules[exponent]:.4f}")

    training = rows_of(arrays, "train", config.limit)
    training = training[~table["lesion_id"].iloc[training].duplicated().to_numpy()]
    training = training[(table.iloc[training].groupby("dx").cumcount() < PER_CLASS).to_numpy()]
    _, embeddings = _forward(net, frame_loader(arrays, training, size))
    reference = Reference(unit(embeddings), 0.0)
    novelty = np.array([reference.novelty(e) for e in validation])
    threshold = float(np.quantile(novelty, 1 - FALSE_ALARMS))

    folder = Settings.from_environment().weights / "classifier"
    _prepare(folder, run)
    card = write_model(
        folder,
        net.state_dict(),
        {
            "name": "LesionLab ResNet-50",
            "task": "seven diagnoses of HAM10000 from a dermatoscopic photo",
            "architecture": "resnet50",
            "classes": list(KEYS),
            "class_names": {d.key: d.name for d in DIAGNOSES},
            "input": _input(size),
            "calibration": {
                "temperature": temperature,
                "prior": dict(zip(KEYS, model.prevalence.tolist(), strict=True)),
                "how": "softmax(score / temperature + log prior); prior: prevalence in training",
                "fitted_on": f"validation, n = {len(rows)} images",
            },
            "decision": {
                "exponent": exponent,
                "how": "the class with the highest probability / prior^exponent; 0: the most "
                "probable, 1: as if all were equally common",
                "chosen_on": f"validation, n = {len(rows)} images, by balanced accuracy",
                "tried": {str(e): round(v, 5) for e, v in rules.items()},
            },
            "novelty": {
                "threshold": threshold,
                "how": f"mean cosine distance to the {NEIGHBOURS} nearest training embeddings",
                "fitted_on": f"validation, n = {len(rows)} images, {FALSE_ALARMS:.0%} flagged",
                "reference": f"one photo each of {len(training)} training lesions, at most "
                f"{PER_CLASS} of a diagnosis",
            },
            "size_choice": {
                "by": "lowest validation negative log-likelihood after temperature scaling",
                "tried": {str(s): round(nll, 5) for s, (nll, *_) in tried.items()},
            },
            **_origin(config, dataset, run, "resnet50"),
        },
    )
    reference.write(folder / "reference.safetensors")
    return card


def export_segmenter(run: Path, dataset: Dataset) -> Card:
    """Write `weights/segmenter/` from a run's best checkpoint; returns the card."""
    config = _config(run, SegmenterConfig)
    arrays = load_arrays(dataset)
    model = SegmenterTraining(replace(config, start="random"), arrays)  # best.ckpt has it all
    load_best(model, run / "best.ckpt")
    model.eval()
    rows = rows_of(arrays, "validation", config.limit, masked=True)
    tried: dict[int, float] = {}
    for size in SIZES:
        with torch.inference_mode():
            for index, batch in enumerate(frame_loader(arrays, rows, size)):
                model.validation_step(batch, index)
        dice, iou = model.collected()
        found = segmenter_summary(dice, iou)
        tried[size] = found["mean_iou"]
        print(f"{size} px:", *(f"{k} {v:.4f}" for k, v in found.items()))
    size = max(tried, key=lambda s: tried[s])
    folder = Settings.from_environment().weights / "segmenter"
    _prepare(folder, run)
    return write_model(
        folder,
        model.net.state_dict(),
        {
            "name": f"LesionLab U-Net ({config.encoder})",
            "task": "outline of the lesion in a dermatoscopic photo",
            "architecture": "segmentation_models_pytorch.Unet",
            "encoder": config.encoder,
            "input": _input(size),
            "decision": "lesion where the logit, scaled to the photo, is above 0",
            "size_choice": {
                "by": "highest validation mean IoU",
                "tried": {str(s): round(v, 5) for s, v in tried.items()},
            },
            **_origin(config, dataset, run, config.encoder),
        },
    )


EXPORTS = {"classifier": export_classifier, "segmenter": export_segmenter}


def _config(run: Path, kind: type[Kind]) -> Kind:
    config = read_config(run, kind)
    if config is None:
        raise ConfigError(f"{run} holds no run.")
    return config


def _prepare(folder: Path, run: Path) -> None:
    """Figures of earlier weights must not stand beside new ones; the run's own table goes along."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "metrics.csv", folder / "training.csv")
    for pattern in ("evaluation-*.json", "predictions-*.parquet"):
        for path in folder.glob(pattern):
            path.unlink()


def _forward(net: torch.nn.Module, loader: Any) -> tuple[np.ndarray, np.ndarray]:
    """Logits N×K and pooled features N×C over a loader."""
    logits, embeddings = [], []
    with torch.inference_mode():
        for pixels, _ in loader:
            x = normalise(pixels).contiguous(memory_format=torch.channels_last)
            scores, features = net(x)
            logits.append(scores.float().numpy())
            embeddings.append(features.float().mean(dim=(2, 3)).numpy())
    return np.concatenate(logits), np.concatenate(embeddings)


def _input(size: int) -> dict[str, Any]:
    return {
        "size": size,
        "frame": "the whole photo squeezed to a square",
        "resize": "Pillow bilinear, antialiased",
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
    }


def _origin(config: Config, dataset: Dataset, run: Path, architecture: str) -> dict[str, Any]:
    """Where the weights come from, and what they may be used for."""
    from train.start import CREDITS

    with (run / "metrics.csv").open() as file:
        epochs = sum(1 for _ in file) - 1
    return {
        "data": "HAM10000 (Tschandl, Rosendahl, Kittler, Scientific Data 5:180161, 2018)",
        "split_id": dataset.split.id,
        "start": CREDITS.get(architecture, config.start)
        if config.start == "imagenet"
        else config.start,
        "training": {**config.as_dict(), "epochs_trained": epochs},
        "licence": "non-commercial with attribution (CC BY-NC 4.0 of the data, and the terms of "
        "the start weights), see weights/LICENSE.md",
        "intended_use": "teaching how an AI reads dermoscopy; never diagnosis",
        "limits": [
            "seven diagnoses only: no squamous cell carcinoma, no healthy skin, nothing else",
            "dermoscopy only: an ordinary phone photo is out of its domain",
            "photos from two clinics (Vienna, Queensland), mostly light skin",
        ],
    }
