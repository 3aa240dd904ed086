"""A class, led and taken part in, run headless."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.learning.classes import Classes
from core.taxonomy import BY_KEY
from tests.pages.conftest import ANNA, checked, start, texts
from ui import access
from ui.learning import class_shared

TEACHER = "t" * 43
"""Key of a browser."""


@pytest.fixture(autouse=True)
def teacher(browser: dict[str, str]) -> None:
    """It is the first to come."""
    browser["lesionlab_browser"] = TEACHER
    class_shared.changed()


def pressed(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    class_shared.changed()
    return checked(app)


def has(app: AppTest, key: str) -> bool:
    return any(b.key == key for b in app.button)


def looked_again(app: AppTest) -> AppTest:
    """As the page does by itself every second."""
    class_shared.changed()
    return checked(app)


def test_from_the_opening_to_the_results(browser: dict[str, str]) -> None:
    wall = pressed(start("classroom", class_role="Lead", class_count="5"), "class_open")
    (code,) = Classes.open().current()
    assert code in [t.value for t in wall.title]
    browser["lesionlab_browser"] = ANNA
    student = start("classroom", class_code=code)
    student.button[0].click()  # takes part
    student = checked(student)
    truth = Classes.open().view(code).truth
    assert BY_KEY[truth].name not in texts(student)
    assert has(student, "class_0_mel")
    pressed(student, "class_0_mel")
    pressed(student, f"class_0_{truth}")
    assert Classes.open().view(code).tally == {truth: 1}
    browser["lesionlab_browser"] = TEACHER
    pressed(looked_again(wall), "class_step")
    assert Classes.open().view(code).revealed
    assert wall.success
    browser["lesionlab_browser"] = ANNA
    student = looked_again(student)
    assert not has(student, "class_0_mel")
    assert student.success[0].proto.title.startswith(BY_KEY[truth].name)
    again = start("classroom", class_code=code)  # reloaded
    assert again.success
    browser["lesionlab_browser"] = TEACHER
    pressed(wall, "class_step")
    assert Classes.open().view(code).position == 1
    browser["lesionlab_browser"] = ANNA
    assert has(looked_again(student), "class_1_mel")
    browser["lesionlab_browser"] = TEACHER
    pressed(wall, "class_leave")
    assert has(wall, f"class_resume_{code}")
    pressed(wall, f"class_resume_{code}")
    pressed(wall, "class_delete")
    assert Classes.open().current() == [code]
    pressed(wall, "class_delete_confirmed")
    assert Classes.open().current() == []
    browser["lesionlab_browser"] = ANNA
    assert looked_again(student).error


def test_only_a_teacher_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.TEACHER, "secret")
    locked = start("classroom", class_role="Lead")
    assert not has(locked, "class_open")
    app = start("classroom", class_role="Lead", access_opened=access._mark(b"secret"))
    app.button(key="class_open").click()
    monkeypatch.setenv(access.TEACHER, "another by now")
    checked(app)
    assert Classes.open().current() == []


def test_a_wrong_code_is_said_and_asked_again() -> None:
    app = start("classroom", class_code="XXXXXX")
    assert app.error
    assert app.text_input(key="class_code_typed")
