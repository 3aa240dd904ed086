"""Reading what `python -m train evaluate` wrote beside the weights."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pandas as pd

from core.errors import UserError
from core.system.json_files import is_number, read_object
from core.system.run_folder import MODELS
from core.taxonomy import BY_KEY

Figures = dict[str, Any]

ELSEWHERE = "elsewhere"
"""The evaluation on photos of other clinics that no training learns from
(`train.data.elsewhere`)."""

COMPARISON = "comparison"
"""In the folder of weights: figures of models whose weights are not there, `RUN/KIND/`."""

EVERY = {"split": str, "images": int, "lesions": int, "intervals": str, "overall": dict}
CLASSIFIER = {
    "classes": dict,
    "confusion": dict,
    "reliability": dict,
    "two_classes": dict,
    "slices": dict,
}
SEGMENTER = {"distribution": dict, "worst": dict}
"""What an evaluation must hold, with its type in JSON: every one, and each kind of model."""


class EvaluationError(UserError, ValueError):
    """An evaluation is missing or damaged; the message names the command that makes it anew."""


def names(folder: Path) -> list[str]:
    """The evaluations in a model's folder, sorted: `elsewhere`, `test`, `test-8views` …"""
    prefix = "evaluation-"
    return sorted(p.stem.removeprefix(prefix) for p in folder.glob(f"{prefix}*.json"))


def compared(weights: Path) -> list[Path]:
    """The folders of models of which only the figures lie in the folder of weights."""
    return sorted(p.parent for p in (weights / COMPARISON).glob("*/*/card.json"))


def read_evaluation(folder: Path, split: str, diagnoses: bool = True) -> Figures:
    """The figures of a model on a split (one of `names`), as `train.finish.evaluate` describes
    them.

    Args:
        diagnoses: refuse a classifier of anything else than diagnoses of `core.taxonomy`.

    Raises:
        EvaluationError: there are none, or they are damaged.
    """
    path = folder / f"evaluation-{split}.json"
    try:
        found = read_object(path)
    except FileNotFoundError as error:
        raise _missing(path, folder, split) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, folder, split, "it is no readable JSON") from error
    needed = EVERY | (CLASSIFIER if "classes" in found else SEGMENTER)
    for key, kind in needed.items():
        if not isinstance(found.get(key), kind):
            raise _damaged(path, folder, split, f"“{key}” is missing in it")
    if diagnoses and (unknown := [k for k in found.get("classes", {}) if k not in BY_KEY]):
        raise EvaluationError(
            f"{folder.name}/{path.name} is of a classifier of other classes than HAM10000's seven "
            f"diagnoses, such as “{unknown[0]}”: this page cannot show it."
        )
    for name, figure in found["overall"].items():
        if not isinstance(figure, dict) or not {"value", "low", "high"} <= figure.keys():
            raise _damaged(path, folder, split, f"“{name}” has no interval in it")
        ends = (figure["value"], figure["low"], figure["high"])
        if not all(end is None or is_number(end) for end in ends):
            raise _damaged(path, folder, split, f"“{name}” is no number in it")
    return found


def read_predictions(folder: Path, split: str) -> pd.DataFrame:
    """Every single prediction of a model on a split, one row an image, indexed by image id.

    Columns of a classifier: lesion_id, dx (the truth), prediction (what was named), one column of
    calibrated probabilities for each class, novelty. Of a segmenter: lesion_id, dice, iou,
    pixel_accuracy.

    Raises:
        EvaluationError: there are none, or they are damaged.
    """
    path = folder / f"predictions-{split}.parquet"
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError as error:
        raise _missing(path, folder, split) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, folder, split, "it is no readable Parquet file") from error
    columns = set(table.columns)
    if not ({"lesion_id", "dx", "prediction"} <= columns or {"lesion_id", "iou"} <= columns):
        raise _damaged(path, folder, split, "columns are missing in it")
    return table


def read_training(folder: Path) -> pd.DataFrame:
    """The course of the training, one row an epoch: epoch, size (px), seconds, train_loss, and
    measures of the validation split as `val_…`, taken at `validation_size` (px) or, where a table
    lacks that column, at `size`.

    Raises:
        EvaluationError: there is none, or it is damaged.
    """
    path = folder / "training.csv"
    remedy = f"It comes with the weights: python -m train export {folder.name}"
    try:
        table = pd.read_csv(path)
    except FileNotFoundError as error:
        raise EvaluationError(f"{folder.name}/{path.name} is missing. {remedy}") from error
    except (OSError, ValueError) as error:
        raise EvaluationError(f"{folder.name}/{path.name} cannot be read. {remedy}") from error
    if not {"epoch", "train_loss"} <= set(table.columns) or table.empty:
        raise EvaluationError(f"{folder.name}/{path.name} has no epochs. {remedy}")
    return table


def split_and_views(name: str) -> tuple[str, int]:
    """The split that an evaluation (one of `names`) is of, and how many views it averages."""
    split, views = re.fullmatch(r"(.*?)(?:-(\d+)views)?", name).groups()  # type: ignore[union-attr]
    return split, int(views or 1)


def command(folder: Path, name: str) -> str:
    """The command that writes the evaluation of that name (one of `names`) of the model in a
    folder."""
    split, views = split_and_views(name)
    photos = "--more PHOTOS" if split == ELSEWHERE else f"--split {split}"
    option = f" --views {views}" if views > 1 else ""
    run = folder.parents[1] if folder.parent.name == MODELS else folder.parent
    own = folder.parent.name == MODELS or folder.parent.parent.name == COMPARISON
    named = f" --run-name {shlex.quote(run.name)}" if own else ""
    return f"python -m train evaluate {folder.name} {photos}{option}{named}"


def _missing(path: Path, folder: Path, split: str) -> EvaluationError:
    return EvaluationError(
        f"{folder.name}/{path.name} is missing. With the dataset imported, this makes it: "
        f"{command(folder, split)}"
    )


def _damaged(path: Path, folder: Path, split: str, why: str) -> EvaluationError:
    remedy = "With its photos here, make it anew"
    if folder.parent.name != MODELS:
        remedy = (
            "Get the file again from the repository or, with the dataset imported, make it anew"
        )
    return EvaluationError(
        f"{folder.name}/{path.name} is damaged: {why}. {remedy}: {command(folder, split)}"
    )
