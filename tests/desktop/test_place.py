"""One window at a time, and how a second start finds it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from core.system import ownership
from core.system.storage import WINDOW
from desktop.place import Place, PlaceError


def test_the_next_server_gets_the_port_of_the_last(tmp_path: Path) -> None:
    place = Place(tmp_path / "window")
    assert place.port == 0
    place.begin(8613)
    assert Place(tmp_path / "window").port == 8613
    assert ownership.kind_of(tmp_path / "window") == WINDOW


@pytest.mark.parametrize(
    "content", ["", "[]", '{"port": true}', '{"port": "1"}', '{"port": 22}', "{"]
)
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    place = Place(tmp_path / "window")
    (tmp_path / "window" / "window.json").write_text(content)
    assert place.port == 0


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").touch()
    with pytest.raises(PlaceError, match="LESIONLAB_WINDOW"):
        Place(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.docx"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PlaceError, match="Set LESIONLAB_WINDOW"):
        Place(tmp_path / "file" / "window")


def test_the_first_is_asked_once(tmp_path: Path) -> None:
    first, second = Place(tmp_path / "window"), Place(tmp_path / "window")
    first.begin(8613)
    assert not first.asked_to_show()
    asking = threading.Thread(target=second.ask_to_show)
    asking.start()
    while not first.asked_to_show():
        pass
    asking.join()
    assert not first.asked_to_show()


def test_a_first_that_does_not_answer_is_said_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.place.ANSWER_SECONDS", 0)
    place = Place(tmp_path / "window")
    place.begin(8613)
    with pytest.raises(PlaceError, match="does not answer"):
        place.ask_to_show()


def test_another_installations_window_is_named(tmp_path: Path) -> None:
    place = Place(tmp_path / "window")
    (tmp_path / "window" / "window.json").write_text('{"port": 8613, "installation": "/opt/older"}')
    with pytest.raises(PlaceError, match="/opt/older"):
        place.ask_to_show()


def test_what_an_earlier_window_was_asked_is_forgotten(tmp_path: Path) -> None:
    place = Place(tmp_path / "window")
    (tmp_path / "window" / "show").touch()
    place.begin(8613)
    assert not place.asked_to_show()
