"""What the Analyse page shows is in its address, and comes back from there."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.ham10000.dataset import Dataset
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set, practice_titles
from core.settings import REPOSITORY
from tests.pages.conftest import checked, part, read, start, texts, visit
from tests.waiting import PATIENCE, wait_for
from ui import methods, state
from ui.analyse import uploads
from ui.case import Case
from ui.drawings import drawings
from ui.subprocess_task import Task


def arrive(**address: str) -> AppTest:
    """A new visitor with that address."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=PATIENCE)
    for name, value in address.items():
        app.query_params[name] = value
    return checked(app)


def address_of(app: AppTest) -> dict[str, str]:
    return {name: "".join(app.query_params[name]) for name in app.query_params}


def test_a_view_comes_back_from_its_address(fresh) -> None:
    app = start(practice=practice_titles()[2], section="threshold")
    app.toggle(key="heat_on").set_value(True).run()
    next(s for s in app.selectbox if s.label == "Heatmap for").set_value("vasc").run()
    app.segmented_control(key="line_target").set_value("malignant")
    app.slider(key="line_sensitivity").set_value(77).run()
    found = address_of(app)
    assert found == {
        "practice": "3",
        "section": "threshold",
        "layers": "heatmap",
        "class": "vasc",
        "find": "malignant",
        "sensitivity": "77",
    }
    other = arrive(**found)
    assert address_of(other) == found
    assert practice_titles()[2] in part(other, "photo")["alt"]
    assert "heatmap for Vascular lesion" in part(other, "photo")["alt"]
    assert other.slider(key="line_sensitivity").value == 77


def test_a_forgotten_camera_photo_is_told_in_another_tab(fresh, cookies) -> None:
    cookies["lesionlab_browser"] = "a" * 43
    content = to_jpeg(practice_set()[0].image.rgb)
    tabs = []
    for _ in range(2):
        app = start()
        app.segmented_control(key="source").set_value("camera").run()
        app.camera_input(key="camera").set_value(("shot.jpg", content, "image/jpeg")).run()
        assert part(app, "photo")
        tabs.append(app)
    first, other = tabs
    first.button(key="shot_remove").click().run()
    assert not part(other.run(), "photo")
    assert "was forgotten" in texts(other)


def test_nonsense_in_an_address_is_passed_over(fresh) -> None:
    app = arrive(
        practice="99", section="<b>", layers="x.y", sensitivity="7e9", **{"class": "pizza"}
    )
    assert part(app, "photo")
    assert address_of(app) == {"practice": "1"}


@pytest.mark.parametrize("name", ["practice", "sensitivity", "case", "cases", "photo"])
def test_a_very_long_number_in_an_address_is_passed_over(fresh, name: str) -> None:
    app = arrive(**{"practice": "1", name: "1" * 5000})
    assert app.title


def test_a_case_comes_back_and_an_unknown_one_is_named(
    imported: Dataset,
) -> None:
    image_id = str(imported.table.index[imported.table["split"] == "train"][0])
    app = arrive(case=image_id.removeprefix("ISIC_"))
    assert image_id in part(app, "photo")["alt"]
    assert address_of(app) == {"case": image_id}
    app = arrive(case="9999999")
    assert r"There is no image ISIC\_9999999" in texts(app)
    first = app.session_state["case"]
    app.button(key="shuffle").click().run()
    second = app.session_state["case"]
    app.button(key="shuffle").click().run()
    app.button(key="chevron_left").click().run()
    assert app.session_state["case"] == second
    app.button(key="chevron_left").click().run()
    assert app.session_state["case"] == first
    assert app.button(key="chevron_left").disabled


def test_two_quick_clicks_lead_back_where_one_was_seen_before() -> None:
    def clicks() -> None:
        import streamlit as st

        from ui import case_picker

        st.session_state["seen"] = ["before"]
        for _ in range(2):
            case_picker._back("", "before")

    app = AppTest.from_function(clicks).run()
    assert not app.exception
    assert app.session_state["case"] == "before"


def test_an_upload_outlives_a_reload_for_who_has_its_address_until_it_is_forgotten(fresh) -> None:
    app = start()
    app.segmented_control(key="source").set_value("upload").run()
    photo = to_jpeg(practice_set()[1].image.rgb)
    app.file_uploader[0].set_value(("mine.jpg", photo, "image/jpeg")).run()
    found = address_of(app)
    assert list(found) == ["photo"]
    assert "mine.jpg" in part(arrive(**found), "photo")["alt"]
    assert not part(app, "copy"), "no link leads to it"
    app.button(key="upload_remove").click().run()
    assert address_of(app) == {}
    late = arrive(**found)
    assert not part(late, "photo")
    assert late.warning
    assert late.file_uploader


PHOTOS = [to_jpeg(lesion.image.rgb) for lesion in practice_set()[1:3]]


def bring(app: AppTest, name: str, photo: bytes = PHOTOS[0]) -> AppTest:
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader[0].set_value((name, photo, "image/jpeg"))
    return checked(app)


def test_another_photo_takes_the_place_of_the_one_before(fresh) -> None:
    app = bring(start(), "first.jpg")
    first = address_of(app)
    for name, photo in (
        ("second.jpg", PHOTOS[1]),
        ("again.jpg", PHOTOS[1]),
        ("third.jpg", PHOTOS[0]),
    ):
        app.file_uploader[0].set_value((name, photo, "image/jpeg"))
        assert name in part(checked(app), "photo")["alt"]
    assert not part(arrive(**first), "photo"), "it is gone"
    app.file_uploader[0].set_value(("words.jpg", b"no photo", "image/jpeg"))
    app = checked(app)
    assert "third.jpg" in part(app, "photo")["alt"], "it stays"
    assert any("words.jpg" in read(error.value) for error in app.error)


def test_back_to_a_forgotten_photo_shows_no_other_one(fresh) -> None:
    app = bring(start(), "first.jpg")
    gone = address_of(app)
    app.button(key="upload_remove").click().run()
    bring(app, "second.jpg", PHOTOS[1])
    second = address_of(app)
    app.query_params = dict(gone)
    checked(app)
    assert not part(app, "photo")
    assert "no longer here" in texts(app)
    app.query_params = dict(second)
    assert "second.jpg" in part(checked(app), "photo")["alt"]


def test_nothing_is_left_of_a_forgotten_photo(fresh) -> None:
    app = start(section="report")
    drawn, kept = drawings.nbytes, uploads.store().size
    bring(app, "mine.jpg")
    case = app.session_state["upload"]
    app.text_area[0].set_value("my own words").run()
    app.toggle(key="heat_on").set_value(True).run()
    methods.bench().keep(case.digest, "mel", {"gradcam": np.zeros((6, 6))})
    answer = weakref.ref(state.model_server().remembered(case.digest))
    app.button(key="compare").click().run()
    assert app.session_state["one_upload"] is case
    visit(app, "analyse")
    app.button(key="upload_remove").click().run()
    assert not app.exception
    left = {name: app.session_state[name] for name in app.session_state}
    assert not [name for name in left if case.digest in name]
    assert not [name for name, value in left.items() if isinstance(value, Case)]
    assert "my own words" not in str(left)
    assert state.model_server().remembered(case.digest) is None
    assert methods.bench().remembered(case.digest, "mel") == {}

    def gone() -> bool:
        gc.unfreeze()  # what `ui.serving.garbage` found alive while the photo was still there
        gc.collect()
        return answer() is None

    wait_for(gone)  # a thread that is at its end may hold it for a moment
    assert drawings.nbytes <= drawn
    assert uploads.store().size == kept
    bring(app, "mine.jpg")
    assert app.text_area[0].value == ""


def test_a_forgotten_photo_goes_from_the_browsers_other_tabs(fresh, cookies) -> None:
    cookies["lesionlab_browser"] = "a" * 43
    first, other = (bring(start(), "mine.jpg") for _ in range(2))
    address = address_of(other)
    cookies["lesionlab_browser"] = "b" * 43
    somebodys = bring(start(), "mine.jpg")
    cookies["lesionlab_browser"] = "a" * 43
    first.button(key="upload_remove").click().run()
    for tab in (other.run(), arrive(**address)):
        assert not tab.exception
        assert not part(tab, "photo")
        assert "was forgotten" in texts(tab)
        assert "upload" not in tab.session_state
    assert part(bring(first, "mine.jpg"), "photo"), "brought once more"
    cookies["lesionlab_browser"] = "b" * 43
    assert part(somebodys.run(), "photo"), "the same photo of somebody else"


def test_what_is_being_computed_of_a_forgotten_photo_ends_and_leaves_nothing(fresh) -> None:
    app = bring(start(), "mine.jpg")
    digest = app.session_state["upload"].digest
    told = []
    command = f"import time; time.sleep({PATIENCE})"
    task = Task("timeit", [command], {"pixels.png": b"a photo"}, ended=told.append)
    app.session_state[methods.TASK] = ((digest, "mel"), task)
    app.button(key="upload_remove").click().run()
    assert not app.exception
    assert methods.TASK not in app.session_state
    assert task.wait(PATIENCE)
    assert told == []


def test_a_photo_of_compare_leaves_the_store_once_it_is_forgotten(fresh) -> None:
    kept = uploads.store().size
    app = start("compare")
    app.segmented_control(key="two_source").set_value("upload").run()
    app.file_uploader(key="two_file").set_value(("mine.jpg", PHOTOS[0], "image/jpeg"))
    checked(app)
    assert uploads.store().size > kept
    app.button(key="two_upload_remove").click().run()
    assert "two_upload" not in app.session_state
    assert uploads.store().size == kept


def test_a_photo_that_two_pickers_show_stays_in_the_store_until_both_let_go(fresh) -> None:
    kept = uploads.store().size
    app = bring(start(), "mine.jpg")
    key = app.session_state["upload_key"]
    app.session_state["two_source"] = "upload"
    app.session_state["two_upload"] = app.session_state["upload"]
    app.session_state["two_upload_key"] = key
    visit(app, "compare")
    app.file_uploader(key=f"two_file_{app.session_state['two_upload'].digest}").set_value(
        ("other.jpg", PHOTOS[1], "image/jpeg")
    )
    checked(app)
    assert app.session_state["two_upload_key"] != key
    assert uploads.store().get(key) is not None
    assert uploads.store().size > kept


def test_who_answers_first_sees_the_model_s_answer_afterwards(
    imported: Dataset,
) -> None:
    app = start(first=True, section="heatmaps", heat_on=True)
    assert not part(app, "bars")
    assert not app.table
    assert "heatmap" not in part(app, "photo")["alt"]
    assert part(app, "status")["words"].endswith(": What is your diagnosis?")
    assert app.button(key="commit").disabled
    app.pills[0].set_value("mel").run()
    app.button(key="commit").click().run()
    assert part(app, "scroll")["focus"], "the keyboard is sent to the answer"
    assert " %" in part(app, "status")["words"]
    assert part(app, "bars")
    assert app.table[0].value["Diagnosis"].iloc[0] == "Melanoma"
    assert [*app.success, *app.error], "the truth"
    app.button(key="shuffle").click().run()
    assert not part(app, "bars")
    app.toggle(key="first").set_value(False).run()
    assert part(app, "scroll")["control"] == "first", "it stands in another place now"
    assert part(app, "bars")
