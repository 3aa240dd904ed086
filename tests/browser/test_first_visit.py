"""A first visit in a browser that was never here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App
from tests.waiting import PATIENCE


@pytest.fixture(params=[(1366, 768), (390, 844)], ids=["desk", "phone"])
def newcomer(browser: Browser, server: App, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    with browser.new_context(
        base_url=server.url, viewport={"width": width, "height": height}, reduced_motion="reduce"
    ) as context:
        context.set_default_timeout(1000 * PATIENCE)
        yield context.new_page()


def test_four_steps_by_keyboard_once(newcomer: Page, wait_idle: Callable[..., None]) -> None:
    page = newcomer
    page.goto("/")
    wait_idle(page)
    card = page.get_by_role("region", name="First visit")
    expect(card.get_by_role("heading", name="What you see")).to_be_visible()
    following = card.get_by_role("button", name="Next")
    expect(page.get_by_role("button", name="Next", exact=True)).to_have_count(0)  # the case's name
    following.focus()
    page.keyboard.press("Enter")
    expect(card.get_by_role("heading", name="What it means")).to_be_visible()
    expect(following).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(card.get_by_role("heading", name="What you see")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(card.get_by_role("heading", name="Try one")).to_be_visible()
    expect(card.get_by_role("button", name="Another lesion")).to_be_focused()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("Enter")
    wait_idle(page)
    expect(card).to_have_count(0)
    expect(page.locator(".st-key-scroll_answer span")).to_be_focused()
    with page.context.expect_page() as opened:
        page.evaluate("window.open('/')")
    wait_idle(opened.value)
    expect(opened.value.get_by_role("region", name="First visit")).to_have_count(0)
    opened.value.goto("/about")
    wait_idle(opened.value)
    opened.value.get_by_role("button", name="Show the first visit again").click()
    again = opened.value.get_by_role("region", name="First visit")
    again.wait_for()
    again.get_by_role("button", name="Next").focus()
    opened.value.keyboard.press("Escape")
    expect(again).to_have_count(0)


def test_a_link_to_a_case_is_not_in_its_way(newcomer: Page, wait_idle: Callable[..., None]) -> None:
    newcomer.goto("/?practice=3")
    wait_idle(newcomer)
    expect(newcomer.get_by_role("region", name="First visit")).to_have_count(0)
