"""The playlist of the Dataset page, and the presentation that shows it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.ham10000.dataset import Dataset
from tests.pages.conftest import part, start, texts, visit
from ui.analyse.address import MOST_CASES
from ui.dataset.playlist import listed_in


@pytest.fixture
def app(imported: Dataset) -> AppTest:
    return start("dataset")


@pytest.fixture
def ids(drawn: Dataset) -> list[str]:
    return [str(image_id) for image_id in drawn.table.index[:3]]


def test_a_playlist_is_made_in_order_and_lives_in_its_link(app: AppTest, ids: list[str]) -> None:
    for image_id in ids:
        app.button(key=f"playlist_{image_id}").click().run()
    app.button(key=f"playlist_up_{ids[2]}").click().run()
    app.button(key=f"playlist_remove_{ids[0]}").click().run()
    assert not app.exception
    assert app.session_state["playlist"] == [ids[2], ids[1]]
    digits = [image_id.removeprefix("ISIC_").lstrip("0") for image_id in (ids[2], ids[1])]
    assert any(code.value.endswith(f"cases={'.'.join(digits)}") for code in app.code)
    app.button(key="playlist_add_all").click().run()
    assert len(app.session_state["playlist"]) > 2
    app.button(key="playlist_clear").click().run()
    assert app.session_state["playlist"] == []


def test_a_second_click_before_the_page_is_drawn_anew_does_no_harm(
    app: AppTest, ids: list[str]
) -> None:
    for image_id in ids:
        app.button(key=f"playlist_{image_id}").click().run()
    app.session_state["playlist"].remove(ids[0])  # what the first click did
    app.button(key=f"playlist_remove_{ids[0]}").click().run()
    assert not app.exception
    assert app.session_state["playlist"] == ids[1:]
    app.session_state["playlist"].reverse()  # as after a click on Up of the last one
    app.button(key=f"playlist_up_{ids[2]}").click().run()
    assert not app.exception
    assert app.session_state["playlist"] == [ids[2], ids[1]]


def test_present_opens_the_first_case_that_the_dataset_has(app: AppTest, ids: list[str]) -> None:
    app.session_state["playlist"] = ["ISIC_9999999", *ids]
    app.run()
    app.button(key="playlist_present").click().run()
    assert not app.exception
    stage = part(app, "stage")
    assert stage is not None
    assert stage["alt"] == f"photo {ids[0]}"
    found = {name: "".join(app.query_params[name]) for name in app.query_params}
    digits = [image_id.removeprefix("ISIC_").lstrip("0") for image_id in ids]
    assert found == {
        "case": ids[0], "view": "present", "cases": ".".join(["9999999", *digits]),
    }  # fmt: skip


def open_file(app: AppTest, content: bytes) -> AppTest:
    app.file_uploader(key="playlist_file").set_value(("list.txt", content, "text/plain")).run()
    assert not app.exception
    return app


def test_a_saved_playlist_is_opened_and_anything_else_is_refused(
    app: AppTest, ids: list[str]
) -> None:
    open_file(app, f"# Monday\r\n{ids[1]}\r\n{ids[0]}.jpg, 9999999".encode())
    assert app.session_state["playlist"] == [ids[1], ids[0]]
    assert "1 of its 3 ids are not in the dataset" in texts(app)
    open_file(app, b"PK\x03\x04\xff 24306 24307")
    assert "is not a list of images" in texts(app)
    assert app.session_state["playlist"] == [ids[1], ids[0]]


@pytest.mark.parametrize("content", [b"", b"# 24306", b"call 24306", b"\xff\xfe2\x004\x00", b"1e9"])
def test_a_file_that_is_no_list_lists_nothing(content: bytes) -> None:
    assert listed_in(content) == []


def test_a_file_lists_no_more_than_a_playlist_holds() -> None:
    assert len(listed_in("\n".join(map(str, range(1, 500))).encode())) == MOST_CASES


def test_a_presentation_goes_through_the_playlist_and_ends_where_it_was_left(
    imported: Dataset, ids: list[str]
) -> None:
    app = start(present=True, playlist=["ISIC_9999999", *ids], source="dataset", case=ids[1],
                pinned=True)  # fmt: skip
    shown = part(app, "stage")
    assert shown is not None
    assert shown["alt"] == f"photo {ids[1]}"
    assert "Case 2 of 3" in shown["note"]
    assert shown["truth"].startswith("Truth: ")
    assert not part(app, "photo")
    app.session_state["present"] = False
    app.run()
    assert ids[1] in part(app, "photo")["alt"]
    assert visit(app, "dataset").session_state["playlist"][1:] == ids
