"""The measurements of two photos, and what may be said of their difference."""

import math
from dataclasses import fields

from core.formatting import signed
from core.lesion.colour import COLOURS
from core.lesion.measure import Measurements
from core.lesion.measure_words import LABELS

SHARES = {colour.key for colour in COLOURS}
"""Fields that hold a share of the lesion; those of the frame end in `_share`."""
NOTHING = "–"


def table(
    left: Measurements | None,
    right: Measurements | None,
    mm_per_px: tuple[float, float] | None = None,
) -> dict[str, list[str]]:
    """Columns of the table, with one row for each field of `Measurements`.

    Lengths in pixels are never subtracted: pixels of two photos differ in size. With the
    millimetres that a pixel spans on each photo, they are given in millimetres, and subtracted.

    Args:
        left, right: None where no lesion was outlined.
        mm_per_px: of the left and the right photo, both above 0.
    """
    columns: dict[str, list[str]] = {"Measure": [], "Left": [], "Right": [], "Difference": []}
    for name in (field.name for field in fields(Measurements)):
        first, second = (None if m is None else getattr(m, name) for m in (left, right))
        unit = _unit(name)
        if unit == "px" and mm_per_px:
            unit = "mm"
            first = first and first * mm_per_px[0]
            second = second and second * mm_per_px[1]
        columns["Measure"].append(LABELS[name])
        columns["Left"].append(_value(first, unit))
        columns["Right"].append(_value(second, unit))
        columns["Difference"].append(_difference(first, second, unit))
    return columns


def _unit(name: str) -> str:
    if name.endswith("_px"):
        return "px"
    if name == "colour_asymmetry":
        return "ΔE"
    return "%" if name in SHARES or name.endswith("_share") else ""


def _value(value: float | None, unit: str) -> str:
    if value is None or math.isnan(value):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{_rounded(value, unit):,.{_digits(value, unit)}f} {unit}".strip()


def _difference(left: float | None, right: float | None, unit: str) -> str:
    """Right minus left, of the figures as they are shown; whether they agree, for what is no
    number."""
    if left is None or right is None or math.isnan(left) or math.isnan(right):
        return NOTHING
    if isinstance(left, bool):
        return "same" if left == right else "differs"
    if unit == "px":
        return "needs a scale"
    apart = signed(_rounded(right, unit) - _rounded(left, unit), _digits(left, unit))
    return f"{apart} {'points' if unit == '%' else unit}".strip()


def _digits(value: float, unit: str) -> int:
    """Behind the point."""
    if isinstance(value, int) or unit == "px":
        return 0
    return 1 if unit else 2


def _rounded(value: float, unit: str) -> float:
    """As it is shown; shares (unit `%`) in percent."""
    return float(f"{100 * value if unit == '%' else value:.{_digits(value, unit)}f}")
