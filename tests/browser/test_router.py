"""Addresses of pages."""

from __future__ import annotations


def test_first_visit_may_be_any_page(start_app, page, wait_idle):
    app = start_app()
    page.goto(f"{app.url}/about")
    wait_idle(page)
    page.get_by_text("Teaching, not diagnosis").first.wait_for()
    page.get_by_role("heading", name="About").wait_for()
    page.keyboard.press("Escape")  # Streamlit's own word that it did not know the page at first
    page.get_by_role("link", name="Analyse").click()
    wait_idle(page)
    page.get_by_role("heading", name="Analyse a photo").wait_for()
