"""The About page: the cards of the models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.pages.conftest import read, start, texts

ROOT = Path(__file__).resolve().parents[2]
CARDS = [
    json.loads((ROOT / f"weights/{model}/card.json").read_text(encoding="utf-8"))
    for model in ("classifier", "segmenter")
]


def test_about_shows_both_cards_with_n_and_command():
    app = start("about")
    for needed in (
        "Measured on the test split",
        "mean of 8 turned and mirrored views",
        "python -m train evaluate",
        "never diagnos",
    ):
        assert needed in texts(app)
    titles = [read(s.value) for s in app.header]
    assert titles == [*(card["name"] for card in CARDS), "The 7 diagnoses", "Sources"]


def test_the_classifier_is_called_what_its_card_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    card = {**CARDS[0], "architecture": "mobilenet_v2"}
    (tmp_path / "classifier").mkdir()
    (tmp_path / "classifier" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    assert "a network (MobileNetV2) weighs" in texts(start("about"))


def test_every_part_of_a_model_card_is_there_for_both():
    app = start("about")
    words, written = texts(app), [m.value for m in app.markdown]
    for part in ("Intended use", "Limits", "Data and split", "Training", "Licence"):
        assert sum(f"**{part}**" in words for words in written) == len(CARDS)
    for card in CARDS:
        for said in (card["sha256"], card["split_id"], card["start"], *card["limits"]):
            assert said[1:] in words
    assert "darker skin" in words
    assert "10.1038/sdata.2018.161" in words


def test_a_card_with_little_on_it_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "classifier").mkdir()
    (tmp_path / "classifier/card.json").write_text('{"name": "Bare", "sha256": "00"}')
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    app = start("about")
    assert app.header[0].value == "Bare"
    assert "not stated" in texts(app)
    shutil.rmtree(tmp_path / "classifier")
    assert "Get the repository again" in start("about").error[0].value


def test_the_test_split_stands_openly_before_all_others() -> None:
    app = start("about")
    named = [m.value for m in app.markdown if m.value.startswith("**Measured on")]
    folded = [m.value for e in app.expander for m in e.markdown if m.value in named]
    assert {words.split(",")[0] for words in named if words not in folded} == {
        "**Measured on the test split**"
    }
    assert folded


def test_an_exponent_that_a_card_does_not_state_is_not_made_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "classifier").mkdir()
    card = {"name": "Bare", "sha256": "00", "decision": {"how": "by the rule"}}
    (tmp_path / "classifier/card.json").write_text(json.dumps(card))
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    assert "whose exponent is not stated" in texts(start("about"))


def test_odd_values_on_a_card_do_not_break_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each part in turn, as a model that was brought in earlier may have it."""
    (tmp_path / "classifier").mkdir()
    strange: dict[str, object] = dict.fromkeys(CARDS[0], None) | {
        "limits": "none",
        "training": {"stages": None},
        "calibration": {},
        "decision": {"exponent": []},
        "metrics": {"test": {"images": 3, "lesions": 2, "accuracy": {"value": None}}},
    }
    card = strange | {"name": "Odd", "sha256": "00"}
    (tmp_path / "classifier/card.json").write_text(json.dumps(card))
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    app = start("about")
    assert not app.exception
    assert app.header[0].value == "Odd"
    assert "licence" in app.warning[0].value
