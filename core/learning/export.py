"""A person's answers as a table to take home."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.batch.tables import safe_table
from core.learning.records import SKIPPED, Answered, is_right
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
    "note",
)


def answers_csv(answers: Sequence[Answered]) -> bytes:
    """One row a case, times in UTC, confidences 0…1; the last column says what it is for."""
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
            None if a.first == SKIPPED else a.right,
            round(a.seconds, 1),
            a.second,
            a.second_confidence,
            None if a.second is None else is_right(a.second, a.truth),
            a.said.named if a.said else None,
            is_right(a.said.named, a.truth) if a.said else None,
            DISCLAIMER,
        )
        for a in answers
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return safe_table(table).to_csv(index=False).encode("utf-8")
