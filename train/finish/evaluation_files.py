"""Keeping an evaluation: its figures, every single prediction, and what goes onto the card."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from core.evaluation.files import ELSEWHERE, ClassifierEvaluation, command
from core.models.cards import Card, ElsewhereSummary, Measured
from core.models.decision import Decision
from train.finish.evaluate import Measurement
from train.finish.isic import write_scores


def write_split(folder: Path, measurement: Measurement) -> None:
    """Keep the figures of a split beside the weights, and the overall ones on the card."""
    figures, card = measurement.figures, Card.read(folder)
    views = f"-{figures.views}views" if figures.views > 1 else ""
    name = f"{figures.split}{views}"
    made_by = command(folder, name, figures.limit)
    _write(folder, name, made_by, card, measurement)
    kept = ("data", "photo_px", "split_id", "views", "limit")
    overall = dict(figures.overall)
    if isinstance(figures, ClassifierEvaluation):
        overall |= {f"most_probable_{k}": v for k, v in figures.most_probable.items()}
        if figures.split == ELSEWHERE and "mel" in figures.classes:
            card = replace(card, elsewhere=_elsewhere(figures))
    measured = Measured(
        images=figures.images,
        lesions=figures.lesions,
        command=made_by,
        leak=figures.leak,
        figures=overall,
        others={name: value for name in kept if (value := getattr(figures, name))},
    )
    replace(card, metrics=card.metrics | {name: measured}).write(folder)


def _elsewhere(figures: ClassifierEvaluation) -> ElsewhereSummary:
    """What the app says beside an answer on a photo of another clinic."""
    classes, counts = figures.confusion.classes, np.array(figures.confusion.counts)
    present = [key for key in classes if figures.classes[key].support]
    mel = classes.index("mel")
    others = np.delete(counts, mel, axis=0)  # rows are the truth
    specificity = 1 - float(others[:, mel].sum() / others.sum())
    figures_of_mel = figures.classes["mel"].figures
    return ElsewhereSummary(
        images=figures.images,
        accuracy=round(float(counts.trace() / counts.sum()), 4),
        melanomas=int(counts[mel].sum()),
        melanomas_found=int(counts[mel, mel]),
        others={
            "balanced_accuracy": _rounded(figures.overall["balanced_accuracy"].value),
            "melanoma_specificity": _rounded(specificity),
            "melanoma_auc": _rounded(figures_of_mel["auc"].value),
            "how": "by the rule; of the photos kept for validation (15 % by lesion or patient) of "
            f"{figures.data}; diagnoses there: {', '.join(present)}",
        },
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None or np.isnan(value) else round(value, 4)


def write_elsewhere(kind: str, card: Card, measurement: Measurement, out: Path) -> None:
    """Keep the figures of any other photos in a folder, and a classifier's answers in the format of
    ISIC's challenges, too."""
    out.mkdir(parents=True, exist_ok=True)
    if kind == "classifier":
        write_scores(out, measurement.predictions, Decision.of(card))
    _write(out, kind, f"python -m train evaluate {kind} --images …", card, measurement)


def _write(folder: Path, name: str, made_by: str, card: Card, measurement: Measurement) -> None:
    figures, predictions = measurement
    predictions.to_parquet(folder / f"predictions-{name}.parquet", compression="zstd")
    replace(figures, command=made_by, weights=card.sha256).write(folder, name)
