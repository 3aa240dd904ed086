"""A photo from the camera, which in these tests is one that Chromium makes up."""

from __future__ import annotations

import pytest

CAMERAS = """() => [...document.querySelectorAll('video')].filter(
    video => video.srcObject?.active && video.readyState >= 2).length"""


@pytest.mark.parametrize("viewport", [(390, 1400), (1280, 1600)])
def test_a_photo_is_taken_analysed_and_removed(visit, wait_idle, viewport, console_errors):
    page = visit("/")
    page.get_by_text("Camera", exact=True).click()
    page.get_by_text("Use a dermatoscope").wait_for()
    page.wait_for_function(f"({CAMERAS})() === 1")
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
    page.get_by_role("button", name="Take Photo").click()
    image = page.get_by_role("img", name="Photo Camera photo")
    image.wait_for()
    wait_idle(page)
    assert page.locator("video").count() == 0, "the camera is off"
    page.get_by_role("button", name="Forget this photo").click()
    page.wait_for_function(f"({CAMERAS})() === 1")
    assert image.count() == 0
    assert not console_errors
