"""The report's section of the Analyse page, run headless."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import start
from ui.sections.report import NOTES_LENGTH

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
    assert area.max_chars == NOTES_LENGTH


def test_notes_are_remembered_for_each_photo(app: AppTest) -> None:
    first, second, *_ = app.selectbox(key="practice").options
    app.text_area[0].set_value("What I see.").run()
    app.selectbox(key="practice").set_value(second).run()
    assert not app.exception
    assert app.text_area[0].value == ""
    app.selectbox(key="practice").set_value(first).run()
    assert app.text_area[0].value == "What I see."
