"""The section "How sure?" in a real browser."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((390, 1600), "dark"), ((1360, 2000), "light")]
)
def test_eight_views_and_hair_fit_every_screen(visit, wait_idle, viewport, console_errors):
    page = visit("/")
    page.get_by_role("radio", name="How sure?").click()
    wait_idle(page)
    page.get_by_text("the model was right in").wait_for()
    ask = page.get_by_role("button", name="Ask about all eight views")
    if ask.count():  # else an earlier visit has asked
        ask.click()
        wait_idle(page)
    page.get_by_text("of 8 views give the answer").wait_for()
    chart = page.locator(".js-plotly-plot").first
    chart.locator(".errorbar").first.wait_for(state="attached")
    assert chart.locator(".errorbar").count() == 7
    assert chart.locator(".scatterlayer .point").count() == 7
    page.get_by_text("Show without hair").click()
    wait_idle(page)
    image = page.get_by_role("img", name="dark hair filled in")
    image.wait_for()
    assert image.evaluate("img => img.complete && img.naturalWidth") >= 600
    page.get_by_text("can also wipe out vessels").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
    assert not console_errors
