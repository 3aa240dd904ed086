"""The quiz, one's progress and the diagnoses, run headless."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.imaging.image import to_jpeg
from core.learning.cases import PRACTICE_EACH, RESEMBLES, QuizCase, practice_pool
from core.learning.database import LearningError
from core.learning.lessons import LESSONS
from core.learning.records import CLOCK_SECONDS, TOO_LATE, Step
from core.learning.scores import CONFIDENCES
from core.learning.store import Store
from core.lesion.phantom import make_phantom
from core.taxonomy import BY_KEY, KEYS
from tests.pages.conftest import ANNA, checked, part, start, texts
from ui.learning import asking, feedback, problems

BEN = "b" * 43
"""Key of another browser than Anna's."""
pytestmark = pytest.mark.usefixtures("browser")


def pressed(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click()
    return checked(app)


def named(app: AppTest, nickname: str) -> AppTest:
    app.text_input(key="nickname").set_value(nickname)
    app.button[0].click()
    return checked(app)


def has(app: AppTest, key: str) -> bool:
    return any(b.key == key for b in app.button)


def begin(mode: str = "alone", cases: int = 2) -> AppTest:
    """A quiz of practice lesions in a browser that knows its nickname; they look like a naevus, a
    melanoma and so on, in turn."""
    store = Store.open()
    pool = practice_pool().iloc[::PRACTICE_EACH]
    chosen = [QuizCase(str(i), str(i), str(pool.at[i, "dx"])) for i in pool.index[:cases]]
    store.start(store.profile(ANNA, "Anna"), mode, "balanced", chosen)
    return start("quiz")


def answered(app: AppTest, position: int, key: str, stage: str = "first") -> AppTest:
    pressed(app, f"{stage}_{position}_{key}")
    pressed(app, f"{stage}_{position}_Right")
    return pressed(app, f"confirm_{stage}_{position}")


def kept() -> list:
    store = Store.open()
    return store.answers(store.profiles(ANNA)[0])


def test_a_first_visit_asks_for_a_nickname_only() -> None:
    app = start("quiz")
    assert not has(app, "quiz_start")
    named(app, "  ")
    assert app.error
    named(app, "Anna")
    assert has(app, "quiz_start")
    assert [p.nickname for p in Store.open().profiles(ANNA)] == ["Anna"]


def test_nothing_is_told_before_the_answer_is_committed() -> None:
    app = begin()
    assert app.button(key="confirm_first_0").disabled
    before = texts(app) + str([image.proto.imgs[0] for image in app.image])
    for word in ("like)", "practice:", "resembles", "Confirmed", *RESEMBLES):
        assert word not in before
    assert not part(app, "bars")
    alts = {image.proto.imgs[0].alt for image in app.image}
    assert len(alts) == 1
    pressed(app, "first_0_mel")
    assert app.button(key="confirm_first_0").disabled  # how sure is still open
    assert kept() == []
    pressed(app, "first_0_Left")
    pressed(app, "confirm_first_0")
    assert [(a.first, a.confidence in CONFIDENCES) for a in kept()] == [("mel", True)]
    assert has(app, "next_0")
    assert part(app, "bars")
    title = next(n.proto.title for n in [*app.success, *app.error])
    assert title.startswith(BY_KEY[kept()[0].truth].name)
    assert kept()[0].said.named in KEYS


def test_a_closed_browser_goes_on_and_another_one_sees_nothing(browser: dict[str, str]) -> None:
    app = begin()
    answered(app, 0, "nv")
    again = start("quiz")
    assert has(again, "next_0")
    pressed(again, "next_0")
    assert has(again, "confirm_first_1")
    browser["lesionlab_browser"] = BEN
    other = start("quiz")
    named(other, "Anna")
    assert has(other, "quiz_start")
    assert not part(other, "bars")
    store = Store.open()
    assert store.answers(store.profiles(BEN)[0]) == []
    browser.clear()  # keeps no cookies
    assert [w for w in start("quiz").warning]


def test_the_answer_before_and_after_the_ai_is_kept() -> None:
    app = begin("with_ai")
    answered(app, 0, "mel")
    assert has(app, "confirm_second_0")
    assert not has(app, "next_0")
    truth = BY_KEY[kept()[0].truth].name
    assert not [n for n in [*app.success, *app.error] if n.proto.title.startswith(truth)]
    pressed(app, "second_0_nv")
    pressed(app, "confirm_second_0")
    (only,) = kept()
    assert (only.first, only.second, only.second_confidence) == ("mel", "nv", 0.6)
    assert has(app, "next_0")


def test_against_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    app = begin("clock")
    pressed(app, "clock_0_malignant")
    assert kept()[0].right == BY_KEY[kept()[0].truth].malignant
    pressed(app, "next_0")
    monkeypatch.setattr(asking, "elapsed", lambda *_: CLOCK_SECONDS + 5.0)
    pressed(app, "clock_1_benign")
    assert kept()[1].first == TOO_LATE


def test_an_answer_that_comes_too_late_and_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def failing(*_: object) -> None:
        tries.append(1)
        raise LearningError("The disk is full.")

    app = begin("clock")
    monkeypatch.setattr(asking, "elapsed", lambda *_: CLOCK_SECONDS + 5.0)
    with monkeypatch.context() as broken:
        broken.setattr(Store, "answer", failing)
        checked(app)
        assert len(tries) == 1
        assert "full" in texts(checked(app))
        assert len(tries) == 1  # not again at once
    monkeypatch.setattr(problems, "problem", lambda: "")
    checked(app)
    assert kept()[0].first == TOO_LATE


def test_the_pictures_of_a_drawn_diagnosis_differ() -> None:
    ids = practice_pool().query("dx == 'nv'").index
    for position in (0, 1, PRACTICE_EACH - 1):
        for image in (ids[0], ids[1], ids[-1]):
            step = Step(position, image, image, "nv", "nv", 0.6, None, None, False)
            assert len(set(feedback._drawn("nv", step))) == feedback.EACH


def test_the_end_of_a_quiz_and_its_mistakes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "attempt", lambda *_: None)
    app = begin()
    for position in range(2):
        answered(app, position, "nv")
        pressed(app, f"next_{position}")
    assert [a.right for a in kept()] == [True, False]
    app = start("quiz", quiz=kept()[0].quiz)
    assert app.metric[0].value == "1 of 2"
    assert has(app, "quiz_start")
    pressed(app, "quiz_again")
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert [s.lesion for s in quiz.steps] == [kept()[1].lesion]
    pressed(app, "quiz_end")
    assert has(app, "quiz_start")
    progress = start("progress")
    assert progress.metric[0].value == "2"
    assert len(progress.get("plotly_chart")) == 2
    assert "Start a quiz with “Draw the outline”" in texts(progress)
    pressed(progress, "progress_delete")
    assert len(kept()) == 2  # not before it is confirmed
    pressed(progress, "progress_delete_confirmed")
    assert Store.open().profiles(ANNA) == []


def test_the_keyboard_goes_along_to_each_stage_and_stays_between() -> None:
    app = start("quiz")
    moments = [part(app, "scroll")["moment"]]

    def went() -> bool:
        found = part(app, "scroll")
        assert found["focus"]
        assert not found["first"]
        moments.append(found["moment"])
        return moments[-1] != moments[-2]

    named(app, "Anna")
    assert went()
    pressed(app, "quiz_start")
    assert went()
    pressed(app, "first_0_nv")
    assert not went()
    answered(app, 0, "nv")
    assert went()
    pressed(app, "next_0")
    assert went()
    pressed(app, "quiz_end")
    assert went()


def test_quizzes_are_dated_by_the_visitor_s_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(st.context), "timezone", property(lambda _: "Asia/Kathmandu"))
    app = begin()
    answered(app, 0, "nv")
    (given,) = kept()
    chart = json.loads(start("progress").get("plotly_chart")[0].proto.spec)
    (tick,) = chart["layout"]["xaxis"]["ticktext"]
    assert tick.endswith(f"{given.at.astimezone(ZoneInfo('Asia/Kathmandu')):%H:%M}")
    assert "UTC" not in chart["layout"]["xaxis"]["title"]["text"]


def drawn() -> AppTest:
    """A quiz of ten, as the button starts it."""
    Store.open().profile(ANNA, "Anna")
    return pressed(start("quiz"), "quiz_start")


def test_without_a_dataset_practice_lesions_are_asked() -> None:
    assert has(drawn(), "confirm_first_0")
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert len({s.lesion for s in quiz.steps}) == 10
    assert {s.truth for s in quiz.steps} == set(RESEMBLES.values())


def test_a_case_whose_photo_is_gone_is_skipped(small_dataset: Callable[[], Path]) -> None:
    folder = small_dataset()
    app = drawn()
    assert has(app, "confirm_first_0")
    shutil.rmtree(folder / "images")
    (folder / "images").mkdir()
    again = start("quiz")
    assert has(again, "skip_0")
    pressed(again, "skip_0")
    assert has(again, "skip_1")


@pytest.fixture
def small_dataset(tmp_path: Path) -> Callable[[], Path]:
    """Makes a dataset of a few lesions of the test split, two photos of each."""

    def make() -> Path:
        folder = tmp_path / "data" / "ham10000"
        (folder / "images").mkdir(parents=True)
        rows, photo = ["lesion_id,image_id,dx,dx_type,age,sex,localization"], None
        photo = to_jpeg(make_phantom(1, "naevus").image.rgb)
        for number in range(24):
            lesion, image = f"HAM_{number // 2:07d}", f"ISIC_{number:07d}"
            dx = KEYS[number // 2 % 7]
            rows.append(f"{lesion},{image},{dx},histo,{50 if number % 3 else ''},male,back")
            (folder / "images" / f"{image}.jpg").write_bytes(photo)
        (folder / "metadata.csv").write_text("\n".join(rows))
        splits = "".join(f"HAM_{n:07d},{'test' if n < 9 else 'train'}\n" for n in range(12))
        (folder / "split.csv").write_text("lesion_id,split\n" + splits)
        return folder

    return make


def test_cases_of_the_dataset_are_of_the_test_split(small_dataset: Callable[[], Path]) -> None:
    small_dataset()
    app = drawn()
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert sorted(s.lesion for s in quiz.steps) == [f"HAM_{n:07d}" for n in range(9)]
    answered(app, 0, "mel")
    assert "histopathology" in str([n.value for n in [*app.success, *app.error]])


def test_answers_that_cannot_be_kept_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = begin()
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "holiday.jpg").write_bytes(b"1")
    monkeypatch.setenv("LESIONLAB_LEARNING", str(taken))
    pressed(app, "first_0_mel")
    assert any("LESIONLAB" in e.value for e in app.error)
    assert [e for e in start("progress").error]


@pytest.mark.parametrize("key", ["akiec", "vasc"])
def test_each_diagnosis_has_a_page_of_its_own(key: str) -> None:
    app = start("diagnoses", diagnosis_shown=key)
    assert BY_KEY[key].name in [s.value for s in app.header]
    assert app.table  # the model's figures, with intervals
    assert all(source.cited in texts(app) for source in LESSONS[key].sources)


def test_a_diagnosis_with_photos(small_dataset: Callable[[], Path]) -> None:
    small_dataset()
    app = start("diagnoses", diagnosis_shown="df")
    assert len(app.get("plotly_chart")) == 2
    assert app.image  # of the training split: those of the test split are for the quiz
