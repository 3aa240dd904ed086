"""Comparing two photos, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set


def open_compare(visit: Callable[[str], Page], wait_idle: Callable[..., None]) -> Page:
    page = visit("/")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="Compare with another photo").click()
    page.get_by_role("heading", name="Compare two photos").wait_for()
    wait_idle(page)
    return page


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((390, 4600), "dark"), ((1360, 2400), "light")]
)
def test_two_photos_fit_every_screen_and_are_of_one_size(visit, wait_idle, viewport):
    page = open_compare(visit, wait_idle)
    sides = [page.get_by_role("img", name=f"{side}: Photo Synthetic") for side in ("Left", "Right")]
    left, right = (side.bounding_box() for side in sides)
    assert left
    assert right
    assert left["width"] == right["width"] > 300
    assert left["height"] == pytest.approx(right["height"], abs=1)
    assert (left["y"] == right["y"]) == (viewport[0] > 1000), "side by side where there is room"
    assert page.locator(".js-plotly-plot .bars .point").count() == 14
    chart = page.locator(".js-plotly-plot").bounding_box()
    assert chart
    for label in page.locator(".js-plotly-plot .bartext").all():
        box = label.bounding_box()
        assert box
        assert box["x"] + box["width"] <= chart["x"] + chart["width"], "no label is cut"
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


def test_swap_keeps_an_upload_with_its_picker(visit, wait_idle, console_errors, foreign_requests):
    page = open_compare(visit, wait_idle)
    page.get_by_text("Your photo").last.click()
    wait_idle(page)
    content = to_jpeg(practice_set()[3].image.rgb)
    file = {"name": "mole.jpg", "mimeType": "image/jpeg", "buffer": content}
    page.locator('input[type="file"]').set_input_files(files=[file])
    page.get_by_role("img", name="Right: Photo mole.jpg").wait_for()
    wait_idle(page)
    page.get_by_role("button", name="Swap sides").click()
    page.get_by_role("img", name="Left: Photo mole.jpg").wait_for()
    wait_idle(page)
    forget = page.get_by_role("button", name="Forget this photo")
    assert forget.count() == 1
    box = forget.bounding_box()
    assert box
    assert box["x"] < 600, "the picker with its file is on the left now"
    assert not console_errors
    assert not foreign_requests
