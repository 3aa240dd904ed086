"""The tables of many photos, `predictions.csv` and `rejected.csv`: the same columns from
`python -m core analyse` and from the app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from core.analyser import Analysis
from core.measure import Measurements

MEASURES = tuple(field.name for field in fields(Measurements))
REJECTED_HEADER = ("file", "reason")


def header(classes: Sequence[str]) -> list[str]:
    """Columns of `predictions.csv`: image, a probability for each class, and what follows."""
    return ["image", *classes, "prediction", "in_domain", "novelty", *MEASURES]


def cells(analysis: Analysis) -> list[str]:
    """An analysis as the cells behind `image`; those of measurements are empty if no lesion was
    outlined."""
    measured = analysis.measurements.as_dict() if analysis.measurements else {}
    return [
        *(f"{p:.6f}" for p in analysis.probabilities),
        analysis.prediction,
        str(analysis.in_domain).lower(),
        f"{analysis.novelty:.6f}",
        *(_plain(measured.get(name, "")) for name in MEASURES),
    ]


def safe(words: str) -> str:
    """Words of a stranger, such as a file name, as a cell that no spreadsheet takes for a formula:
    with an apostrophe before a leading `=`, `+`, `-`, `@`, tab or line break (OWASP, "CSV
    Injection")."""
    return f"'{words}" if words.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else words


def _plain(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
