"""The benchmark of a class counts every answer, and fails where one is lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks import classroom
from benchmarks.lesson import Lesson, Outcome, in_results
from core.learning.cases import QuizCase
from core.learning.classes import Classes
from core.learning.database import FILE
from core.taxonomy import KEYS


def test_three_participants_and_a_killed_server(tmp_path: Path) -> None:
    found = classroom.run(3, 5, tmp_path, within=0.2)
    assert found.errors == []
    names = {f"Student {number}" for number in (1, 2, 3)}
    assert {(name, n) for name, n, _ in found.confirmed} == {
        (s, n) for s in names for n in range(5)
    }
    assert len(found.confirmed) == len(found.answered) == len(found.seen) == 15
    assert len(found.joined) == 3
    assert min(found.seen) > 0
    assert sorted(found.in_database) == sorted(found.in_results) == sorted(found.confirmed)
    assert found.lost == []
    # They are LesionLab's own, which knows nothing of the benchmark.
    classes = Classes(tmp_path / "learning")
    (code,) = classes.current()
    seen = classes.view(code)
    assert (seen.participants, seen.answered, seen.revealed, seen.position) == (3, 3, True, 4)
    assert set(seen.tally) <= set(KEYS)


def test_answers_are_read_from_the_file_and_from_the_results(tmp_path: Path) -> None:
    classes = Classes(tmp_path)
    code = classes.start([QuizCase("a", "a", "nv"), QuizCase("b", "b", "mel")], "balanced", True)
    classes.begin(code)
    for name, answers in (("Student 1", ("nv", "bcc")), ("Student 2", ("mel",))):
        participant = classes.join(code, name, name)
        for position, diagnosis in enumerate(answers):
            with classes.database.write() as connection:
                connection.execute("UPDATE classes SET position = ?", (position,))
            classes.answer(code, participant, position, diagnosis)
    with classes.database.write() as connection:
        connection.execute("UPDATE classes SET position = 1")  # where Student 1 was
    wanted = [("Student 1", 0, "nv"), ("Student 1", 1, "bcc"), ("Student 2", 0, "mel")]
    assert sorted(classroom.in_database(tmp_path / FILE)) == wanted
    assert sorted(in_results(classes.results(code).decode("utf-8-sig"))) == wanted


ONE, OTHER = ("Student 1", 0, "nv"), ("Student 2", 0, "mel")


@pytest.mark.parametrize(
    ("database", "results", "lost"),
    [
        ([ONE, OTHER], [OTHER, ONE], []),
        ([ONE], [ONE, OTHER], [OTHER]),
        ([ONE, OTHER], [OTHER], [ONE]),
        ([], [], [ONE, OTHER]),
        ([("Student 1", 0, "bcc"), OTHER], [ONE, OTHER], [ONE]),  # another one is kept
    ],
)
def test_an_answer_is_lost_where_either_lacks_it(
    database: list, results: list, lost: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = Outcome(confirmed=[ONE, OTHER], in_database=database, in_results=results)
    assert outcome.lost == lost
    monkeypatch.setattr(classroom, "run", lambda *_: outcome)
    assert classroom.main([]) == (1 if lost else 0)
    outcome.errors.append("Student 1: The page broke")
    assert classroom.main([]) == 1


def test_the_report_tells_how_long_it_took() -> None:
    outcome = Outcome([4.0], [0.1, 0.3], [0.5] * 9 + [2.5], [ONE, OTHER], [ONE], [ONE, OTHER])
    text = classroom.report(outcome)
    assert "| 10 | 0.50 | 1.60 | 2.50 |" in text
    assert "| 2 | 0.20 | 0.29 | 0.30 |" in text
    assert "- Answers: 2 confirmed, 1 lost" in text
    assert "- Truth seen within 2 s: 9 of 10" in text
    assert "nan" in classroom.report(Outcome())


def test_no_server_is_an_error() -> None:
    lesson = Lesson(1, 5, 0.1)
    asyncio.run(lesson.first_part("http://127.0.0.1:9", lambda: None))
    assert lesson.outcome.errors
    assert lesson.code == ""
