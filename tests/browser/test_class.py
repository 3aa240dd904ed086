"""A class with three browsers, a teacher and two students, one of whom is served by another app."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import App
from tests.waiting import PATIENCE

BELOW_THE_TITLE = "span[tabindex='-1']"
"""Where the keyboard waits for what the teacher has changed."""


def test_three_browsers(
    visit: Callable[[str], Page],
    browser: Browser,
    server: App,
    start_app: Callable[..., App],
    console_errors: list[str],
) -> None:
    second = start_app(
        server.data,
        LESIONLAB_RUNS=str(server.runs),
        LESIONLAB_LEARNING=str(server.runs.parent / "learning"),
    )
    wall = visit("/classroom")
    wall.get_by_text("Lead", exact=True).click()
    wall.get_by_role("button", name="Open the class").click()
    code = wall.get_by_role("heading", name=re.compile("^[2-9A-Z]{6}$"))
    code.wait_for()
    assert violations(wall) == []
    students = []
    for app in (server, second):
        context = browser.new_context(base_url=app.url)
        context.set_default_timeout(1000 * PATIENCE)
        student = context.new_page()
        student.goto(f"/classroom?code={code.inner_text()}")
        student.get_by_role("button", name="Take part").click()
        students.append(student)
    wall.get_by_role("button", name=re.compile("^Begin")).click()
    for student in students:
        melanoma = student.get_by_role("button", name=re.compile("^Melanoma"))
        melanoma.wait_for()
        student.keyboard.press("5")
        student.get_by_text("Your answer is kept").wait_for()
        naevus = student.get_by_role("button", name="Melanocytic naevus")
        for button in (naevus, melanoma):
            button.press("Space")
            expect(button).to_be_focused(timeout=1000 * PATIENCE)
    expect(wall.get_by_text("2 of 2 answered")).to_be_visible(timeout=1000 * PATIENCE)
    wall.get_by_role("button", name=re.compile("^Reveal")).wait_for()
    wall.keyboard.press("PageDown")  # as a presenter's remote does
    for student in students:
        student.get_by_text("The next case appears by itself").wait_for()
        expect(student.locator(BELOW_THE_TITLE)).to_be_focused(timeout=1000 * PATIENCE)
    assert violations(wall) == []
    assert violations(students[0]) == []
    wall.get_by_role("button", name=re.compile("^Next case")).click()
    for student in students:
        student.get_by_text(re.compile("Case 2 of")).wait_for()
        expect(student.locator(BELOW_THE_TITLE)).to_be_focused(timeout=1000 * PATIENCE)
        student.context.close()
    assert not console_errors
