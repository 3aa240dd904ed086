"""Whether a model that was handed on is what it says it is; nothing in it is run."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evaluation.figures import Rule
from core.evaluation.files import (
    ClassifierEvaluation,
    Evaluation,
    EvaluationError,
    names,
    read_predictions,
    read_training,
)
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.decision import Decision
from core.models.reference import FILE as REFERENCE
from core.models.reference import Reference
from core.models.registry import LEAKING
from core.models.weights import WeightsError, check_weights, load_into, without_counters
from core.system.json_files import read_object
from core.taxonomy import KEYS

if TYPE_CHECKING:
    from torch import nn

MOST_HEADER = 16 * 1024**2
"""Of a safetensors file: names and shapes of its tensors. Ours have some 60 KB."""
MOST_CLASSES = 1000
LARGEST_INPUT = 1024
ARCHITECTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
"""Names without : and /, by which timm would fetch a model from elsewhere."""


class PackageError(WeightsError):
    """A package that is refused; the message says why and what to do."""


def check_model_folder(folder: Path) -> str:
    """The kind of the model in a folder of nothing but its files; rewrites its texts. Raises
    PackageError."""
    for name in ("card.json", "model.safetensors"):
        if not (folder / name).is_file():
            raise PackageError(f"A model needs {name}, which is missing. Export it again.")
    try:
        values = _plain_json(folder / "card.json")
        kind = "classifier" if "classes" in values else "segmenter"
        card = Card.of(values)
        _check_card(card, kind)
        card.write(folder)
        check_weights(folder, card.sha256)
        _check_weights_fit(folder, card, kind)
        _check_figures(folder, card, kind)
    except (WeightsError, EvaluationError) as error:
        raise PackageError(str(error)) from error
    return kind


def _check_card(card: Card, kind: str) -> None:
    """What every page relies on."""
    for key in ("name", "sha256"):
        if not 0 < len(getattr(card, key)) <= 200:
            raise PackageError(f"card.json gives no {key}.")
    if not ARCHITECTURE.fullmatch(card.architecture if kind == "classifier" else card.encoder):
        raise PackageError("card.json gives no architecture that LesionLab knows.")
    size = card.input.size
    if not 32 <= size <= LARGEST_INPUT or size % 32:
        raise PackageError(
            f"card.json gives no input size in steps of 32 px, {LARGEST_INPUT} at most."
        )
    if kind == "classifier":
        _check_classes(card.classes)
    if card.leaks:
        raise PackageError(f"A model that leaks is not taken in. {LEAKING}")
    if card.odd:
        raise PackageError(
            f"What card.json says of {', '.join(card.odd)} cannot be read. Export the model again."
        )
    if kind == "classifier":
        if card.calibration is None or tuple(card.calibration.prior) != card.classes:
            raise PackageError("The card's classes are not those that it was calibrated for.")
        if not isinstance(card.decision, Rule | None):
            raise PackageError(
                "What card.json says of decision cannot be read. Export the model again."
            )
        Calibration.of(card), Decision.of(card)


def _check_classes(classes: tuple[str, ...]) -> None:
    if (
        not 2 <= len(classes) <= MOST_CLASSES
        or not all(0 < len(name) <= 80 for name in classes)
        or len(set(classes)) < len(classes)
    ):
        raise PackageError(f"The classes on the card must be 2 to {MOST_CLASSES} different names.")
    if set(classes) == set(KEYS) and classes != KEYS:
        raise PackageError(
            "The card lists the seven diagnoses in another order than LesionLab trains them in, so "
            f"its answers may be mixed up. Expected: {', '.join(KEYS)}."
        )


def _check_weights_fit(folder: Path, card: Card, kind: str) -> None:
    """The tensors are those of the architecture, finite, and give finite answers."""
    import torch

    from core.models.explained import Explained, Outlined
    from core.models.weights import read_safetensors

    shapes = _header(folder / "model.safetensors")
    # Without memory: a card can name a network of any size.
    with torch.device("meta"):
        blank = without_counters(_network(card, kind).state_dict())
    expected, given = {k: tuple(v.shape) for k, v in blank.items()}, without_counters(shapes)
    if wrong := sorted(expected.items() ^ given.items()):
        raise PackageError(
            f"The weights do not fit a {kind} {card.network}"
            + (f" of {len(card.classes)} classes" if kind == "classifier" else "")
            + f": {len({k for k, _ in wrong})} tensors differ, e.g. {wrong[0][0]}."
        )
    state = read_safetensors(folder / "model.safetensors")
    if bad := [k for k, v in state.items() if not v.isfinite().all()]:
        raise PackageError(f"The weights are not finite numbers: {bad[0]}.")
    network = _network(card, kind)
    load_into(network, state, card.name)
    size = card.input.size
    grey = torch.full((1, size, size, 3), 128, dtype=torch.uint8)
    whole: nn.Module = Explained(network) if kind == "classifier" else Outlined(network)  # type: ignore[arg-type]
    with torch.inference_mode():
        answer = whole.eval()(grey)
    parts = answer if isinstance(answer, tuple) else (answer,)
    if not all(part.isfinite().all() for part in parts):
        raise PackageError("The network gives answers that are not finite numbers.")
    if (folder / REFERENCE).is_file():
        if kind == "segmenter":
            raise PackageError(f"{REFERENCE} is not part of a segmenter.")
        _check_reference(folder, card, answer[2].shape[1], answer[3].shape[1])


def _network(card: Card, kind: str) -> nn.Module:
    from core.models.architectures import build_classifier
    from core.models.networks import build_segmenter

    if kind == "classifier":
        return build_classifier(card.architecture, len(card.classes))
    return build_segmenter(card.encoder)


def _header(path: Path) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor, from the file's header alone; it is read only if it is small."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MOST_HEADER, path.stat().st_size - 8):
            raise PackageError("model.safetensors is not a safetensors file, or is cut off.")
        text = file.read(length)
    try:
        header = json.loads(text)
        header.pop("__metadata__", None)
        return {str(k): tuple(int(n) for n in v["shape"]) for k, v in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PackageError("model.safetensors has a damaged header.") from error


def _check_reference(folder: Path, card: Card, embedding: int, texture: int) -> None:
    import numpy as np

    found = Reference.read(folder, card.novelty_threshold)
    if found.cases.basis.shape[1:] != (embedding,) or found.familiar.mean.shape != (texture,):
        raise PackageError(f"{REFERENCE} belongs to another network.")
    familiar, cases = found.familiar, found.cases
    numbers = (familiar.mean, familiar.scale, familiar.basis, familiar.variance, cases.codes)
    if not all(np.isfinite(part).all() for part in (*numbers, cases.basis)):
        raise PackageError(f"{REFERENCE} holds numbers that are not finite.")


def _check_figures(folder: Path, card: Card, kind: str) -> None:
    """Evaluations are of these very weights; their texts become plain."""
    for name in names(folder):
        path = folder / f"evaluation-{name}.json"
        text = json.dumps(_plain_json(path), indent=1, ensure_ascii=False) + "\n"
        path.write_text(text, encoding="utf-8")
        figures = Evaluation.read(folder, name, diagnoses=False)
        table = read_predictions(folder, name)
        fits = figures.weights == card.sha256 and len(table) == figures.images
        if isinstance(figures, ClassifierEvaluation):
            fits &= figures.confusion.classes == card.classes
            fits &= set(card.classes) <= set(table.columns)
        fits &= isinstance(figures, ClassifierEvaluation) == (kind == "classifier")
        if not fits:
            raise PackageError(
                f"The figures of the {name} split do not belong to these weights. Delete "
                f"{path.name} and predictions-{name}.parquet, or export the model again."
            )
    for path in folder.glob("predictions-*.parquet"):
        if not (folder / f"evaluation-{path.stem.removeprefix('predictions-')}.json").is_file():
            raise PackageError(f"{path.name} has no evaluation beside it.")
    if (folder / "training.csv").is_file():
        read_training(folder)


def _plain_json(path: Path) -> Any:
    """A JSON object of finite numbers and harmless texts. Raises PackageError."""
    try:
        return _plain(read_object(path))
    except (OSError, ValueError) as error:
        raise PackageError(f"{path.name} cannot be read: {error}") from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_plain(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("it has a number that is not finite")
    if isinstance(value, str):
        words = value.translate(str.maketrans("[]<>", "()‹›"))
        return "".join(c for c in words if c.isprintable() or c == "\n")
    return value
