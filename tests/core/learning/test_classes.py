"""A class: no answer is lost, none comes late, and nobody is named against the teacher's choice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.learning.cases import QuizCase
from core.learning.classes import CODE_LENGTH, COLUMNS, Classes, clean_code
from core.learning.database import LearningError

CASES = [QuizCase(f"image-{n}", f"lesion-{n}", truth) for n, truth in enumerate(("mel", "nv"))]


@pytest.fixture
def classes(tmp_path: Path) -> Classes:
    return Classes(tmp_path / "learning")


def begun(classes: Classes, names: bool = False) -> str:
    """The code of a class that asks its first case."""
    code = classes.start(CASES, "balanced", names)
    classes.begin(code)
    return code


def test_nothing_is_asked_before_the_class_begins(classes: Classes) -> None:
    code = classes.start(CASES, "balanced", names=True)
    anna = classes.join(code, "a", "Anna")
    assert (classes.view(code).begun, classes.view(code).scores) == (False, {"Anna": 0})
    with pytest.raises(LearningError, match="not begun"):
        classes.answer(code, anna, 0, "mel")
    classes.reveal(code, 0)
    assert not classes.view(code).revealed
    classes.begin(code)
    classes.answer(code, anna, 0, "mel")
    classes.reveal(code, 0)
    classes.begin(code)  # a second click
    seen = classes.view(code)
    assert (seen.begun, seen.revealed, seen.answered) == (True, True, 1)


def test_classes_from_before_one_waited_go_on(tmp_path: Path) -> None:
    database = Classes(tmp_path).database
    with closing(database.connect()) as connection:
        connection.execute("ALTER TABLE classes DROP COLUMN begun")
        connection.execute("PRAGMA user_version = 2")
        connection.execute(
            "INSERT INTO classes (code, names, level, opened) VALUES ('A', 0, '', 0)"
        )
        connection.execute("INSERT INTO class_cases VALUES ('A', 0, 'image', 'lesion', 'nv')")
    assert Classes(tmp_path).view("A").begun


def test_a_class_from_its_opening_to_its_end(classes: Classes, tmp_path: Path) -> None:
    code = begun(classes)
    assert len(code) == CODE_LENGTH
    assert clean_code(f" {code[:3].lower()}-{code[3:]}") == code
    assert clean_code(f"http://10.0.0.7:8501/classroom?code={code}") == code, "a pasted link"
    anna, ben = classes.join(code, "a", "Anna"), classes.join(code, "b")
    assert classes.join(code, "a") == anna == classes.participant(code, "a")
    classes.answer(code, anna, 0, "nv")
    classes.answer(code, anna, 0, "mel")  # changed before the reveal
    classes.answer(code, ben, 0, "nv")
    seen = classes.view(code)
    assert (seen.participants, seen.answered, seen.tally) == (2, 2, {"mel": 1, "nv": 1})
    assert (seen.position, seen.revealed, seen.scores) == (0, False, {})
    classes.proceed(code, 0)  # not before it is revealed
    assert classes.view(code).position == 0
    assert classes.right_of(anna) == (0, 0), "nothing is told before the reveal"
    classes.reveal(code, 0)
    assert classes.right_of(anna) == (1, 1)
    with pytest.raises(LearningError, match="too late"):
        classes.answer(code, ben, 0, "mel")
    classes.proceed(code, 0)
    classes.proceed(code, 0)  # a second click
    classes.reveal(code, 0)  # of the case before
    again = Classes(tmp_path / "learning")  # as after a restart
    seen = again.view(code)
    assert (seen.position, seen.revealed, seen.last, seen.answered) == (1, False, True, 0)
    assert again.answer_of(anna, 0) == "mel"
    assert again.current() == [code]
    again.reveal(code, 1)
    again.proceed(code, 1)
    assert again.view(code).closed
    assert again.current() == []
    assert (again.right_of(anna), again.right_of(ben)) == ((1, 1), (0, 1))
    with pytest.raises(LearningError, match="ended"):
        again.join(code, "c")
    first, second = again.cases(code)
    assert (first.position, first.image, first.truth) == (0, "image-0", "mel")
    assert (first.tally, first.answered, first.right) == ({"mel": 1, "nv": 1}, 2, 1)
    assert second.answered == 0
    header, *rows = again.results(code).decode("utf-8-sig").splitlines()
    assert header.split(",") == COLUMNS
    assert [row.split(",")[:6] for row in rows] == [
        ["Participant 1", "1", "image-0", "mel", "mel", "True"],
        ["Participant 2", "1", "image-0", "mel", "nv", "False"],
        ["Participant 1", "2", "image-1", "nv", "", ""],
        ["Participant 2", "2", "image-1", "nv", "", ""],
    ]
    assert "Anna" not in again.results(code).decode()
    again.delete(code)
    with pytest.raises(LearningError):
        again.view(code)


def test_names_only_where_the_teacher_chose_so(classes: Classes) -> None:
    code = begun(classes, names=True)
    with pytest.raises(LearningError):
        classes.join(code, "a", " ")
    anna = classes.join(code, "a", "Anna")
    for same in ("Anna", "anna"):
        with pytest.raises(LearningError, match="another"):
            classes.join(code, "b", same)
    classes.answer(code, anna, 0, "mel")
    assert classes.view(code).scores == {"Anna": 0}  # not before the reveal
    classes.reveal(code, 0)
    assert classes.view(code).scores == {"Anna": 1}


def test_strangers_do_not_answer(classes: Classes) -> None:
    code, other = begun(classes), begun(classes)
    elsewhere = classes.join(other, "a")
    for participant, position, diagnosis in (
        (elsewhere, 0, "mel"),
        ("nobody", 0, "mel"),
        (elsewhere, 1, "mel"),
        (elsewhere, 0, "wart"),
    ):
        with pytest.raises(LearningError):
            classes.answer(code, participant, position, diagnosis)
    assert classes.view(code).answered == 0
    with pytest.raises(LearningError, match="no class"):
        classes.join("XXXXXX", "a")


def test_many_answer_at_once(classes: Classes) -> None:
    code = begun(classes)

    def take_part(number: int) -> None:
        who = Classes(classes.database.path.parent)
        who.answer(code, who.join(code, f"browser {number}"), 0, "mel")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take_part, range(24)))
    assert classes.view(code).tally == {"mel": 24}
    assert classes.view(code).participants == 24
