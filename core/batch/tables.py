"""The tables of many photos, `predictions.csv` and `rejected.csv`: the same columns from
`python -m core analyse` and from the app."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from core.answer.analyser import Analysis
from core.lesion.measure import Measurements
from core.report.downloads import DISCLAIMER

if TYPE_CHECKING:
    import pandas as pd

MEASURES = tuple(field.name for field in fields(Measurements))
REJECTED_HEADER = ("file", "reason")
FOR_EXCEL = "utf-8-sig"
"""The encoding with the mark by which Excel knows UTF-8."""
_UNSEEN = r"(?:[^\S\t\r\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff])*"
_FORMULA = re.compile(rf"(^|[,;|\t\r\n\"])(?={_UNSEEN}[=+\-@＝＋－＠])|^(?=[\t\r\n])")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


def header(classes: Sequence[str]) -> list[str]:
    """Columns of `predictions.csv`: image, file, a probability for each class, and what follows
    (`core.batch.readme` explains them)."""
    kinds = ("in_domain", "domain", "novelty")
    return ["image", "file", *classes, "prediction", *kinds, *MEASURES, "note"]


def cells(analysis: Analysis) -> list[str]:
    """An analysis as the cells behind `file`; those of measurements are empty if no lesion was
    outlined."""
    measured = asdict(analysis.measurements) if analysis.measurements else {}
    return [
        *(f"{p:.6f}" for p in analysis.probabilities),
        analysis.prediction,
        str(analysis.in_domain).lower(),
        analysis.domain,
        f"{analysis.novelty:.6f}",
        *(_plain(measured.get(name, "")) for name in MEASURES),
        DISCLAIMER,
    ]


def safe(words: str) -> str:
    """Words of a stranger, such as a file name, as a cell that no spreadsheet takes for a formula:
    with an apostrophe before a leading `=`, `+`, `-`, `@` (or its full-width form), tab or line
    break. The same behind a separator or a quotation mark, at which a spreadsheet may begin a new
    cell, and behind spaces and unseen characters, which some leave out (OWASP, "CSV Injection").
    Other words stay as they are, and safe words do too."""
    return _FORMULA.sub(r"\g<0>'", words)


def safe_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose words are `safe`, column names too; numbers, also written ones, stay."""

    def cell(value: object) -> object:
        words = isinstance(value, str) and not _NUMBER.fullmatch(value)
        return safe(str(value)) if words else value

    return table.map(cell).rename(columns=cell)


def sheet(table: pd.DataFrame) -> bytes:
    """A table to take home, as CSV: `safe`, with the mark by which Excel knows UTF-8, and a last
    column that says what it is for."""
    return safe_table(table).assign(note=DISCLAIMER).to_csv(index=False).encode(FOR_EXCEL)


def _plain(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
