"""A teacher's journey through the page for many photos, in a real browser."""

from __future__ import annotations

import csv
import io
import re
import zipfile

import pytest

from core.batch.tables import header
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from core.taxonomy import KEYS
from tests.browser.conftest import until


def archive(count: int) -> bytes:
    """A class's photos, one broken file among them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for number in range(count):
            rgb = practice_set()[number % 6].image.rgb
            packed.writestr(f"class/mole {number}.jpg", to_jpeg(rgb))
        packed.writestr("class/broken.jpg", b"no photo")
    return buffer.getvalue()


def start(page, wait_idle, name: str, content: bytes) -> None:
    page.get_by_role("link", name="Many photos").click()
    wait_idle(page)
    file = {"name": name, "mimeType": "application/zip", "buffer": content}
    page.locator('input[type="file"]').set_input_files(files=[file])
    page.get_by_role("button", name="Analyse 1 file").click()


def test_a_batch_outlives_reloads_and_can_be_taken_home(
    visit, wait_idle, console_errors, foreign_requests
):
    page = visit("/")
    start(page, wait_idle, "class.zip", archive(8))
    page.wait_for_url("**/batch?batch=*")
    page.reload()
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    page.reload()
    table.wait_for()
    wait_idle(page)
    page.get_by_role("heading", name="Rejected files").wait_for()
    for row in page.locator("li:has(.track)").all():
        none = row.locator(".chance").inner_text() == "0"
        assert row.locator(".bar").count() == (not none), "nothing has no bar"
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    assert "for_teaching_only" in download.value.suggested_filename
    found = list(csv.DictReader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert list(found[0]) == header(KEYS)
    assert [row["image"] for row in found] == [f"mole_{number}" for number in range(8)]
    for row in found:
        assert sum(float(row[key]) for key in KEYS) == pytest.approx(1, abs=1e-4)
    with page.expect_download() as download:
        page.get_by_role("button", name="Masks and tables (ZIP)").click()
    with zipfile.ZipFile(download.value.path()) as results:
        assert "masks/mole_7.png" in results.namelist()
    # A second page's address makes Streamlit ask below it first for what lies at the root.
    assert [e for e in console_errors if "404" not in e] == []
    assert not foreign_requests


def test_rows_open_by_keyboard_in_the_order_they_are_sorted(visit, wait_idle):
    page = visit("/")
    start(page, wait_idle, "class.zip", archive(3))
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    wait_idle(page)
    box = table.bounding_box()
    for _ in range(2):  # by name, the fourth column; last first
        page.mouse.click(box["x"] + 420, box["y"] + 18)
        page.wait_for_timeout(700)
    page.mouse.click(box["x"] + 420, box["y"] + 37 + 33)
    page.keyboard.press("Shift+Space")
    page.get_by_text("class/mole 2.jpg").wait_for()
    page.get_by_role("img", name="mole 2.jpg").wait_for()
    page.go_back()
    table.wait_for()


@pytest.mark.parametrize("viewport", [(390, 1200)])
def test_a_telephone_shows_it_without_scrolling_sideways(visit, wait_idle, viewport):
    page = visit("/batch")
    page.get_by_role("button", name="Try it with the practice lesions").click()
    page.get_by_test_id("stDataFrame").first.wait_for()
    wait_idle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


@pytest.mark.parametrize("viewport", [(390, 844)])
def test_a_table_on_a_phone_shows_that_it_goes_on(visit, wait_idle):
    page = visit("/batch")
    page.get_by_role("button", name="Try it with the practice lesions").click()
    table = page.get_by_test_id("stDataFrame").first
    table.locator("canvas").first.wait_for()
    wait_idle(page)
    scroller = table.locator(".dvn-scroller")

    def shadow() -> float:
        frame = table.get_by_test_id("stDataFrameResizable")
        return float(frame.evaluate("e => getComputedStyle(e, '::after').opacity"))

    until(page, lambda: shadow() == 1)
    scroller.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    until(page, lambda: shadow() == 0)
    scroller.evaluate("e => { e.scrollLeft = 0 }")
    page.set_viewport_size({"width": 2400, "height": 844})
    until(page, lambda: shadow() == 0)
    for button in page.get_by_role("button", name=re.compile("^Download as CSV: Answers")).all():
        assert not button.is_visible(), "the page's own file says what it is for"
