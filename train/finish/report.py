"""`python -m train report`: the measured figures as the Markdown tables that the guides show."""

from pathlib import Path

from core.evaluation.files import compared
from core.evaluation.metrics import NAMES
from core.models.cards import Card, Measured
from core.models.weights import WeightsError

CHIEF = ("macro_f1", "balanced_accuracy", "macro_auc", "mean_iou", "mean_dice")
"""Columns of the comparison: keys of `core.evaluation.metrics.NAMES`."""


def table(weights: Path, split: str = "test") -> str:
    """Both shipped models on one split, with 95 % intervals and n, from their cards.

    Args:
        weights: the folder with the models.
        split: `test`, `validation`, or one with the views that were averaged, `test-8views`.

    Raises:
        WeightsError: a card cannot be read, or its model was not evaluated on that split.
    """
    lines = ["| Model | Measure | Value | 95 % interval |", "|---|---|---|---|"]
    for model in ("classifier", "segmenter"):
        card = Card.read(weights / model)
        metrics = _measured(card, split)
        counted = f"{metrics.images:,} images of {metrics.lesions:,} lesions"
        who = f"{card.name}, {counted}"
        for key, name in NAMES.items():
            if key in metrics.figures:
                figure = metrics.figures[key]
                ends = "" if figure.low is None else figure.ends()
                lines.append(f"| {who} | {name} | {figure.number()} | {ends} |")
                who = ""
    return "\n".join(lines)


def comparison(weights: Path, split: str = "test") -> str:
    """The shipped models and those of which only the figures are kept, a line each. Of a run that
    made two models, each has its own.

    Raises:
        WeightsError: a card cannot be read, or its model was not evaluated on that split.
    """
    lines = [
        f"| Model | Classes | {' | '.join(NAMES[key] for key in CHIEF)} | Images |",
        f"|---|---|{'---|' * len(CHIEF)}---|",
    ]
    for model in [weights / "classifier", weights / "segmenter", *compared(weights)]:
        card = Card.read(model)
        metrics = _measured(card, split)
        cells = [metrics.figures[k].number() if k in metrics.figures else "" for k in CHIEF]
        classes = len(card.classes) or ""
        lines.append(f"| {card.title} | {classes} | {' | '.join(cells)} | {metrics.images:,} |")
    return "\n".join(lines)


def _measured(card: Card, split: str) -> Measured:
    if split not in card.metrics:
        raise WeightsError(
            f"{card.name} was not measured on {split}; `python -m train evaluate --help` tells "
            "how that is done."
        )
    return card.metrics[split]
