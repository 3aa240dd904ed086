"""`python -m train intervals`: the interval of the calibration error, from the kept predictions.

Evaluations made before `core.evaluation.metrics.ece_interval` hold a percentile interval for it,
which lies too high. No photo is looked at and nothing else in an evaluation changes.
"""

import math
import re
from dataclasses import replace
from pathlib import Path

from core.evaluation.files import (
    ClassifierEvaluation,
    Evaluation,
    EvaluationError,
    command,
    names,
    read_predictions,
)
from core.evaluation.metrics import ECE_INTERVAL, ece_interval, expected_calibration_error
from core.models.cards import Card

Interval = tuple[float | None, float | None]


def renew(folder: Path) -> dict[str, Interval]:
    """Write the interval anew into every evaluation of a classifier and onto its card. An older
    evaluation without predictions beside it loses its interval: the spread cannot be known.

    Args:
        folder: a model's folder.

    Returns:
        the interval by name of the evaluation; empty for a segmenter.

    Raises:
        EvaluationError: a file is damaged, or predictions are not those of the evaluation.
        WeightsError: the card cannot be read.
    """
    card = Card.read(folder)
    intervals: dict[str, Interval] = {}
    renewed: dict[str, Evaluation] = {}
    metrics = dict(card.metrics)
    for name in names(folder):
        figures = Evaluation.read(folder, name, diagnoses=False)
        if not isinstance(figures, ClassifierEvaluation) or "ece" not in figures.overall:
            continue
        ece, how = figures.overall["ece"], figures.ece_interval
        if (folder / f"predictions-{name}.parquet").exists():
            intervals[name], how = _interval(folder, name, figures), ECE_INTERVAL
        elif how == ECE_INTERVAL:
            intervals[name] = ece.low, ece.high
        else:
            intervals[name] = None, None
        low, high = intervals[name]
        overall = figures.overall | {"ece": replace(ece, low=low, high=high)}
        renewed[name] = replace(figures, overall=overall, ece_interval=how)
        if name in metrics and "ece" in metrics[name].figures:
            stated = metrics[name].figures
            stated = stated | {"ece": replace(stated["ece"], low=low, high=high)}
            metrics[name] = replace(metrics[name], figures=stated)
    for name, figures in renewed.items():
        figures.write(folder, name)
    if renewed:
        replace(card, metrics=metrics).write(folder)
    return intervals


def _interval(folder: Path, name: str, figures: ClassifierEvaluation) -> tuple[float, float]:
    table, classes = read_predictions(folder, name), list(figures.classes)
    if (
        len(table) != figures.images
        or not {"dx", *classes} <= set(table.columns)
        or not table["dx"].isin(classes).all()
    ):
        raise _other(folder, name)
    probabilities = table[classes].to_numpy()
    labels = table["dx"].map(classes.index).to_numpy()
    ece, stated = expected_calibration_error(probabilities, labels), figures.overall["ece"].value
    # The kept probabilities are rounded: one at the edge of a bin may have changed sides.
    if not math.isclose(ece, stated or 0.0, abs_tol=2 / len(table)):
        raise _other(folder, name)
    draws = re.search(r"(\d+) draws", figures.intervals)
    times = int(draws[1]) if draws else 2000
    return ece_interval(probabilities, labels, table["lesion_id"].to_numpy(), times)


def _other(folder: Path, name: str) -> EvaluationError:
    return EvaluationError(
        f"predictions-{name}.parquet in {folder} does not hold the predictions that "
        f"evaluation-{name}.json was made of. Measure the model again: {command(folder, name)}"
    )
