"""Outlines drawn in a real browser: by keyboard alone, by mouse, and by a finger."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.learning.outlines import Painted, mask_of
from tests.browser.axe import violations
from tests.browser.conftest import App, draw_an_outline
from tests.waiting import PATIENCE


def begin(page: Page, wait_idle: Callable[..., None]) -> Locator:
    """A quiz of outlines; returns the place to draw on."""
    area = draw_an_outline(page, wait_idle)
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


GRID = 600, 450


def painted(page: Page) -> np.ndarray:
    """What this tab keeps of the painted area, bool H×W."""
    counts = page.evaluate("JSON.parse(sessionStorage['lesionlab-outline']).counts")
    return mask_of(Painted(*GRID, tuple(counts)), *GRID)


def brushed(radius: float, *way: tuple[float, float]) -> np.ndarray:
    """The pixels whose centre lies within a radius of a line, all in pixels of the grid."""
    y, x = np.mgrid[: GRID[1], : GRID[0]] + 0.5
    found = np.zeros(GRID[::-1], bool)
    for (a, b), (c, d) in zip(way, way[1:] or way, strict=False):
        long = (c - a) ** 2 + (d - b) ** 2 or 1
        along = np.clip(((x - a) * (c - a) + (y - b) * (d - b)) / long, 0, 1)
        found |= np.hypot(x - a - along * (c - a), y - b - along * (d - b)) <= radius
    return found


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """But for what rounding does to the border."""
    return (one != other).sum() <= 0.01 * other.sum()


def test_a_brush_by_keyboard_over_a_reload(
    page: Page, wait_idle: Callable[..., None], console_errors: list[str]
) -> None:
    area = begin(page, wait_idle)
    page.get_by_role("radio", name="Brush").check()
    confirm = page.get_by_role("button", name="Confirm my outline")
    expect(confirm).to_be_disabled()
    assert violations(page) == []
    area.focus()
    page.keyboard.press("Space")  # down in the middle, 18 pixels wide
    assert alike(painted(page), brushed(18, (300, 225)))
    for _ in range(5):
        page.keyboard.press("ArrowRight")  # 12 pixels each
    assert alike(painted(page), brushed(18, (300, 225), (360, 225)))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")  # lifted
    whole = painted(page)
    assert alike(whole, brushed(18, (300, 225), (360, 225)))
    expect(page.get_by_text("% of the photo is painted")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.get_by_role("radio", name="Erase")).to_be_checked()
    page.keyboard.press("[")
    expect(page.get_by_role("radio", name="Small")).to_be_checked()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert alike(painted(page), whole & ~brushed(6, (360, 225)))
    page.keyboard.press("Control+z")
    assert (painted(page) == whole).all()
    for tool, seen in (("Outline", False), ("Brush", True)):  # each keeps what is its own
        page.get_by_role("radio", name=tool).check()
        expect(page.locator("canvas")).to_be_visible(visible=seen)
        expect(confirm).to_be_enabled(enabled=seen)
    page.reload()
    area.wait_for()
    wait_idle(page)
    expect(page.get_by_role("radio", name="Brush")).to_be_checked()
    expect(page.get_by_role("radio", name="Small")).to_be_checked()
    assert (painted(page) == whole).all()
    confirm.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Next case").wait_for()
    wait_idle(page)
    expect(page.locator(".frame > svg.dotted .line")).to_have_attribute("d", re.compile("^M"))
    assert not console_errors


def test_a_brush_by_mouse(
    page: Page, wait_idle: Callable[..., None], console_errors: list[str]
) -> None:
    area = begin(page, wait_idle)
    page.get_by_role("radio", name="Brush").check()
    page.get_by_role("radio", name="Large").check()
    places = around(area)
    box = area.bounding_box()
    assert box

    def stroke(*way: tuple[float, float]) -> list[tuple[float, float]]:
        page.mouse.move(*way[0])
        page.mouse.down()
        for place in way[1:]:
            page.mouse.move(*place, steps=5)
        page.mouse.up()
        scale = GRID[0] / box["width"]
        return [((x - box["x"]) * scale, (y - box["y"]) * scale) for x, y in way]

    ring = stroke(*places, places[0])
    assert alike(painted(page), brushed(42, *ring))
    page.get_by_role("radio", name="Erase").check()
    across = stroke(places[0], places[3])
    assert alike(painted(page), brushed(42, *ring) & ~brushed(42, *across))
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    assert alike(painted(page), brushed(42, *ring))
    page.get_by_role("button", name="Clear").click()
    assert not painted(page).any()
    undo.click()
    undo.click()
    assert not painted(page).any()
    expect(undo).to_be_disabled()
    page.get_by_role("radio", name="Paint").check()
    # In a window of another size the same places are painted.
    page.set_viewport_size({"width": 1000, "height": 700})
    wait_idle(page)
    places = around(area)
    box = area.bounding_box()
    assert box
    line = stroke(places[0], places[3])
    assert alike(painted(page), brushed(42, *line))
    page.get_by_role("button", name="Confirm my outline").click()
    page.get_by_role("button", name="Next case").wait_for()
    assert not console_errors


def pinch(page: Page, x: float, y: float) -> None:
    """Two fingers go apart on either side of a place, first one and then the other set down."""
    session = page.context.new_cdp_session(page)

    def touch(kind: str, *fingers: float) -> None:
        at = [{"x": x + off, "y": y, "id": n} for n, off in enumerate(fingers)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    touch("touchStart", -20)
    touch("touchStart", -20, 20)
    for off in range(21, 100, 3):  # from some distance on it counts
        touch("touchMove", -off, off)
    touch("touchEnd")
    page.wait_for_function("visualViewport.scale > 1.2")


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
        page.get_by_role("radio", name="Brush").tap()
        places = around(area)
        box = area.bounding_box()
        assert box
        page.touchscreen.tap(*places[0])
        at = [(v - box[s]) * GRID[0] / box["width"] for v, s in zip(places[0], "xy", strict=True)]
        for control in page.locator(".choices label, .tools button").all():
            room = control.bounding_box()
            assert room is None or min(room["width"], room["height"]) >= 24
        dab = brushed(18, (at[0], at[1]))
        assert alike(painted(page), dab)
        # Two fingers zoom the page, and paint nothing.
        pinch(page, *places[1])
        assert alike(painted(page), dab)
        # One paints on in a page that is zoomed a little, where the page hears it: Chromium taps at
        # a place with or without the zoom, whether or not it has drawn the page since.
        session = page.context.new_cdp_session(page)
        session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1.2})
        page.wait_for_function("Math.abs(visualViewport.scale - 1.2) < 0.01")
        page.evaluate(
            "addEventListener('pointerdown', e => { window.at = [e.clientX, e.clientY]; }, true)"
        )
        page.touchscreen.tap(places[5][0], places[0][1])
        tapped = page.evaluate("window.at")
        session.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 1})
        u, v = ((v - box[s]) * GRID[0] / box["width"] for v, s in zip(tapped, "xy", strict=True))
        assert alike(painted(page), dab | brushed(18, (u, v)))
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("button", name="Confirm my outline").tap()
        page.get_by_role("button", name="Next case").wait_for()
