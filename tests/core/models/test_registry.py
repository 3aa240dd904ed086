"""The app uses the shipped models or a run's, and never a damaged one."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.answer.analyser import Analyser
from core.models import registry as use_of
from core.models.cards import Card
from core.models.registry import (
    FILE,
    KINDS,
    in_use,
    models,
    models_in_use,
    refuse,
    unfit,
    use,
    use_shipped,
)
from core.models.weights import WeightsError
from core.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The shipped weights, and a folder of runs that holds copies of both models as `mine`."""
    found = replace(Settings.from_environment(), runs=tmp_path / "runs")
    for kind in KINDS:
        copy = found.runs / "mine" / "model" / kind
        copy.mkdir(parents=True)
        for path in (found.weights / kind).iterdir():
            if path.name == "card.json":
                replace(Card.read(found.weights / kind), name=f"My {kind}").write(copy)
            else:
                os.link(path, copy / path.name)
    return found


def mine(settings: Settings, kind: str = "classifier") -> Path:
    return settings.runs / "mine" / "model" / kind


def without_links(folder: Path, name: str) -> Path:
    """A file of its own, to be damaged; returns it."""
    content = (folder / name).read_bytes()
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    return folder / name


def test_the_shipped_models_are_used_unless_somebody_chooses(settings: Settings) -> None:
    fresh = replace(settings, runs=settings.runs / "nowhere")
    for kind, model in zip(KINDS, models_in_use(fresh), strict=True):
        assert (model.kind, model.folder) == (kind, settings.weights / kind)
        assert not model.own
        assert not model.problem


def test_a_choice_holds_for_one_kind_and_can_be_taken_back(settings: Settings) -> None:
    before = in_use("classifier", settings)
    use("classifier", mine(settings), settings)
    chosen, other = models_in_use(settings)
    assert (chosen.folder, chosen.own, chosen.problem) == (mine(settings), True, "")
    assert chosen.key != before.key
    assert not other.own
    use("segmenter", mine(settings, "segmenter"), settings)
    assert [m.own for m in models_in_use(settings)] == [True, True]
    use_shipped("classifier", settings)
    assert in_use("classifier", settings) == before
    assert in_use("segmenter", settings).own
    assert not list(settings.runs.glob("*.part"))


def test_the_analyser_loads_what_is_in_use(settings: Settings) -> None:
    use("classifier", mine(settings), settings)
    analyser = Analyser.load(settings)
    assert analyser.classifier_card.name == "My classifier"
    assert next(iter(analyser.models)) == "My classifier"


def test_the_key_changes_with_the_files(settings: Settings) -> None:
    use("segmenter", mine(settings, "segmenter"), settings)
    before = in_use("segmenter", settings).key
    assert in_use("segmenter", settings).key == before
    card = Card.read(mine(settings, "segmenter"))
    replace(card, name="Another one").write(mine(settings, "segmenter"))
    assert in_use("segmenter", settings).key != before


def test_the_key_of_the_shipped_model_changes_with_its_files(settings: Settings) -> None:
    other = replace(settings, weights=mine(settings, "segmenter").parent)
    before = in_use("segmenter", other)
    assert not before.own
    replace(Card.read(before.folder), name="Another one").write(before.folder)
    assert in_use("segmenter", other).key != before.key
    (before.folder / "model.safetensors").unlink()
    assert in_use("segmenter", other).folder == before.folder, "who loads it tells what it lacks"


def damage_weights(folder: Path) -> None:
    path = without_links(folder, "model.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def cut_reference(folder: Path) -> None:
    path = without_links(folder, "reference.safetensors")
    path.write_bytes(path.read_bytes()[:-5])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (shutil.rmtree, "gone from the run mine"),
        (lambda f: (f / "card.json").unlink(), "gone from the run mine"),
        (lambda f: (f / "card.json").write_text("{"), "cannot be read"),
        (damage_weights, "SHA-256 differs"),
        (cut_reference, "reference.safetensors cannot be read"),
        (lambda f: (f / "reference.safetensors").unlink(), "reference.safetensors cannot be read"),
        (lambda f: replace(Card.read(f), classes=("a", "b")).write(f), "2 classes of its own"),
        (lambda f: replace(Card.read(f), novelty=None).write(f), "no similar cases"),
    ],
)
def test_a_damaged_model_gives_way_to_the_shipped_one(
    settings: Settings, damage: Callable[[Path], object], words: str
) -> None:
    use("classifier", mine(settings), settings)
    damage(mine(settings))
    found = in_use("classifier", settings)
    assert found.folder == settings.weights / "classifier"
    assert not found.own
    assert words in found.problem
    use_shipped("classifier", settings)
    assert not in_use("classifier", settings).problem


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"classifier": 1}', '{"classifier": "/etc"}', '{"classifier": "../x"}'],
)
def test_a_damaged_choice(settings: Settings, text: str) -> None:
    settings.runs.joinpath(FILE).write_text(text)
    found = in_use("classifier", settings)
    assert (found.folder, found.own) == (settings.weights / "classifier", False)
    assert found.problem
    use("classifier", mine(settings), settings)
    assert in_use("classifier", settings).own


def test_a_model_that_cannot_be_loaded_is_not_tried_again(settings: Settings) -> None:
    use("classifier", mine(settings), settings)
    refuse(in_use("classifier", settings), "The weights do not fit.")
    assert in_use("classifier", settings).problem == "The weights do not fit."
    use("classifier", mine(settings), settings)
    assert in_use("classifier", settings).own, "chosen again, it is tried again"
    refuse(in_use("segmenter", settings), "The shipped one is never refused.")
    assert not in_use("segmenter", settings).problem


def test_weights_are_read_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    use("classifier", mine(settings), settings)
    in_use("classifier", settings)
    monkeypatch.setattr(use_of, "check_weights", lambda *_: pytest.fail("read again"))
    assert in_use("classifier", settings).own


def test_only_models_of_runs_can_be_used(settings: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(mine(settings), elsewhere)
    with pytest.raises(WeightsError, match="not the model of a run"):
        use("classifier", elsewhere, settings)
    with pytest.raises(WeightsError, match="gone from the run"):
        use("classifier", settings.runs / "gone", settings)
    assert not (settings.runs / FILE).exists()


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        ("classifier", {"classes": ["benign", "malignant"]}, "2 classes of its own"),
        ("classifier", {"classes": None}, "0 classes"),
        ("classifier", {"input": {"size": 100}}, "multiple of 32"),
        ("classifier", {"input": None}, "multiple of 32"),
        ("classifier", {"similar": None, "novelty": {}}, "training photos"),
        ("classifier", {"calibration": {}}, "calibration"),
        ("classifier", {"decision": "most probable"}, "decision rule"),
        ("segmenter", {"encoder": None}, "which encoder"),
        ("segmenter", {}, ""),
        ("classifier", {}, ""),
    ],
)
def test_why_a_model_cannot_be_used(
    settings: Settings, kind: str, changes: dict[str, object], words: str
) -> None:
    found = unfit(kind, Card.of(Card.read(settings.weights / kind).as_dict() | changes))
    assert words in found
    assert bool(found) == bool(words)


def test_models_lists_the_shipped_ones_first(settings: Settings) -> None:
    Card(name="x").write(mine(settings, "segmenter"))
    (settings.runs / "bad" / "model" / "classifier").mkdir(parents=True)
    found = models(settings)
    assert [(m.kind, m.own, bool(unfit(m.kind, m.card))) for m in found] == [
        ("classifier", False, False),
        ("segmenter", False, False),
        ("classifier", True, False),
        ("segmenter", True, True),
    ]
    assert found[2].card.name == "My classifier"
    assert found[3].card == Card(name="x")


ODD = (None, True, 0, -1, 32.5, float("nan"), float("inf"), "x", "", [], [1], {}, {"x": 1}, 10**400)


def places(value, place=()):
    """Where there is something in a card, outermost first."""
    yield place
    inside = value.items() if isinstance(value, dict) else ()
    for key, each in inside:
        yield from places(each, (*place, key))


@pytest.mark.parametrize("kind", KINDS)
def test_odd_cards_are_refused_in_words_never_by_an_error(kind: str) -> None:
    """Whatever stands wherever in a card: the model is usable, or a sentence says why not."""
    whole = Card.read(Settings.from_environment().weights / kind).as_dict()
    assert unfit(kind, Card.of(whole)) == ""
    tried = 0
    for place in places(whole):
        if "metrics" in place or not place:
            continue
        for odd in ODD:
            card = copy.deepcopy(whole)
            inner = card
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = odd
            told = unfit(kind, Card.of(card))
            assert isinstance(told, str)
            tried += 1
            if place[0] in ("input", "classes", "sha256", "name") and len(place) == 1:
                text = place[0] in ("sha256", "name") and isinstance(odd, str)
                assert text or told or (kind == "segmenter" and place[0] == "classes"), (place, odd)
    assert tried > 200


@pytest.mark.parametrize("place", ["\x00", "a\x00b", "x" * 5000, "."])
def test_a_choice_that_is_no_folder_gives_way(place: str, settings: Settings) -> None:
    (settings.runs / FILE).write_text(json.dumps({"classifier": place}))
    used = in_use("classifier", settings)
    assert not used.own
    assert used.problem
