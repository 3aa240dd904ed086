"""`python -m train intervals`: the interval of the calibration error, from the kept predictions.

Evaluations made before `core.evaluation.metrics.ece_interval` hold a percentile interval for it,
which lies too high. No photo is looked at and nothing else in an evaluation changes.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

from core.evaluation.files import (
    EvaluationError,
    Figures,
    command,
    names,
    read_evaluation,
    read_predictions,
)
from core.evaluation.metrics import ECE_INTERVAL, ece_interval, expected_calibration_error
from core.models.weights import read_card, write_card

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
    card = read_card(folder)
    found: dict[str, Interval] = {}
    written: dict[str, str] = {}
    for name in names(folder):
        figures = read_evaluation(folder, name, diagnoses=False)
        if "ece" not in figures["overall"]:
            continue
        ece = figures["overall"]["ece"]
        if (folder / f"predictions-{name}.parquet").exists():
            found[name] = _interval(folder, name, figures)
            figures["ece_interval"] = ECE_INTERVAL
        elif figures.get("ece_interval") == ECE_INTERVAL:
            found[name] = ece["low"], ece["high"]
        else:
            found[name] = None, None
        ends = dict(zip(("low", "high"), found[name], strict=True))
        ece |= ends
        if "ece" in card.get("metrics", {}).get(name, {}):
            card["metrics"][name]["ece"] |= ends
        written[name] = json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False)
    for name, text in written.items():
        (folder / f"evaluation-{name}.json").write_text(text + "\n", encoding="utf-8")
    if written:
        write_card(folder, card)
    return found


def _interval(folder: Path, name: str, figures: Figures) -> tuple[float, float]:
    table, classes = read_predictions(folder, name), list(figures["classes"])
    if (
        len(table) != figures["images"]
        or not {"dx", *classes} <= set(table.columns)
        or not table["dx"].isin(classes).all()
    ):
        raise _other(folder, name)
    probabilities = table[classes].to_numpy()
    labels = table["dx"].map(classes.index).to_numpy()
    ece = expected_calibration_error(probabilities, labels)
    # The kept probabilities are rounded: one at the edge of a bin may have changed sides.
    if not math.isclose(ece, figures["overall"]["ece"]["value"], abs_tol=2 / len(table)):
        raise _other(folder, name)
    draws = re.search(r"(\d+) draws", figures["intervals"])
    times = int(draws[1]) if draws else 2000
    return ece_interval(probabilities, labels, table["lesion_id"].to_numpy(), times)


def _other(folder: Path, name: str) -> EvaluationError:
    return EvaluationError(
        f"predictions-{name}.parquet in {folder} does not hold the predictions that "
        f"evaluation-{name}.json was made of. Measure the model again: {command(folder, name)}"
    )
