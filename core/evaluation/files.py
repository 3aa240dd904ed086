"""What `python -m train evaluate` writes beside the weights: figures, and single predictions."""

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import pandas as pd

from core.errors import UserError
from core.evaluation.figures import Figure, Leak, Measures, Rule
from core.system import ownership
from core.system.json_files import read_object
from core.system.parquet import read_parquet
from core.system.records import OddValueError, Record
from core.system.run_folder import MODELS
from core.taxonomy import BY_KEY

ELSEWHERE = "elsewhere"
"""The evaluation on photos of other clinics that no training learns from
(`train.data.elsewhere`)."""

COMPARISON = "comparison"
"""In the folder of weights: figures of models whose weights are not there, `RUN/KIND/`."""


class EvaluationError(UserError, ValueError):
    """An evaluation is missing or damaged; the message names the command that makes it again."""


@dataclass(frozen=True, kw_only=True)
class Evaluation(Record):
    """The figures of a model on a split, `evaluation-<name>.json`, as `train.finish.evaluate` makes
    them.

    Attributes:
        intervals: how they were made, in words.
        overall: by the names of `core.evaluation.metrics.NAMES`.
        views: of each photo, whose scores were averaged.
        command: makes it again.
        weights: SHA-256 of those measured.
        data, split_id: what was measured on; of further sources all that were opened, in that
            order, as photos that two of them have count as the first one's.
        photo_px: size of its first photo.
        limit: only so many photos, as a limited training sees them (0: all).
        left_out: sentences on photos that were not measured.
        leak: of a split of images at random.
    """

    split: str
    images: int
    lesions: int
    intervals: str
    overall: dict[str, Figure]
    views: int = 1
    command: str = ""
    weights: str = ""
    data: str = ""
    split_id: str | None = ""
    photo_px: str = ""
    limit: int = 0
    left_out: tuple[str, ...] = ()
    leak: Leak | None = None

    @classmethod
    def of(cls, value: object, place: str = "") -> Self:
        """See `core.system.records.Record`; the class that suits the model's kind."""
        kind: type[Evaluation] = SegmenterEvaluation
        if isinstance(value, dict) and "classes" in value:
            kind = ClassifierEvaluation
        if cls is Evaluation:
            return kind.of(value, place)  # type: ignore[return-value]
        if not issubclass(kind, cls):
            raise OddValueError("it is of another kind of model")
        return super().of(value, place)

    @classmethod
    def read(cls, folder: Path, name: str, diagnoses: bool = True) -> Self:
        """The evaluation of that name (one of `names`) in a model's folder.

        Args:
            diagnoses: refuse a classifier of anything else than diagnoses of `core.taxonomy`.

        Raises:
            EvaluationError: there is none, or it is damaged.
        """
        path = folder / f"evaluation-{name}.json"
        try:
            found = cls.of(read_object(path))
        except FileNotFoundError as error:
            raise _missing(path, folder, name) from error
        except OddValueError as error:
            raise _damaged(path, folder, name, str(error)) from error
        except (OSError, ValueError) as error:
            raise _damaged(path, folder, name, "it is not readable JSON") from error
        classes = found.classes if isinstance(found, ClassifierEvaluation) else {}
        if diagnoses and (unknown := [key for key in classes if key not in BY_KEY]):
            raise EvaluationError(
                f"{folder.name}/{path.name} is of a classifier of other classes than HAM10000's "
                f"seven diagnoses, such as “{unknown[0]}”: this page cannot show it."
            )
        return found

    def write(self, folder: Path, name: str) -> None:
        """Write it into a model's folder, atomically. Raises OSError."""
        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        ownership.write(folder / f"evaluation-{name}.json", text.encode())


@dataclass(frozen=True, kw_only=True)
class ClassFigures(Measures):
    """Of one class: how many photos it has; precision, recall, f1, auc and ap."""

    support: int


@dataclass(frozen=True, kw_only=True)
class Confusion(Record):
    """Counts of photos, a row a true class, a column a class named by the rule (or, in
    `most_probable`, the most probable one)."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    most_probable: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class TwoClasses(Record):
    """A yes-no view: sensitivity and specificity at one half, and at the lowest thresholds of some
    sensitivities."""

    auc: Figure
    at_half: dict[str, float | None]
    operating_points: dict[str, dict[str, float | None]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Group(Measures):
    """People who have something in common: accuracy, melanoma_recall and melanoma_auc, where they
    could be measured."""

    images: int
    lesions: int
    melanomas: int | None = None


@dataclass(frozen=True, kw_only=True)
class ClassifierEvaluation(Evaluation):
    """Of a classifier.

    Attributes:
        classes: the weakest first.
        reliability: columns of `core.evaluation.curves.reliability`, `before_temperature` and
            `after`.
        two_classes: by question: `malignant`, `mel`.
        slices: by what is known of people (age, sex …), then by its value.
        decision: the rule.
        most_probable: like `overall`, of the most probable class instead of the rule's.
        most_probable_classes: precision, recall and f1 of each class likewise.
        ece_interval: how that of the calibration error was made.
    """

    classes: dict[str, ClassFigures]
    confusion: Confusion
    reliability: dict[str, dict[str, tuple[int | float, ...]]]
    two_classes: dict[str, TwoClasses]
    slices: dict[str, dict[str, Group]]
    decision: Rule | None = None
    most_probable: dict[str, Figure] = field(default_factory=dict)
    most_probable_classes: dict[str, ClassFigures] = field(default_factory=dict)
    ece_interval: str = ""


@dataclass(frozen=True, kw_only=True)
class Spread(Record):
    """How a measure of masks spreads over photos; `percentiles` by their number."""

    mean: float
    sd: float | None
    percentiles: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Distribution(Record):
    """The spreads of a mask's measures, and the share of failed masks."""

    dice: Spread
    iou: Spread
    pixel_accuracy: Spread
    failed: float | None = None


@dataclass(frozen=True, kw_only=True)
class SegmenterEvaluation(Evaluation):
    """Of a segmenter; `worst` is the IoU of the worst masks, by the id of their photo."""

    distribution: Distribution
    worst: dict[str, float]


def names(folder: Path) -> list[str]:
    """The evaluations in a model's folder, sorted: `elsewhere`, `test`, `test-8views` …"""
    prefix = "evaluation-"
    return sorted(p.stem.removeprefix(prefix) for p in folder.glob(f"{prefix}*.json"))


def compared(weights: Path) -> list[Path]:
    """The folders of models of which only the figures lie in the folder of weights."""
    return sorted(p.parent for p in (weights / COMPARISON).glob("[!.]*/*/card.json"))


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
        table = read_parquet(path)
    except FileNotFoundError as error:
        raise _missing(path, folder, split) from error
    except (OSError, ValueError) as error:
        raise _damaged(path, folder, split, "it is not a readable Parquet file") from error
    columns = set(table.columns)
    if not ({"lesion_id", "dx", "prediction"} <= columns or {"lesion_id", "iou"} <= columns):
        raise _damaged(path, folder, split, "columns are missing in it")
    return table


def read_training(folder: Path) -> pd.DataFrame:
    """The course of the training, one row an epoch: epoch (from 1, as people count), size (px),
    seconds, train_loss if it was kept, and measures of the validation split as `val_…`, taken at
    `validation_size` (px) or, where a table lacks that column, at `size`.

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
    epochs = pd.to_numeric(table.get("epoch", pd.Series(dtype=float)), errors="coerce")
    if table.empty or epochs.empty or epochs.isna().any():
        raise EvaluationError(f"{folder.name}/{path.name} has no epochs. {remedy}")
    return table.assign(epoch=epochs.astype(int) + 1)


def split_and_views(name: str) -> tuple[str, int]:
    """The split that an evaluation (one of `names`) is of, and how many views it averages."""
    split, views = re.fullmatch(r"(.*?)(?:-(\d+)views)?", name).groups()  # type: ignore[union-attr]
    return split, int(views or 1)


def command(folder: Path, name: str, limit: int = 0) -> str:
    """The command that writes the evaluation of that name (one of `names`) of the model in a
    folder, on only so many photos of the split (0: all)."""
    split, views = split_and_views(name)
    photos = "--more PHOTOS" if split == ELSEWHERE else f"--split {split}"
    option = f" --views {views}" if views > 1 else ""
    option += f" --limit {limit}" if limit else ""
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
    remedy = "With its photos here, make it again"
    if folder.parent.name != MODELS:
        remedy = (
            "Get the file again from the repository or, with the dataset imported, make it again"
        )
    return EvaluationError(
        f"{folder.name}/{path.name} is damaged: {why}. {remedy}: {command(folder, split)}"
    )
