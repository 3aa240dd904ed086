"""Outlines drawn in a real browser: by keyboard alone, by mouse, and by a finger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import App
from tests.waiting import PATIENCE


def begin(page: Page, wait_idle: Callable[..., None]) -> Locator:
    """A quiz of outlines; returns the place to draw on."""
    page.goto("/quiz")
    page.get_by_label("Nickname").fill("Anna")
    page.keyboard.press("Enter")
    page.get_by_role("radio", name="Draw the outline").click()
    wait_idle(page)
    page.get_by_role("button", name="Start").click()
    area = page.get_by_role("application")
    area.wait_for()
    wait_idle(page)
    return area


def points(page: Page) -> int:
    return page.locator(".points > span").count()


def around(area: Locator) -> list[tuple[float, float]]:
    """Places around the middle of the photo, in the window."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    shares = [(0.3, 0.25), (0.7, 0.25), (0.75, 0.5), (0.7, 0.75), (0.3, 0.75), (0.25, 0.5)]
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in shares]


def test_by_keyboard_over_a_reload(
    page: Page,
    wait_idle: Callable[..., None],
    console_errors: list[str],
    foreign_requests: list[str],
) -> None:
    area = begin(page, wait_idle)
    confirm = page.get_by_role("button", name="Confirm my outline")
    expect(confirm).to_be_disabled()
    area.focus()
    for key, times in (("ArrowLeft", 9), ("ArrowUp", 7)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press("Enter")
    for key, times in (("ArrowRight", 18), ("ArrowDown", 14), ("ArrowLeft", 18)):
        for _ in range(times):
            page.keyboard.press(key)
        page.keyboard.press("Enter")
    assert points(page) == 4
    expect(confirm).to_be_enabled()
    page.keyboard.press("Backspace")
    assert points(page) == 3
    page.keyboard.press("Enter")
    # The point under the cursor is taken up, moved, and set down.
    page.keyboard.press("Enter")
    before = page.locator(".points .held").get_attribute("style")
    page.keyboard.press("Shift+ArrowDown")
    assert page.locator(".points .held").get_attribute("style") != before
    page.keyboard.press("Enter")
    assert page.locator(".points .held").count() == 0
    assert points(page) == 4
    # Taken across to the other side, it makes the outline cross itself.
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    for _ in range(20):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_text("The outline crosses or touches itself")).to_be_visible()
    expect(confirm).to_be_disabled()
    page.keyboard.press("Control+z")
    expect(confirm).to_be_enabled()
    page.reload()  # what was drawn so far is still there
    area.wait_for()
    wait_idle(page)
    assert points(page) == 4
    area.focus()
    for _ in range(10):
        page.keyboard.press("Tab")
        if confirm.evaluate("button => button === button.getRootNode().activeElement"):
            break
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next case").wait_for()
    wait_idle(page)
    for name in ("As drawn by the program", "Model", "You"):
        expect(page.get_by_role("checkbox", name=name)).to_be_checked()
    page.reload()  # what was confirmed is still there
    page.get_by_role("checkbox", name="You").wait_for()
    wait_idle(page)
    page.get_by_role("checkbox", name="You").uncheck()
    expect(page.locator(".frame > svg.dotted")).to_be_hidden()
    page.get_by_role("button", name="Next case").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Case 2 of 10").wait_for()
    assert not console_errors
    assert not foreign_requests


def test_by_mouse(page: Page, wait_idle: Callable[..., None], console_errors: list[str]) -> None:
    area = begin(page, wait_idle)
    places = around(area)
    for place in places:
        page.mouse.click(*place)
    assert points(page) == len(places)
    # A point on a side goes in between and can be dragged away at once.
    (x, y), (u, v) = places[0], places[1]
    page.mouse.move((x + u) / 2, (y + v) / 2)
    page.mouse.down()
    page.mouse.move((x + u) / 2, (y + v) / 2 - 20, steps=4)
    page.mouse.up()
    assert points(page) == len(places) + 1
    line = page.locator("path.line").get_attribute("d")
    page.mouse.move(*places[2])
    page.mouse.down()
    page.mouse.move(places[2][0] + 15, places[2][1], steps=4)
    page.mouse.up()
    assert points(page) == len(places) + 1
    assert page.locator("path.line").get_attribute("d") != line
    page.get_by_role("button", name="Undo").click()
    assert page.locator("path.line").get_attribute("d") == line
    page.get_by_role("button", name="Clear").click()
    assert points(page) == 0
    page.get_by_role("button", name="Undo").click()
    assert points(page) == len(places) + 1
    page.get_by_role("button", name="Clear").click()
    # In one go, past the beginning.
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in (*places[1:], places[0], (places[0][0] + 12, places[0][1] - 30)):
        page.mouse.move(*place, steps=12)
    page.mouse.up()
    assert points(page) > 30
    confirm = page.get_by_role("button", name="Confirm my outline")
    expect(confirm).to_be_enabled()
    confirm.click()
    page.get_by_role("button", name="Next case").wait_for()
    assert not console_errors


@pytest.mark.parametrize("viewport", [(390, 844)])
def test_by_finger(
    browser: Browser, server: App, viewport: tuple[int, int], wait_idle: Callable[..., None]
) -> None:
    with browser.new_context(
        base_url=server.url,
        has_touch=True,
        viewport={"width": viewport[0], "height": viewport[1]},
        reduced_motion="reduce",
    ) as context:
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        area = begin(page, wait_idle)
        for place in around(area):
            page.touchscreen.tap(*place)
        assert points(page) == 6
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("button", name="Confirm my outline").tap()
        page.get_by_role("button", name="Next case").wait_for()
