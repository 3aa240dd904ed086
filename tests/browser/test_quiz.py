"""The quiz as a student plays it, by keyboard alone, in two browsers."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import App
from tests.waiting import PATIENCE


def the_keyboard_is_below_the_title(page: Page) -> None:
    """Of the page; not at its beginning, where who tabs has to pass its head again."""
    place = page.locator("span[tabindex='-1']")
    expect(place).to_be_focused(timeout=1000 * PATIENCE)


def test_by_keyboard_over_a_reload_and_unseen_by_another_browser(
    visit: Callable[[str], Page],
    wait_idle: Callable[..., None],
    browser: Browser,
    server: App,
    console_errors: list[str],
    foreign_requests: list[str],
) -> None:
    page = visit("/quiz")
    page.get_by_label("Nickname").fill("Anna")
    page.get_by_label("Nickname").click()  # which nothing lies over while one types
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start").wait_for()
    the_keyboard_is_below_the_title(page)
    page.get_by_role("button", name="Start").click()
    confirm = page.get_by_role("button", name=re.compile("^Confirm"))
    confirm.wait_for()
    wait_idle(page)
    the_keyboard_is_below_the_title(page)
    expect(confirm).to_be_disabled()
    assert violations(page) == []
    for key in ("5", "ArrowRight"):
        page.keyboard.press(key)
        wait_idle(page)
    answer = page.get_by_role("button", name="Dermatofibroma")
    answer.click()
    expect(answer).to_be_focused(timeout=1000 * PATIENCE)
    expect(confirm).to_be_enabled(timeout=1000 * PATIENCE)
    page.keyboard.press("Enter")
    following = page.get_by_role("button", name=re.compile("^Next case"))
    following.wait_for()
    wait_idle(page)
    the_keyboard_is_below_the_title(page)
    page.reload()  # what was confirmed is still there
    following.wait_for()
    wait_idle(page)
    assert violations(page) == []
    page.keyboard.press("Enter")
    page.get_by_text("Case 2 of 10").wait_for()
    the_keyboard_is_below_the_title(page)
    assert not foreign_requests
    cookie = next(c for c in page.context.cookies() if c["name"] == "lesionlab_browser")
    assert cookie["httpOnly"]
    assert len(cookie["value"]) == 43
    with browser.new_context(base_url=server.url) as other:
        other.set_default_timeout(1000 * PATIENCE)
        theirs = other.new_page()
        theirs.goto("/quiz")
        theirs.get_by_label("Nickname").fill("Anna")
        theirs.keyboard.press("Enter")
        theirs.get_by_role("button", name="Start").wait_for()
        assert theirs.get_by_text("Case 2 of 10").count() == 0
    assert not console_errors
