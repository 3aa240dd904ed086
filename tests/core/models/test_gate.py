"""Three grades of how familiar a photo is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.answer.words import domain_note
from core.models.cards import Card, Training
from core.models.gate import ELSEWHERE, FAMILIAR, REFUSED, Gate
from core.models.neighbours import KnownCases
from core.models.novelty import FeatureGaussian
from core.models.reference import Reference
from train.finish.reference import REFUSED_ELSEWHERE, REFUSED_OWN, fit_gate

WIDTH = 40


def textures(count: int, shift: float, seed: int) -> np.ndarray:
    """Points around `shift` on the first axis, which vary in few directions, as textures do."""
    random = np.random.default_rng(seed)
    points = random.normal(size=(count, 6)) @ np.random.default_rng(0).normal(size=(6, WIDTH))
    points += 0.3 * random.normal(size=(count, WIDTH))
    points[:, 0] += shift
    return points.astype(np.float32)


OWN, OTHERS = textures(600, 0, 1), textures(200, 8, 2)
STRANGE, SEEN = (
    6 * np.random.default_rng(seed).normal(size=(100, WIDTH)).astype(np.float32) for seed in (3, 8)
)
"""Like nothing else; the second is shown to the gate."""


@pytest.fixture(scope="module")
def gate() -> Gate:
    return fit_gate(OWN, OTHERS, SEEN, textures(300, 0, 4), textures(100, 8, 5))[0]


def graded(known: Reference, texture: np.ndarray) -> str:
    return known.domain(texture, float(known.familiar.novelty(texture)))


def reference(gate: Gate | None) -> Reference:
    familiar = FeatureGaussian.fit(OWN, 6)
    threshold = float(np.quantile(familiar.novelty(OWN), 0.99))
    ids = [f"ISIC_{k:07d}" for k in range(40)]
    lesions = [f"HAM_{k:07d}" for k in range(40)]
    points = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    return Reference(
        familiar, threshold, KnownCases.fit(points, ids, lesions, ["nv"] * 40, 4), gate
    )


def test_grades(gate: Gate) -> None:
    known = reference(gate)
    grades = [[graded(known, t) for t in part[:80]] for part in (OWN, OTHERS, STRANGE)]
    for found, grade in zip(grades, (FAMILIAR, ELSEWHERE, REFUSED), strict=True):
        assert found.count(grade) >= 76, grade


def test_without_other_clinics_everything_unfamiliar_is_refused() -> None:
    known = reference(None)
    assert {graded(known, t) for t in (*OTHERS[:40], *STRANGE[:40])} == {REFUSED}
    assert graded(known, OWN[0]) == FAMILIAR


def test_the_limit_keeps_to_its_bounds_on_validation() -> None:
    own, others = textures(500, 0, 6), textures(300, 8, 7)
    gate, section = fit_gate(OWN, OTHERS, SEEN, own, others)
    assert gate.refuses(own).mean() <= REFUSED_OWN
    assert gate.refuses(others).mean() <= REFUSED_ELSEWHERE
    assert section.others["refused"]["validation"] <= REFUSED_OWN
    assert section.limit == gate.limit


def test_it_is_kept_beside_the_reference(gate: Gate, tmp_path: Path) -> None:
    known = reference(gate)
    known.write(tmp_path)
    again = Reference.read(tmp_path, known.threshold)
    assert again.gate is not None
    for part in (OWN, OTHERS, STRANGE):
        np.testing.assert_array_equal(again.gate.refuses(part), gate.refuses(part))
    reference(None).write(tmp_path)
    assert Reference.read(tmp_path, known.threshold).gate is None


def test_what_is_said_of_each_grade() -> None:
    there = {"images": 438, "accuracy": 0.5, "melanomas": 90, "melanomas_found": 30}
    card = Card.of({"elsewhere": there})
    assert domain_note(FAMILIAR, card) is None
    refused, other, unmeasured = (
        domain_note(*of) for of in ((REFUSED, card), (ELSEWHERE, card), (ELSEWHERE, Card()))
    )
    assert refused is not None
    assert other is not None
    assert unmeasured is not None
    assert refused[0] != other[0] == unmeasured[0]
    none = domain_note(ELSEWHERE, Card.of({"elsewhere": {**there, "melanomas": 0}}))
    assert none is not None
    assert "melanoma" not in none[1], "there was none to find"
    own = domain_note(FAMILIAR, card, own=True)
    assert own is not None
    assert own[0] != other[0]
    assert own[1] == other[1], "most of those photos were familiar, too"
    assert all(figure in other[1] for figure in ("438", "50 %", "30", "90"))
    assert not any(letter.isdigit() for letter in unmeasured[1])
    card = Card.of({"elsewhere": {**there, "how": "photos of away, far"}})
    for sources, flatters in ((["away"], True), (["near"], False)):
        learned = domain_note(ELSEWHERE, replace(card, training=Training(others={"more": sources})))
        assert learned is not None
        assert (learned[1] != other[1]) == flatters, "from photos of the same clinics"
