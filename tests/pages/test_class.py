"""A class, led and taken part in, run headless."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.ham10000.dataset import Dataset
from core.learning.cases import QuizCase
from core.learning.classes import Classes
from core.learning.database import LearningError
from core.taxonomy import BY_KEY
from tests.pages.conftest import ANNA, checked, start, texts
from ui import access
from ui.dataset_cases import unfair
from ui.learning import class_shared

CASE = QuizCase("practice:naevus:1000", "practice:naevus:1000", "nv")
TEACHER = "t" * 43
"""Key of a browser."""


@pytest.fixture(autouse=True)
def teacher(browser: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the first to come, and quick."""
    monkeypatch.setattr("ui.learning.wall.PAUSE", 0)
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
    assert student.info
    assert not has(student, "class_0_mel")
    browser["lesionlab_browser"] = TEACHER
    pressed(looked_again(wall), "class_step")
    browser["lesionlab_browser"] = ANNA
    student = looked_again(student)
    truth = Classes.open().view(code).truth
    assert BY_KEY[truth].name not in texts(student)
    assert has(student, "class_0_mel")
    pressed(student, "class_0_mel")
    pressed(student, f"class_0_{truth}")
    assert Classes.open().view(code).tally == {truth: 1}
    browser["lesionlab_browser"] = TEACHER
    pressed(looked_again(wall), "class_step")
    assert Classes.open().view(code).revealed
    assert any(box.proto.title.startswith(BY_KEY[truth].name) for box in wall.info)
    assert "**The model says " in texts(wall)
    browser["lesionlab_browser"] = ANNA
    student = looked_again(student)
    assert not has(student, "class_0_mel")
    assert student.success[0].proto.title.startswith(BY_KEY[truth].name)
    again = start("classroom", class_code=code)  # reloaded
    assert again.success[0].proto.title.startswith(BY_KEY[truth].name)
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


def begun(classes: Classes) -> str:
    """Of the code; its one case is asked."""
    code = classes.start([CASE], "balanced", False)
    classes.begin(code)
    return code


def ended_class() -> str:
    """Of the code, in which Anna took part."""
    classes = Classes.open()
    code = begun(classes)
    classes.join(code, ANNA)
    classes.reveal(code, 0)
    classes.proceed(code, 0)
    return code


def test_an_ended_class_is_found_for_its_results_and_deleted() -> None:
    code = ended_class()
    wall = start("classroom", class_role="Lead")
    pressed(wall, f"class_resume_{code}")
    assert [b for b in wall.get("download_button") if b.proto.id.endswith("class_csv")]
    assert code not in [t.value for t in wall.title]  # nobody is asked to join
    assert not wall.dataframe, "nobody answered"
    pressed(wall, "class_delete")
    pressed(wall, "class_delete_confirmed")
    assert Classes.open().ended() == {}
    assert has(wall, "class_open")


def test_an_ended_class_does_not_keep_one_from_another(browser: dict[str, str]) -> None:
    code = ended_class()
    for key in (ANNA, TEACHER):  # has taken part, and has not
        browser["lesionlab_browser"] = key
        app = start("classroom", class_code=code)
        assert "has ended" in texts(app)
        other = Classes.open().start([CASE], "balanced", False)
        app.text_input(key="class_code_typed").set_value(other)
        app.button[0].click()
        assert other in checked(app).title[0].value


def test_at_the_end_everybody_sees_their_own_result(browser: dict[str, str]) -> None:
    classes = Classes.open()
    code = begun(classes)
    classes.answer(code, classes.join(code, ANNA), 0, CASE.truth)
    classes.reveal(code, 0)
    classes.proceed(code, 0)
    browser["lesionlab_browser"] = ANNA
    assert "right in 1 of the 1" in texts(start("classroom", class_code=code))
    (row,) = start("classroom", class_led=code).dataframe[0].value.to_dict("records")
    assert (row["Case"], row["Diagnosis"]) == (1, BY_KEY[CASE.truth].name)
    assert row["Right"].startswith("1 of 1")


def test_a_class_ends_where_its_hour_does(browser: dict[str, str]) -> None:
    classes = Classes.open()
    code = classes.start([CASE, CASE], "balanced", True)
    classes.begin(code)
    wall = start("classroom", class_led=code)
    classes.answer(code, classes.join(code, ANNA, "Anna"), 0, CASE.truth)
    assert not looked_again(wall).dataframe, "no score before the first reveal"
    pressed(wall, "class_step")
    assert wall.dataframe[0].value["Right"].tolist() == [1]
    classes.proceed(code, 0)
    classes.answer(code, classes.join(code, ANNA, "Anna"), 1, CASE.truth)
    pressed(looked_again(wall), "class_end")
    assert not classes.view(code).closed, "it is asked first"
    pressed(wall, "class_end_confirmed")
    assert classes.view(code).closed
    assert not has(looked_again(wall), "class_end")
    cases, scores = (table.value for table in wall.dataframe)
    assert cases["Case"].tolist() == [1], "the truth of the second was not shown"
    assert scores["Right"].tolist() == [1]
    browser["lesionlab_browser"] = ANNA
    assert "right in 1 of the 1" in texts(start("classroom", class_code=code))


def test_a_code_outlives_a_failed_look(monkeypatch: pytest.MonkeyPatch) -> None:
    app = start("classroom", class_code=ended_class())
    with monkeypatch.context() as broken:
        broken.setattr(Classes, "participant", failing)
        assert "busy" in texts(looked_again(app))
    assert "has ended" in texts(looked_again(app))


def failing(*_: object) -> None:
    raise LearningError("The disk is busy.")


def test_what_could_not_be_done_stays_to_be_read(
    browser: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    browser["lesionlab_browser"] = ANNA
    code = begun(Classes.open())
    Classes.open().join(code, ANNA)
    app = start("classroom", class_code=code)
    with monkeypatch.context() as broken:
        broken.setattr(Classes, "answer", failing)
        pressed(app, "class_0_mel")
    assert "busy" in texts(looked_again(app))  # a second later
    pressed(app, "class_0_mel")
    assert "busy" not in texts(app)


def test_a_wrong_code_is_said_and_asked_again() -> None:
    app = start("classroom", class_code="XXXXXX")
    assert app.error
    assert app.text_input(key="class_code_typed")


@pytest.mark.parametrize("typed", ["", "--", "AB12345"])
def test_what_is_no_code_is_said(typed: str) -> None:
    app = start("classroom", class_code_typed=typed)
    app.button[0].click()
    assert checked(app).error
    assert app.text_input(key="class_code_typed")


@pytest.mark.parametrize("joined", [False, True])
def test_who_came_for_a_wrong_class_finds_the_way_to_another(
    joined: bool, browser: dict[str, str]
) -> None:
    browser["lesionlab_browser"] = ANNA
    code = begun(Classes.open())
    if joined:
        Classes.open().join(code, ANNA)
    app = start("classroom", class_code=code)
    assert has(app, "class_0_mel") == joined
    assert not app.text_input
    pressed(app, "class_other")
    assert app.text_input(key="class_code_typed")


def test_a_second_press_within_a_moment_does_not_skip_the_truth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ui.learning.wall.PAUSE", 60)
    code = begun(Classes.open())
    app = start("classroom", class_led=code)
    pressed(app, "class_step")
    pressed(app, "class_step")
    seen = Classes.open().view(code)
    assert (seen.revealed, seen.closed) == (True, False)


def test_the_address_of_a_wall_brings_it_back() -> None:
    code = begun(Classes.open())
    app = start("classroom", class_led=code)
    assert app.query_params["lead"] == code
    app.query_params["lead"] = "XXXXXX"
    assert not has(looked_again(app), "class_leave"), "there is no such class"
    app.query_params["lead"] = code
    looked_again(app)
    app.session_state["class_led"] = ""
    assert has(looked_again(app), "class_step")
    pressed(app, "class_leave")
    assert not has(app, "class_step")
    assert "lead" not in app.query_params


def test_the_tally_is_hidden_until_the_reveal_or_a_click() -> None:
    app = start("classroom", class_led=begun(Classes.open()))
    assert not app.get("plotly_chart")
    pressed(app, "class_hide")
    assert app.get("plotly_chart")
    pressed(app, "class_hide")
    pressed(app, "class_step")
    assert app.get("plotly_chart")


def test_the_cases_of_a_playlist_are_asked_in_its_order(imported: Dataset) -> None:
    ids = [str(image_id) for image_id in imported.table.index[3:0:-1]]
    app = start("classroom", class_role="Lead", playlist=[ids[0], "ISIC_9999999", *ids[1:]])
    app.segmented_control(key="class_level").set_value("playlist").run()
    pressed(app, "class_open")
    (code,) = Classes.open().current()
    assert [case.image for case in Classes.open().cases(code)] == ids
    Classes.open().begin(code)
    pressed(looked_again(app), "class_step")
    seen = unfair(imported.table.loc[ids[0]])
    assert seen in texts(app) if seen else "fair test" not in texts(app)


def test_the_address_of_a_wall_is_none_for_a_student(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(access.TEACHER, "secret")
    app = start("classroom")
    app.query_params["lead"] = begun(Classes.open())
    assert looked_again(app).text_input(key="class_code_typed")
    assert not has(app, "class_step")
