"""A person's answers as a table to take home."""

import json
from collections.abc import Callable, Sequence

import pandas as pd

from core.batch.tables import sheet
from core.learning.outlines import as_json
from core.learning.records import OUTLINED, SKIPPED, Answered, is_right

COLUMNS: dict[str, Callable[[Answered], object]] = {
    "answered_at": lambda a: a.at.isoformat(timespec="seconds"),
    "quiz": lambda a: a.quiz,
    "mode": lambda a: a.mode,
    "set": lambda a: a.level,
    "image": lambda a: a.image,
    "truth": lambda a: a.truth,
    "answer": lambda a: a.first,
    "confidence": lambda a: a.confidence,
    "right": lambda a: None if a.first in (SKIPPED, OUTLINED) else a.right,
    "seconds": lambda a: round(a.seconds, 1),
    "answer_after_ai": lambda a: a.second,
    "confidence_after_ai": lambda a: a.second_confidence,
    "right_after_ai": lambda a: None if a.second is None else is_right(a.second, a.truth),
    "model": lambda a: a.said.named if a.said else None,
    "model_right": lambda a: is_right(a.said.named, a.truth) if a.said else None,
    "outline": lambda a: json.dumps(as_json(a.drawn.drawing)) if a.drawn else None,
    "iou_with_expert": lambda a: _agreement(a, "student", "iou"),
    "dice_with_expert": lambda a: _agreement(a, "student", "dice"),
    "iou_with_model": lambda a: _agreement(a, "with_model", "iou"),
    "dice_with_model": lambda a: _agreement(a, "with_model", "dice"),
    "model_iou_with_expert": lambda a: _agreement(a, "model", "iou"),
    "model_dice_with_expert": lambda a: _agreement(a, "model", "dice"),
}


def answers_csv(answers: Sequence[Answered]) -> bytes:
    """One row a case, times in UTC, confidences, IoU and Dice 0…1; outlines as JSON (corners x, y
    in shares of the photo's width and height), and so painted areas (COCO's run lengths)."""
    rows = [[cell(a) for cell in COLUMNS.values()] for a in answers]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return sheet(table)


def _agreement(answered: Answered, pair: str, measure: str) -> float | None:
    """IoU or Dice of a pair of `core.learning.outlines.OutlineScores`, where it is known."""
    scores = answered.drawn.scores if answered.drawn else None
    overlap = getattr(scores, pair) if scores else None
    return round(getattr(overlap, measure), 4) if overlap else None
