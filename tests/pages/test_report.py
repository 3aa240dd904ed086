"""The report's section of the Analyse page, run headless."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.lesion.phantom import practice_set
from tests.pages.conftest import start
from ui.analyse import notes
from ui.analyse.notes import LENGTH

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(fresh: Path) -> AppTest:
    """The Analyse page of a fresh clone with the section opened."""
    return start(section="report")


def test_notes_and_two_files(app: AppTest) -> None:
    buttons = {b.label: b for b in app.get("download_button")}
    assert {"Report (PDF)", "Report (HTML)"} <= buttons.keys()
    (area,) = app.text_area
    assert area.label == "Your notes"
    assert area.max_chars == LENGTH


def test_the_date_is_that_of_the_visitors_calendar(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: dict[str, Callable[[], str]] = {}
    monkeypatch.setattr("ui.files.download", lambda _, data, name, **more: made.update(html=data))
    days = set()
    for zone in ("Etc/GMT+12", "Etc/GMT-14"):  # where it is never the same day
        monkeypatch.setattr(type(st.context), "timezone", property(lambda _, zone=zone: zone))
        assert not app.run().exception
        days |= set(re.findall(r"\b\d+ [A-Z]\w+ 20\d\d", made["html"]()))
    assert len(days) == 2


def test_notes_outlive_a_reload_until_the_photo_is_forgotten(
    app: AppTest, cookies: dict[str, str]
) -> None:
    cookies["lesionlab_browser"] = "a" * 43
    app.text_area[0].set_value("What I see.").run()
    assert start(section="report").text_area[0].value == "What I see."
    notes.forget(practice_set()[0].image.digest)
    assert start(section="report").text_area[0].value == ""
    cookies["lesionlab_browser"] = "b" * 43
    app.text_area[0].set_value("What I see now.").run()
    cookies["lesionlab_browser"] = "a" * 43
    assert start(section="report").text_area[0].value == "", "somebody else's"


def test_another_tab_leaves_notes_alone(app: AppTest, cookies: dict[str, str]) -> None:
    cookies["lesionlab_browser"] = "a" * 43
    other = start(section="report")
    app.text_area[0].set_value("What I see.").run()
    other.run()
    assert start(section="report").text_area[0].value == "What I see."


def test_notes_are_remembered_for_each_photo(app: AppTest) -> None:
    first, second, *_ = app.selectbox(key="practice").options
    app.text_area[0].set_value("What I see.").run()
    app.selectbox(key="practice").set_value(second).run()
    assert not app.exception
    assert app.text_area[0].value == ""
    app.selectbox(key="practice").set_value(first).run()
    assert app.text_area[0].value == "What I see."
