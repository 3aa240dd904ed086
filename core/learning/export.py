"""A person's answers as a table to take home."""

import json
from collections.abc import Sequence

import pandas as pd

from core.batch.tables import safe_table
from core.learning.outlines import as_json
from core.learning.records import OUTLINED, SKIPPED, Answered, is_right
from core.report.downloads import DISCLAIMER

COLUMNS = (
    "answered_at",
    "quiz",
    "mode",
    "set",
    "image",
    "truth",
    "answer",
    "confidence",
    "right",
    "seconds",
    "answer_after_ai",
    "confidence_after_ai",
    "right_after_ai",
    "model",
    "model_right",
    "outline",
    "iou_with_expert",
    "dice_with_expert",
    "iou_with_model",
    "dice_with_model",
    "model_iou_with_expert",
    "model_dice_with_expert",
    "note",
)


def answers_csv(answers: Sequence[Answered]) -> bytes:
    """One row a case, times in UTC, confidences, IoU and Dice 0…1; outlines as JSON (corners x, y
    in shares of the photo's width and height), and so painted areas (COCO's run lengths); the last
    column says what it is for."""
    rows = [
        (
            a.at.isoformat(timespec="seconds"),
            a.quiz,
            a.mode,
            a.level,
            a.image,
            a.truth,
            a.first,
            a.confidence,
            None if a.first in (SKIPPED, OUTLINED) else a.right,
            round(a.seconds, 1),
            a.second,
            a.second_confidence,
            None if a.second is None else is_right(a.second, a.truth),
            a.said.named if a.said else None,
            is_right(a.said.named, a.truth) if a.said else None,
            json.dumps(as_json(a.drawn.drawing)) if a.drawn else None,
            *_overlaps(a),
            DISCLAIMER,
        )
        for a in answers
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return safe_table(table).to_csv(index=False).encode("utf-8")


def _overlaps(answered: Answered) -> list[float | None]:
    """IoU and Dice of student and expert, student and model, model and expert."""
    scores = answered.drawn.scores if answered.drawn else None
    if scores is None:
        return [None] * 6
    found: list[float | None] = []
    for pair in (scores.student, scores.with_model, scores.model):
        found += [None, None] if pair is None else [round(pair.iou, 4), round(pair.dice, 4)]
    return found
