"""Cards, our own and other people's: what is written is read again, what has an odd form is named
and kept, but not used."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.figures import Figure, Rule
from core.evaluation.metrics import NAMES
from core.models.cards import (
    Card,
    ElsewhereSummary,
    Input,
    Int8,
    Measured,
    Novelty,
    Scaling,
    SizeChoice,
    StageDone,
    Training,
)
from core.models.weights import WeightsError
from core.system.records import Record

ROOT = Path(__file__).resolve().parents[3]
CARDS = sorted((ROOT / "weights").rglob("card.json"))
PARTS = tuple(field.name for field in fields(Card) if field.name != "others")
STRANGE: tuple[Any, ...] = (
    3, True, [None], {"a": None}, "", [1, {"x": []}], float("nan"), {"x": {"y": 1}},
)  # fmt: skip


@pytest.mark.parametrize("path", CARDS, ids=lambda p: f"{p.parents[1].name}-{p.parent.name}")
def test_our_own_cards_are_read_whole_and_written_as_they_were(path: Path, tmp_path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    card = Card.read(path.parent)
    assert card.odd == ()
    card.write(tmp_path)
    assert json.loads((tmp_path / "card.json").read_text(encoding="utf-8")) == json.loads(text)
    assert Card.read(tmp_path) == card


@pytest.mark.parametrize("part", PARTS)
def test_what_has_another_form_is_named_and_kept(part: str) -> None:
    good = json.loads(CARDS[0].read_text(encoding="utf-8"))
    odd = [value for value in STRANGE if part in Card.of(good | {part: value}).odd]
    assert len(odd) >= 5
    for value in odd:
        card = Card.of(good | {part: value})
        assert card.odd == (part,)
        assert getattr(card, part) == getattr(Card(), part), "it is not used"
        assert card.as_dict()[part] is value, "and not lost"


words, numbers = st.text(max_size=9), st.floats(allow_nan=False, allow_infinity=False, width=32)
counts = st.integers(0, 10**6)
maybe = numbers | st.none()
figures = st.builds(Figure, value=maybe, low=maybe, high=maybe)
measured = st.builds(
    Measured,
    images=counts,
    lesions=counts,
    command=words,
    figures=st.dictionaries(st.sampled_from(sorted(NAMES)), figures, max_size=3),
)
shares = st.dictionaries(st.sampled_from(["a", "b"]), numbers)
CARD = st.builds(
    Card,
    name=words,
    sha256=words,
    classes=st.lists(words).map(tuple),
    input=st.builds(Input, size=counts, frame=words),
    calibration=st.none() | st.builds(Scaling, temperature=maybe, prior=shares),
    decision=st.none() | words | st.builds(Rule, exponent=maybe, how=words),
    size_choice=st.none() | st.builds(SizeChoice, by=words, tried=shares),
    split_id=words,
    training=st.builds(
        Training,
        stages=st.lists(st.builds(StageDone, epochs=counts, size=counts)).map(tuple),
        epochs_trained=st.none() | counts,
    ),
    novelty=st.none() | st.builds(Novelty, threshold=maybe),
    int8=st.none() | st.builds(Int8, highest=shares, how=words),
    rounding=st.none() | st.builds(Record, others=st.dictionaries(words, numbers)),
    elsewhere=st.none()
    | st.builds(
        ElsewhereSummary, images=counts, accuracy=numbers, melanomas=counts, melanomas_found=counts
    ),
    metrics=st.dictionaries(st.sampled_from(["test", "test-8views"]), measured),
    test_looks=st.lists(words).map(tuple),
    others=st.dictionaries(st.just("note"), words | numbers | st.none()),
)


@given(card=CARD)
def test_what_is_written_is_read_again(card: Card) -> None:
    assert Card.of(json.loads(json.dumps(card.as_dict(), allow_nan=False))) == card


def test_missing_card(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"The model .* has no card\.json.*Get the folder again"):
        Card.read(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"name": ', b"\xff\xfe{}", b"[]", b"null", b'"x"']
)
def test_damaged_card(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(WeightsError, match=f"The card of {tmp_path.name}"):
        Card.read(tmp_path)


def test_card_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    card = Card(name="ü", others={"list": [1]})
    card.write(tmp_path)
    with pytest.raises(TypeError):
        Card(name="x", others={"thing": object()}).write(tmp_path)
    assert Card.read(tmp_path) == card
    assert [path.name for path in tmp_path.iterdir()] == ["card.json"]


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
    assert Card.of({part: value}).odd == (part,)


def test_an_odd_part_gives_way_to_a_new_one() -> None:
    """Which `dataclasses.replace` alone would not do."""
    card = Card.of({"name": "a", "int8": "odd", "more": 1})
    assert card.odd == ("int8",)
    written = card.updated(int8=None, name="b").as_dict()
    assert (written["name"], written["more"], "int8" in written) == ("b", 1, False)
