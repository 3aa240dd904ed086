"""Scores, against answers made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from core.learning.outlines import Drawn, OutlineScores, Overlap
from core.learning.records import OUTLINED, SKIPPED, TOO_LATE, Answered, Said, is_right
from core.learning.scores import (
    accuracy,
    by_quiz,
    calibration,
    confusions,
    counted,
    influence,
    mistakes,
    of_both,
    of_model,
    of_student,
    of_student_after,
    outline_means,
    outlined,
    overconfidence,
    share,
    would_have,
)
from core.taxonomy import KEYS

THEN = datetime(2026, 1, 1, tzinfo=UTC)


def said(named: str, probability: float = 0.7) -> Said:
    rest = (1 - probability) / 6
    return Said(named, {k: probability if k == named else rest for k in KEYS}, "w")


def answered(truth: str, first: str, confidence: float | None = 0.6, **more: Any) -> Answered:
    return Answered("i", "l", truth, first, confidence, 5.0, THEN, **more)


def test_shares_have_exact_intervals() -> None:
    # R: binom.test(8, 10)$conf.int, binom.test(10, 10)$conf.int
    assert (share(8, 10).low, share(8, 10).high) == pytest.approx((0.4439045, 0.9747893), abs=1e-6)
    assert (share(10, 10).low, share(10, 10).high) == pytest.approx((0.6915029, 1.0), abs=1e-6)
    assert (share(0, 10).low, share(0, 10).high) == pytest.approx((0.0, 0.3084971), abs=1e-6)
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


def test_accuracy_of_each() -> None:
    answers = [
        answered("mel", "mel", said=said("nv")),
        answered("mel", "nv", said=said("mel"), second="mel"),
        answered("nv", "nv", said=said("nv"), second="bkl"),
        answered("bcc", "df"),
    ]
    found = {
        who: (a.hits, a.of)
        for who in (of_student, of_student_after, of_model)
        for a in [accuracy(answers, who)]
    }
    assert found == {of_student: (2, 4), of_student_after: (1, 2), of_model: (2, 3)}


def test_both_together() -> None:
    agree = answered("mel", "mel", 0.2, said=said("mel", 0.3))
    sure = answered("mel", "mel", 0.95, said=said("nv", 0.6))
    unsure = answered("mel", "mel", 0.4, said=said("nv", 0.6))
    assert [of_both(a) for a in (agree, sure, unsure)] == ["mel", "mel", "nv"]
    assert of_both(answered("mel", "mel")) is None
    assert of_both(answered("mel", "malignant", None, said=said("nv"))) is None


def test_groups_are_compared_by_group() -> None:
    answers = [
        answered("mel", "malignant", None, said=said("bcc")),
        answered("nv", "malignant", None, said=said("bkl")),
        answered("nv", TOO_LATE, None),
    ]
    assert [a.right for a in answers] == [True, False, False]
    assert of_model(answers[0]) == "malignant"
    assert accuracy(answers, of_model).hits == 2
    assert (accuracy(answers, of_student).hits, accuracy(answers, of_student).of) == (1, 3)
    assert confusions(answers, of_student).sum() == 0
    assert not is_right("benign", "mel")


def test_confusions_have_the_truth_in_rows() -> None:
    answers = [answered("mel", "nv"), answered("mel", "nv"), answered("nv", "nv")]
    found = confusions(answers, of_student)
    expected = np.zeros((7, 7), int)
    expected[KEYS.index("mel"), KEYS.index("nv")] = 2
    expected[KEYS.index("nv"), KEYS.index("nv")] = 1
    assert (found == expected).all()


def test_calibration() -> None:
    answers = [
        answered("mel", "mel", 0.8),
        answered("mel", "nv", 0.8),
        answered("nv", "nv", 0.2),
        answered("nv", "benign", None),
    ]
    found = calibration(answers)
    assert [(c, s.hits, s.of) for c, s in found.items()] == [(0.2, 1, 1), (0.8, 1, 2)]
    assert overconfidence(answers) == pytest.approx(0.6 - 2 / 3)
    assert overconfidence([answered("nv", "benign", None)]) is None
    assert calibration([]) == {}


def test_what_the_ai_did() -> None:
    helped = answered("mel", "nv", second="mel", said=said("mel"))
    misled = answered("mel", "mel", second="nv", said=said("nv"))
    resisted = answered("mel", "mel", second="mel", said=said("nv"))
    ignored = answered("mel", "nv", second="nv", said=said("mel"))
    agreed = answered("nv", "nv", second="nv", said=said("nv"))
    found = influence([helped, misled, resisted, ignored, agreed, answered("nv", "nv")])
    assert found == {
        "helped": [helped],
        "misled": [misled],
        "resisted": [resisted],
        "ignored": [ignored],
    }
    assert would_have([helped, misled, agreed, answered("nv", "nv")]) == (1, 1)


def test_mistakes_are_of_the_final_answer_and_skipped_cases_count_nowhere() -> None:
    kept = answered("mel", "nv", second="nv", said=said("mel"))
    mended = answered("mel", "nv", second="mel", said=said("mel"))
    skipped = answered("mel", SKIPPED, None)
    assert mistakes([kept, mended, skipped]) == [kept]
    assert counted([kept, skipped]) == [kept]


def drawn(student: float, model: float | None, with_model: float = 0.5) -> Answered:
    pairs = [None if iou is None else Overlap(iou, 0.5) for iou in (student, with_model, model)]
    if model is None:
        pairs[1] = None
    return answered("mel", OUTLINED, None, drawn=Drawn((), OutlineScores(*pairs)))


def test_answers_are_put_together_by_their_quiz() -> None:
    first, second, third = (
        replace(answered("mel", "nv"), quiz=quiz) for quiz in ("late", "early", "late")
    )
    assert by_quiz([first, second, third]) == [[first, third], [second]]
    assert by_quiz([]) == []


def test_outlines_name_nothing_and_have_means_of_their_own() -> None:
    answers = [
        drawn(0.9, 0.8),
        drawn(0.6, 0.8),
        drawn(0.3, None),
        answered("mel", OUTLINED, None, drawn=Drawn(())),  # its feedback was never seen
        answered("mel", SKIPPED, None),
        answered("mel", "mel"),
    ]
    assert counted(answers) == answers[-1:]
    assert len(outlined(answers)) == 3
    found = outline_means(answers)
    assert {name: round(f.value, 6) for name, f in found.items()} == {
        "You": 0.6,
        "Model": 0.8,
        "You with the model": 0.5,
        "Difference": -0.05,
    }
    assert found["Difference"].low == -1  # two cases say next to nothing
    assert mistakes(answers) == answers[1:3]
    assert outline_means([])["You"].value is None
