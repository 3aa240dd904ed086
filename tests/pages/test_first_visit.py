"""A first visit in four steps, run headless: buttons stand in for those of the browser's card."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import REPOSITORY
from tests.pages.conftest import button, checked, part, start, visit
from tests.waiting import PATIENCE
from ui.analyse import first_visit

pytestmark = pytest.mark.usefixtures("browser")


@pytest.fixture
def buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    def stand_in(
        stops: Sequence[tuple[str, str]],
        offers: dict[str, str],
        cookie: str,
        on_left: Callable[[str], None],
    ) -> None:
        for key in ("", *offers, "elsewhere"):
            st.button(f"to {key}", on_click=on_left, args=(key,))

    monkeypatch.setattr(first_visit, "tour", stand_in)


def arrive(**address: str) -> AppTest:
    """The app as an address leads to it."""
    app = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=PATIENCE)
    for name, value in address.items():
        app.query_params[name] = value
    return checked(app)


def test_a_new_browser_is_led_through_four_steps_beside_an_open_page() -> None:
    app = arrive()
    shown = part(app, "tour")
    titles = [stop["title"] for stop in shown["stops"]]
    assert titles == ["What you see", "What it means", "What it cannot do", "Try one"]
    assert "never diagnoses" in shown["stops"][2]["text"]
    assert "of 100 melanomas" in shown["stops"][2]["text"]
    assert part(app, "photo")
    assert part(checked(app), "tour")  # another run of the page does not take it away


@pytest.mark.parametrize(
    "address", [{"practice": "3"}, {"case": "24306"}, {"photo": "x"}, {"cases": "24306.24307"}]
)
def test_who_comes_by_a_link_sees_what_it_leads_to(address: dict[str, str]) -> None:
    app = arrive(**address)
    assert part(app, "tour") is None
    assert part(visit(app, "analyse"), "tour") is None


def test_a_browser_that_has_seen_it_is_not_shown_it_until_about_is_asked(
    browser: dict[str, str],
) -> None:
    browser[first_visit.COOKIE] = "1"
    app = arrive()
    assert part(app, "tour") is None
    app = visit(app, "about")
    app.button(key="first_visit_again").click()
    assert part(checked(app), "tour")


@pytest.mark.usefixtures("buttons")
@pytest.mark.parametrize("to", ["", "close", "elsewhere"])
def test_it_can_be_left_at_any_step(to: str) -> None:
    app = start()
    before = app.selectbox[0].value
    button(app, f"to {to}").click()
    checked(app)
    assert button(app, "to close") is None
    assert app.selectbox[0].value == before


@pytest.mark.usefixtures("buttons")
def test_it_leads_to_another_lesion_and_to_the_quiz() -> None:
    app = start()
    before = app.selectbox[0].value
    button(app, "to another").click()
    checked(app)
    assert app.selectbox[0].value != before
    assert button(app, "to close") is None
    app = start()
    button(app, "to quiz").click()
    assert [t.value for t in checked(app).title] == ["Quiz"]
    assert button(visit(app, "analyse"), "to close") is None
