"""What the window asks before it closes, in a real page (`desktop.webview` puts it there)."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from desktop.webview import asking

QUESTION = 'A training is at work: “"><b id=x>”. Close?'


@pytest.mark.parametrize(
    ("does", "closes"), [("Close", True), ("Keep open", False), ("Escape", False)]
)
def test_the_answer_is_the_button(browser: Browser, does: str, closes: bool) -> None:
    page = browser.new_page()
    page.set_content("<h1>LesionLab</h1>")
    page.evaluate(f"window.answered = {asking(QUESTION)}; 0")
    dialog = page.get_by_role("dialog", name=QUESTION)
    expect(dialog).to_be_visible()
    assert page.locator("#x").count() == 0, "a name is text"
    expect(page.get_by_role("button", name="Keep open")).to_be_focused()
    if does == "Escape":
        page.keyboard.press("Escape")
    else:
        page.get_by_role("button", name=does, exact=True).click()
    assert page.evaluate("window.answered") is closes
    expect(dialog).to_have_count(0)
    page.close()
