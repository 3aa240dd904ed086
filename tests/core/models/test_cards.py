"""Cards of other people: what has an odd form is named, and left out of what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.models.cards import FORMS, odd, sound

ROOT = Path(__file__).resolve().parents[3]
CARDS = sorted((ROOT / "weights").rglob("card.json"))
STRANGE: tuple[Any, ...] = (None, [None], {"a": None}, 3, "", True, [1, {"x": []}], float("nan"))


@pytest.mark.parametrize("path", CARDS, ids=lambda p: p.parent.name)
def test_our_own_cards_are_sound(path: Path) -> None:
    card = json.loads(path.read_text(encoding="utf-8"))
    assert odd(card) == ()
    assert sound(card) == card


@pytest.mark.parametrize("part", FORMS)
def test_what_stays_has_its_form(part: str) -> None:
    good = json.loads(CARDS[0].read_text(encoding="utf-8"))
    told = [value for value in STRANGE if part in odd(good | {part: value})]
    assert len(told) >= 5
    for value in told:
        assert part not in sound(good | {part: value})


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("training", {"stages": None}),
        ("training", {"stages": [{"epochs": 3}]}),
        ("training", {"stages": [{"epochs": "3", "size": 96}]}),
        ("licence", ["CC", "BY"]),
        ("limits", "none"),
        ("limits", [None]),
        ("size_choice", {"tried": {"160": "high"}, "by": "x"}),
        ("calibration", {"temperature": "warm"}),
        ("decision", {"exponent": None}),
        ("novelty", {"threshold": float("inf")}),
        ("metrics", {"test": {"images": "many", "lesions": 3}}),
        ("metrics", {"test": {"images": 3, "lesions": 3, "accuracy": 0.5}}),
        ("metrics", {"te\nst": {"images": 3, "lesions": 3}}),
        ("input", {"size": None}),
    ],
)
def test_odd_values_within_a_part(part: str, value: Any) -> None:
    assert odd({part: value}) == (part,)
