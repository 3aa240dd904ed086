"""A finished run becomes a model's folder: `python -m train export` writes `weights/<model>/` from
it, and `train.finish.finish` the run's own `model/<kind>/`.

Everything that is fitted after training is fitted here, on the validation split alone: input size
in use, calibration, and decision rule; of classifiers of HAM10000's diagnoses also what the app
compares a photo with, and the threshold of the novelty warning.
"""

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from core import __version__
from core.evaluation.metrics import classifier_summary, mask_scores, segmenter_summary
from core.ham10000.dataset import Dataset
from core.ham10000.splits import leak
from core.models.calibration import Calibration
from core.models.cards import Card, Input, SizeChoice, Training, write_model
from core.models.networks import IMAGENET_MEAN, IMAGENET_STD
from core.models.registry import KINDS
from core.models.weights import beyond_half, load_into, read_state
from core.system.records import Record, plain
from core.system.run_folder import MODELS
from core.taxonomy import KEYS, class_name
from train.choices import network_title
from train.config import ClassifierConfig, Config, HybridConfig
from train.data.arrays import TWO_LABELS, Arrays
from train.data.elsewhere import source_name
from train.data.samplers import frame_loader
from train.finish.features import Classify, classifier_of, compute, features_of, part_rows
from train.finish.finished import Finished, sizes_to_try
from train.finish.probabilities import choose_rule, fit_calibration, stated
from train.finish.reference import fit_reference
from train.learn.base import normalised
from train.learn.beginning import Beginning
from train.learn.class_scoring import ClassScoring
from train.learn.segmenter import MaskScoring
from train.learn.start_weights import origin
from train.names import renamed_paths

ROUNDING_PHOTOS = 64
"""Validation photos on which the shipped half-precision weights are held against the trained."""
ROUNDING_LIMIT = 1e-2
"""How far a probability, or a photo's IoU, may be moved by rounding the weights; beyond, they are
kept in fp32."""
Tally = Callable[[int], None]
"""Called with how many photos went through a network since the last call."""


def export_classifier(
    finished: Finished,
    network: torch.nn.Module,
    folder: Path,
    name: str | None = None,
    tally: Tally = lambda photos: None,
) -> Card:
    """Write a classifier's folder; returns the card.

    Args:
        network: the run's classifier (`trained`).
        name: on its card (default: the architecture's and the run's).
        tally: told of the photos that went through.

    Raises:
        WeightsError: a weight is not finite.
    """
    arrays, architecture = finished.arrays, finished.config.network
    classes, rows = arrays.classes, finished.rows("validation")
    prevalence = _remove_prior(network, finished)
    labels = arrays.table["label"].to_numpy()[rows]

    measured_on = f"validation, n = {len(rows):,} images"
    tried: dict[int, tuple[float, Calibration, np.ndarray]] = {}
    for size in sizes_to_try(finished.config):
        logits = _forward(network, frame_loader(arrays, rows, size), tally)
        calibration = fit_calibration(logits, labels, prevalence)
        probabilities = calibration(logits)
        found = classifier_summary(probabilities, labels)
        tried[size] = found["nll"], calibration, probabilities
        t = calibration.temperature
        print(f"{size} px: T {t:.3f}", *(f"{k} {v:.4f}" for k, v in found.items()))
    size = min(tried, key=lambda s: tried[s][0])
    _, calibration, probabilities = tried[size]
    rule = choose_rule(probabilities, labels, prevalence, classes, measured_on)
    print(f"decision: p / prior^{rule.exponent}, weights {rule.weights or 'of 1'}")

    _prepare(folder, finished.run)
    card = replace(
        _origin(finished),
        name=name or name_in_run("classifier", finished.config, finished.run.name),
        task=_task(finished),
        architecture=architecture,
        classes=classes,
        input=_input(size),
        calibration=stated(calibration, classes, measured_on),
        decision=rule,
        size_choice=SizeChoice(
            by="lowest validation negative log-likelihood after calibration",
            tried={str(s): round(nll, 5) for s, (nll, *_) in tried.items()},
        ),
        others={"class_names": {k: class_name(k) for k in classes}},
    )

    def answers(some: np.ndarray) -> np.ndarray:
        return calibration(_forward(network, frame_loader(arrays, some, size), tally))

    return _write(folder, network, card, rows, "a probability", probabilities, answers)


def export_segmenter(
    finished: Finished,
    network: torch.nn.Module,
    folder: Path,
    name: str | None = None,
    tally: Tally = lambda photos: None,
) -> Card:
    """Write a segmenter's folder; see `export_classifier`. Raises WeightsError."""
    config = finished.config
    rows = finished.rows("validation")
    tried: dict[int, tuple[float, np.ndarray]] = {}
    for size in sizes_to_try(finished.config):
        dice, iou = _masks(network, finished.arrays, rows, size, tally)
        found = segmenter_summary(dice, iou)
        tried[size] = found["mean_iou"], iou
        print(f"{size} px:", *(f"{k} {v:.4f}" for k, v in found.items()))
    size = max(tried, key=lambda s: tried[s][0])
    _prepare(folder, finished.run)
    card = replace(
        _origin(finished),
        name=name or name_in_run("segmenter", config, finished.run.name),
        task="outline of the lesion in a dermatoscopic photo",
        architecture="segmentation_models_pytorch.Unet",
        encoder=config.network,
        input=_input(size),
        decision="lesion where the logit, scaled to the photo, is above 0",
        size_choice=SizeChoice(
            by="highest validation mean IoU",
            tried={str(s): round(mean, 5) for s, (mean, _) in tried.items()},
        ),
    )

    def ious(some: np.ndarray) -> np.ndarray:
        return _masks(network, finished.arrays, some, size, tally)[1]

    return _write(folder, network, card, rows, "a photo's IoU", tried[size][1], ious)


def add_reference(
    finished: Finished,
    folder: Path,
    card: Card,
    classify: Classify | None = None,
    keep: bool = False,
) -> Card:
    """Fit what the app compares a photo with to the photos that the run learned from, and write it
    into the classifier's folder; returns the card with what it says of it.

    Args:
        keep: leave the features in the dataset's cache, where `train.finish.features.features_of`
            finds them again; of a run that learned from all photos.
    """
    arrays, config, size = finished.arrays, finished.config, card.input.size
    classify = classify or classifier_of(folder, card)
    rows = reference_rows(arrays.table, config)
    whole = not config.limit and not config.masked and len(rows["crops"]) > 0
    training, crops, validation = (
        features_of(finished.data, part, card, classify)
        if keep and whole and isinstance(finished.data, Dataset)
        else compute(arrays, part, places, size, classify)
        for part, places in rows.items()
    )
    table = arrays.table.iloc[rows["train"]]
    reference, sections = fit_reference(table, training, crops, validation)
    reference.write(folder)
    card = replace(card, **sections)
    card.write(folder)
    return card


def reference_rows(table: pd.DataFrame, config: Config) -> dict[str, np.ndarray]:
    """Rows of the photos that a run's model is fitted to by `add_reference`, by part
    (`train.finish.features.part_rows`)."""
    rows = {
        part: part_rows(table, part, config.limit, config.masked)
        for part in ("train", "crops", "validation")
    }
    if not getattr(config, "crop_share", 0):
        rows["crops"] = rows["crops"][:0]
    return rows


def _write(
    folder: Path,
    network: torch.nn.Module,
    card: Card,
    rows: np.ndarray,
    what: str,
    exactly: np.ndarray,
    measured: Callable[[np.ndarray], np.ndarray],
) -> Card:
    """Write the weights in fp16 or, where that changes the answers, in fp32; the network has those
    written, too. Returns the card, which says so.

    Args:
        rows: of the validation photos; the first are looked at.
        what: is measured.
        exactly: what the network as trained says of the photos of all rows, as numbers in 0…1.
        measured: what it says now of those of some rows.

    Raises:
        WeightsError: a weight is not finite.
    """
    first = rows[:ROUNDING_PHOTOS]
    exact = {k: v.clone() for k, v in network.state_dict().items()}
    card = write_model(folder, exact, card)
    load_into(network, read_state(folder, card.sha256), folder.name)
    moved = float(np.abs(measured(first) - exactly[: len(first)]).max())
    bears = moved <= ROUNDING_LIMIT
    if not bears:
        load_into(network, exact, folder.name)
        card = write_model(folder, exact, card, half=False)
    rounding: dict[str, Any] = {
        "largest_change": round(moved, 6),
        "how": f"largest difference of {what} between the trained weights and the same in fp16; "
        f"above {ROUNDING_LIMIT} they are kept in fp32",
        "kept_in": "fp16" if bears else "fp32",
        "measured_on": f"validation, n = {len(first):,} images",
    }
    if beyond := beyond_half(exact):
        rounding["beyond_fp16"] = beyond  # these tensors are in fp32 in any case
    card = replace(card, rounding=Record(others=rounding))
    card.write(folder)
    return card


def _remove_prior(network: torch.nn.Module, finished: Finished) -> np.ndarray:
    """Take the prior that the loss leaves in the scores out of the last layer's bias, so that the
    calibration is the only place that has one; returns the prevalence in training."""
    config, arrays = finished.config, finished.arrays
    assert isinstance(config, (ClassifierConfig, HybridConfig))
    trained_by = ClassScoring(config, arrays, finished.rows("train"))
    if trained_by.offset.unique().numel() > 1:
        head = network.get_submodule("fc")
        assert isinstance(head, torch.nn.Linear)
        trained_by.free_bias(head)
    return trained_by.prevalence


def _prepare(folder: Path, run: Path) -> None:
    """A folder for new weights, with the run's own table."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(run / "metrics.csv", folder / "training.csv")
    remove_figures(folder)


def remove_figures(folder: Path) -> None:
    """Remove the evaluations beside a model that is about to change."""
    for pattern in ("evaluation-*.json", "predictions-*.parquet"):
        for path in folder.glob(pattern):
            path.unlink()


def _forward(network: torch.nn.Module, loader: Any, tally: Tally) -> np.ndarray:
    """Logits N×K over a loader."""
    logits = []
    with torch.inference_mode():
        for pixels, _ in loader:
            tally(len(pixels))
            logits.append(network(normalised(pixels))[0].float().numpy())
    return np.concatenate(logits)


def _masks(
    network: torch.nn.Module, arrays: Arrays, rows: np.ndarray, size: int, tally: Tally
) -> tuple[np.ndarray, np.ndarray]:
    """Dice and IoU of every mask, enlarged to the cached frame."""
    scores, scoring = [], MaskScoring(arrays)
    with torch.inference_mode():
        for pixels, places in frame_loader(arrays, rows, size):
            tally(len(pixels))
            pairs = scoring.pairs(network(normalised(pixels)), places.numpy())
            scores += [mask_scores(found, truth) for found, truth in pairs]
    dice, iou = np.array(scores).T
    return dice, iou


def _input(size: int) -> Input:
    return Input(
        size=size,
        frame="the whole photo squeezed to a square",
        others={
            "resize": "Pillow bilinear, antialiased",
            "mean": list(IMAGENET_MEAN),
            "std": list(IMAGENET_STD),
        },
    )


def _task(finished: Finished) -> str:
    classes = finished.arrays.classes
    if not finished.config.is_ham10000:
        return f"the {len(classes)} classes of the photos in the folder {finished.data.root.name}"
    if classes == KEYS:
        return "seven diagnoses of HAM10000 from a dermatoscopic photo"
    assert classes == TWO_LABELS
    return "benign or malignant, by the diagnoses of HAM10000, from a dermatoscopic photo"


def _origin(finished: Finished) -> Card:
    """Where the weights come from, and what they may be used for."""
    config = finished.config
    ours = config.is_ham10000
    with (finished.run / "metrics.csv").open() as file:
        epochs = sum(1 for _ in file) - 1
    # A folder's name is enough: the path to it is nobody's business who gets the model.
    named = renamed_paths(config, lambda path: _name_of(Path(path)))
    choices, further = {"kind": config.kind, **asdict(config), **named}, named["more"]
    limits: list[str] = []
    if ours:
        data = "HAM10000 (Tschandl, Rosendahl, Kittler, Scientific Data 5:180161, 2018)"
        licence = (
            "non-commercial with attribution (CC BY-NC 4.0 of the data, and the terms of the start "
            "weights), see weights/LICENSE.md"
        )
        clinics = "two clinics (Vienna, Queensland)"
        if further:
            data += f", and photos of other clinics: {', '.join(further)}"
            licence += f"; and the terms of the photos of {', '.join(further)}"
            clinics += f" and of {', '.join(further)}"
        if config.labelled and finished.arrays.classes == KEYS:
            limits.append(
                "seven diagnoses only: no squamous cell carcinoma, no healthy skin, nothing else"
            )
        limits.append("dermoscopy only: an ordinary phone photo is out of its domain")
        limits.append(f"photos from {clinics}, mostly light skin")
    else:
        data = f"{len(finished.data.table):,} photos of the folder {finished.data.root.name}"
        licence = "the terms of its photos and of its start weights"
        limits += ["photos like those it learned from only", *getattr(finished.data, "notes", ())]
    if found := leak(finished.data.table, finished.data.split):
        limits.append(found.text().rstrip("."))
    began = Beginning.read(finished.run)
    choices |= {"epochs_trained": epochs, "device": began.device}
    return Card(
        lesionlab=__version__,
        data=data,
        split_id=finished.data.split.id,
        start=began.start or origin(config),
        training=Training.of(plain(choices)),
        licence=licence,
        intended_use="teaching how an AI reads dermoscopy; never diagnosis",
        limits=tuple(limits),
        leak=found,
    )


def _name_of(path: Path) -> str:
    """What a folder or a ZIP file is called: of a run's model the run's name."""
    if path.parent.name == MODELS and path.name in KINDS:
        return path.parents[1].name
    return source_name(path)


def name_in_run(kind: str, config: Config, called: str) -> str:
    """What the model of a run that people call so is called."""
    network = f"U-Net ({config.network})" if kind == "segmenter" else network_title(config.network)
    return f"{network}, “{called}”"


def shipped_name(kind: str, config: Config) -> str:
    """What a model is called that becomes one of those in `weights/`."""
    if kind == "segmenter":
        return f"LesionLab U-Net ({config.network})"
    return f"LesionLab {network_title(config.network)}"
