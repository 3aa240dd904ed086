"""A class with three browsers: a teacher and two students."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App

PATIENCE = 90_000
"""Milliseconds, against hanging only."""


def test_three_browsers(
    visit: Callable[[str], Page], browser: Browser, server: App, console_errors: list[str]
) -> None:
    wall = visit("/classroom")
    wall.get_by_text("Lead", exact=True).click()
    wall.get_by_role("button", name="Open the class").click()
    code = wall.get_by_role("heading", name=re.compile("^[2-9A-Z]{6}$"))
    code.wait_for(timeout=PATIENCE)
    students = []
    for _ in range(2):
        context = browser.new_context(base_url=server.url)
        student = context.new_page()
        student.goto(f"/classroom?code={code.inner_text()}")
        student.get_by_role("button", name="Take part").click(timeout=PATIENCE)
        students.append(student)
    for student in students:
        melanoma = student.get_by_role("button", name=re.compile("^Melanoma"))
        melanoma.wait_for(timeout=PATIENCE)
        student.keyboard.press("5")
        student.get_by_text("Your answer is kept").wait_for(timeout=PATIENCE)
    answered = wall.get_by_test_id("stMetric").filter(has_text="Answered")
    expect(answered).to_contain_text("2", timeout=PATIENCE)
    wall.get_by_role("button", name=re.compile("^Reveal")).click()
    for student in students:
        student.get_by_text("The next case comes by itself").wait_for(timeout=PATIENCE)
    wall.get_by_role("button", name=re.compile("^Next case")).click()
    for student in students:
        student.get_by_text(re.compile("case 2 of")).wait_for(timeout=PATIENCE)
        student.context.close()
    assert not console_errors
