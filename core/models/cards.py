"""What a model's card may say, for whoever shows it: cards come from other people too.

A card is a JSON object (`core.models.weights.Card`). Which parts it has differs; each part that is
there has the form below, or is odd.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from core.evaluation.metrics import NAMES
from core.models.weights import Card

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(needed: dict[str, Check] | None = None, **parts: Check) -> Check:
    """An object that has the needed parts; others are free, but those named have a form."""

    def check(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and all(part in value and form(value[part]) for part, form in (needed or {}).items())
            and all(form(value[part]) for part, form in parts.items() if part in value)
        )

    return check


def _values(check: Check) -> Check:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


_NAME = re.compile(r"[\w-]+")  # of an evaluation
_STAGE = _object({"epochs": _count, "size": _count})
_FIGURE = _object({"value": _number, "low": _or_null(_number), "high": _or_null(_number)})
_MEASURED = _object(
    {"images": _count, "lesions": _count}, command=_text, **dict.fromkeys(NAMES, _FIGURE)
)
_RULE = _object(exponent=_number, how=_text, chosen_on=_text)

FORMS: dict[str, Check] = {
    "name": _text,
    "sha256": _text,
    "task": _text,
    "lesionlab": _text,
    "intended_use": _text,
    "limits": _list_of(_text),
    "data": _text,
    "split_id": _or_null(_text),
    "start": _text,
    "licence": _text,
    "input": _object(size=_count, frame=_text),
    "training": _object(stages=_list_of(_STAGE), epochs_trained=_count),
    "size_choice": _object({"by": _text, "tried": _values(_number)}),
    "calibration": _object(temperature=_number, how=_text, fitted_on=_text),
    "decision": lambda value: _text(value) or _RULE(value),
    "novelty": _object(threshold=_number, how=_text, fitted_on=_text),
    "gate": _object(limit=_number, how=_text, fitted_on=_text),
    "elsewhere": _object(
        {"images": _count, "melanomas": _count, "melanomas_found": _count, "accuracy": _number}
    ),
    "metrics": lambda value: _values(_MEASURED)(value) and all(map(_NAME.fullmatch, value)),
}
"""Parts that are shown."""


def odd(card: Card) -> tuple[str, ...]:
    """Names of the parts that are not of their form."""
    return tuple(part for part, form in FORMS.items() if part in card and not form(card[part]))


def sound(card: Card) -> Card:
    """The card without its odd parts."""
    strange = odd(card)
    return {part: value for part, value in card.items() if part not in strange}
