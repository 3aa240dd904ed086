"""What to repeat, over simulated weeks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from fsrs import Rating

from core.learning.records import Answered
from core.learning.schedule import in_days, next_due, rating, standings
from core.taxonomy import KEYS

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def at(day: float, truth: str, right: bool, sure: float = 0.6) -> Answered:
    first = truth if right else ("nv" if truth != "nv" else "mel")
    return Answered("i", "l", truth, first, sure, 5.0, START + timedelta(days=day))


def of(answers: list[Answered], day: float, key: str):
    return standings(answers, START + timedelta(days=day))[KEYS.index(key)]


def test_who_answers_rightly_is_asked_at_growing_distances() -> None:
    answers: list[Answered] = []
    day, gaps = 0, []
    for _ in range(6):
        answers += [at(day, "mel", True), at(day + 0.01, "mel", True)]
        found = of(answers, day, "mel")
        assert not found.is_due(START + timedelta(days=day))
        gaps.append(in_days(found.due, START + timedelta(days=day)))
        day += gaps[-1]
        assert found.is_due(START + timedelta(days=day))
    assert gaps == sorted(gaps)
    assert gaps[-1] > 5 * gaps[0]


def test_a_mistake_brings_it_back_soon() -> None:
    answers = [at(day, "mel", True) for day in (0, 3, 15)]
    before = of(answers, 16, "mel")
    after = of([*answers, at(16, "mel", False)], 16, "mel")
    assert after.due < before.due
    assert in_days(after.due, START + timedelta(days=16)) <= 3
    assert after.weakness > before.weakness


def test_confused_and_forgotten_diagnoses_are_weak() -> None:
    answers = [at(d / 100, "mel", False) for d in range(8)]
    answers += [at(d / 100, "nv", True) for d in range(8)]
    soon, late = START + timedelta(days=1), START + timedelta(days=300)
    now = {s.key: s.weakness for s in standings(answers, soon)}
    then = {s.key: s.weakness for s in standings(answers, late)}
    assert now["mel"] > now["df"] > now["nv"]
    assert then["nv"] > now["nv"]
    assert all(0 <= w <= 1 for w in [*now.values(), *then.values()])


def test_a_day_is_one_review() -> None:
    assert rating([at(0, "mel", False)] * 2 + [at(0, "mel", True)]) == Rating.Again
    assert rating([at(0, "mel", False), at(0, "mel", True)]) == Rating.Hard
    assert rating([at(0, "mel", True)] * 2) == Rating.Good
    assert rating([at(0, "mel", True, 0.95)] * 3) == Rating.Easy
    many = [at(n / 1000, "mel", True) for n in range(50)]
    assert of(many, 0.1, "mel").due.date() == of(many[:1], 0.1, "mel").due.date()


def test_nothing_is_due_before_anything_was_practised() -> None:
    found = standings([], START)
    assert [s.key for s in found] == list(KEYS)
    assert next_due(found) is None
    assert not any(s.is_due(START) for s in found)
    assert {s.weakness for s in found} == {0.5}


def test_days_are_those_of_who_asks() -> None:
    """In California, nine in the morning and six in the evening are of one day; not so in UTC."""
    california = timezone(timedelta(hours=-8))
    morning = datetime(2026, 1, 5, 9, tzinfo=california)
    found = standings([replace(at(0, "mel", True), at=morning.astimezone(UTC))], morning)
    known = found[KEYS.index("mel")]
    days = in_days(known.due, morning)
    assert days > 0
    evening = known.due.astimezone(california).replace(hour=18) - timedelta(days=1)
    assert (known.is_due(evening), in_days(known.due, evening)) == (False, 1)


def test_answers_that_name_no_diagnosis_and_clocks_that_go_back() -> None:
    group = Answered("i", "l", "mel", "malignant", None, 1.0, START)
    assert standings([group], START)[KEYS.index("mel")].answers == 0
    found = of([at(5, "mel", True)], 0, "mel")
    assert 0 <= found.recall <= 1
