"""The measurements of two photos, and what may be said of their difference."""

import math
from dataclasses import fields
from typing import TypeGuard

from core.lesion.colour import COLOURS
from core.lesion.measure import Measurements
from core.lesion.measure_words import LABELS

POWERS = {"_px": 1, "_px2": 2}
"""Ends of the names of fields that hold lengths and areas in pixels."""

SHARES = frozenset(colour.key for colour in COLOURS)
"""Fields that hold a share of the lesion without saying so."""

NOTHING = "–"


def table(
    left: Measurements | None,
    right: Measurements | None,
    mm_per_px: tuple[float, float] | None = None,
) -> dict[str, list[str]]:
    """Columns of the table, with one row for each field of `Measurements`.

    Lengths and areas in pixels are never subtracted: pixels of two photos differ in size. With the
    millimetres that a pixel spans on each photo, they are given in millimetres, and subtracted.

    Args:
        left, right: None where no lesion was outlined.
        mm_per_px: of the left and the right photo, both above 0.
    """
    columns: dict[str, list[str]] = {"Measure": [], "Left": [], "Right": [], "Difference": []}
    for field in fields(Measurements):
        name, power = field.name, _power(field.name)
        first, second = (None if m is None else getattr(m, name) for m in (left, right))
        if power and mm_per_px:
            first = first and first * mm_per_px[0] ** power
            second = second and second * mm_per_px[1] ** power
        unit = _unit(name, power, mm_per_px is not None)
        cells = (
            _words(name), _value(first, unit), _value(second, unit),
            _difference(first, second, unit),
        )  # fmt: skip
        for column, cell in zip(columns.values(), cells, strict=True):
            column.append(cell)
    return columns


def _power(name: str) -> int:
    return next((power for end, power in POWERS.items() if name.endswith(end)), 0)


def _words(name: str) -> str:
    bare = name
    for end in (*POWERS, "_share"):
        bare = bare.removesuffix(end)
    return LABELS.get(name, bare.replace("_", " ").capitalize())


def _unit(name: str, power: int, in_mm: bool) -> str:
    if power:
        return ("mm" if in_mm else "px") + ("²" if power == 2 else "")
    if name == "colour_asymmetry":
        return "ΔE"
    return "%" if name.endswith("_share") or name in SHARES else ""


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _value(value: object, unit: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return _number(value, unit)
    if isinstance(value, tuple | list):
        return ", ".join(str(part) for part in value) or "none"
    return str(value)


def _difference(left: object, right: object, unit: str) -> str:
    """Right minus left; whether they agree, for what is no number."""
    if NOTHING in (_value(left, unit), _value(right, unit)):
        return NOTHING
    if not (_is_number(left) and _is_number(right)):
        return "same" if left == right else "differs"
    if unit.startswith("px"):
        return "needs a scale"
    return _number(right - left, unit, "+").replace("-", "−").replace("%", "points")


def _number(value: float, unit: str, sign: str = "") -> str:
    """`sign` as in format strings: "+" for a difference."""
    if isinstance(value, int):
        number = f"{value:{sign}d}"
    elif unit == "%":
        number = f"{100 * value:{sign}.1f}"
    elif unit.startswith("px"):
        number = f"{value:{sign},.0f}"
    else:
        number = f"{value:{sign}.{1 if unit else 2}f}"
    return f"{number} {unit}".strip()
