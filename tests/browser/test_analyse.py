"""A newcomer's journey through the Analyse page, in a real browser."""

from __future__ import annotations

import base64
import json
import re

import pytest
from playwright.sync_api import expect

from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from tests.browser.axe import violations


@pytest.fixture
def photo(request: pytest.FixtureRequest) -> bytes:
    """A 600×450 photo: HAM10000's where it is at hand, else a synthetic one."""
    try:
        return next(iter(request.getfixturevalue("samples").images.values()))
    except pytest.skip.Exception:
        return to_jpeg(practice_set()[0].image.rgb)


def upload(page, wait_idle, name: str, content: bytes) -> None:
    page.get_by_text("Your photo").click()
    wait_idle(page)
    file = {"name": name, "mimeType": "image/jpeg", "buffer": content}
    page.locator('input[type="file"]').set_input_files(files=[file])
    page.wait_for_timeout(500)
    wait_idle(page)


def carried(image) -> int:
    """Bytes of a picture that its address holds."""
    return len(base64.b64decode(image.get_attribute("src").split(",")[1]))


def test_upload_gives_outline_heatmap_and_bars(
    visit, wait_idle, photo, console_errors, foreign_requests
):
    page = visit("/")
    upload(page, wait_idle, "sample.jpg", photo)
    image = page.get_by_role("img", name="Photo sample.jpg")
    image.wait_for()
    assert image.evaluate("img => img.complete && img.naturalWidth") >= 600
    assert image.get_attribute("src").startswith("data:image/jpeg")
    assert carried(image) < 250_000
    heat, line = page.locator("img.heat"), page.locator("path.line")
    assert not heat.is_visible()
    assert not line.is_visible()
    assert page.locator("li .track").count() == 7
    # Keys turn the layers on, which stay over the photo however it is zoomed.
    page.keyboard.press("o")
    line.wait_for()
    page.keyboard.press("h")
    heat.wait_for()
    wait_idle(page)
    assert "lesion outlined" in image.get_attribute("alt")
    assert "heatmap for" in image.get_attribute("alt")
    assert carried(heat) < 250_000
    assert not page.locator(".js-plotly-plot").count(), "megabytes that the answer does not need"
    page.get_by_role("button", name="Zoom in").click()
    page.get_by_role("group", name="Photo sample.jpg").press("ArrowLeft")
    boxes = [layer.bounding_box() for layer in (image, heat, page.locator("svg.outline"))]
    assert boxes[0]["width"] > 1.4 * page.locator(".frame").bounding_box()["width"]
    assert boxes[0] == boxes[1] == boxes[2]
    plain = page.get_by_role("button", name="Hold: photo alone")
    plain.hover()
    page.mouse.down()
    heat.wait_for(state="hidden")
    page.mouse.up()
    heat.wait_for()
    page.get_by_role("button", name="Adjust").click()
    page.get_by_role("slider", name="Heatmap opacity").press("ArrowRight")
    page.wait_for_function("e => e.style.opacity === '0.65'", arg=heat.element_handle(), polling=50)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Figures (JSON)").click()
    figures = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert sum(figures["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert "teaching" in figures["disclaimer"]
    # A reload brings the photo and its view back.
    page.reload()
    heat.wait_for()
    assert "lesion outlined" in image.get_attribute("alt")
    assert not console_errors
    assert not foreign_requests


def test_what_opens_over_the_page_can_be_read(visit, wait_idle):
    page = visit("/")
    page.keyboard.press("h")
    wait_idle(page)
    page.get_by_role("button", name="Adjust").click()
    page.get_by_role("slider", name="Heatmap opacity").wait_for()
    assert violations(page) == []


def test_the_keyboard_goes_on_at_the_answer_or_where_to_choose_a_photo(visit, wait_idle):
    page = visit("/")
    upload(page, wait_idle, "mole.jpg", to_jpeg(practice_set()[0].image.rgb))
    answer = page.locator(".st-key-scroll_answer span")
    expect(answer).to_be_focused()
    page.get_by_role("button", name="Forget this photo").press("Enter")
    expect(page.locator(".st-key-file button", has_text="Upload")).to_be_focused()


def test_another_answer_is_said_by_a_screen_reader(visit):
    page = visit("/?practice=2")
    said = page.locator(".st-key-status").get_by_role("status")
    expect(said).to_contain_text(re.compile(r"Synthetic.* %"))
    first = said.inner_text()
    assert page.get_by_role("heading", name=" %").first.inner_text().split(",")[0] in first
    page.get_by_role("combobox", name="Synthetic lesion").press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(said).not_to_have_text(first)


def test_broken_file_gets_a_message(visit, wait_idle):
    page = visit("/")
    upload(page, wait_idle, "broken.jpg", b"this is no picture" * 50)
    page.get_by_text("broken.jpg cannot be analysed").wait_for()
    assert page.get_by_text("Traceback").count() == 0


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((320, 1200), "dark"), ((1440, 1400), "light")]
)
def test_fresh_clone_fits_every_screen(visit, viewport):
    page = visit("/")
    safety = page.get_by_text("Teaching, not diagnosis").first
    safety.wait_for()
    assert safety.evaluate("e => e.scrollWidth <= e.clientWidth"), "it is cut off"
    page.get_by_role("img", name="Photo Synthetic").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


@pytest.mark.parametrize("viewport", [(320, 800), (683, 800), (1366, 768)])
def test_bars_have_room_in_every_window(visit):
    page = visit("/")
    page.locator("li .track").first.wait_for()
    for row in page.locator(".groups li").all():
        name, track = (row.locator(part).bounding_box() for part in (".name", ".track"))
        assert track["width"] > 80
        beside = name["x"] + name["width"] <= track["x"]
        assert beside or name["y"] + name["height"] <= track["y"]


def test_a_switch_is_called_what_it_switches_and_shows_its_key(visit):
    page = visit("/")
    for name, key in (("Outline", "O"), ("Heatmap", "H")):
        switch = page.get_by_role("switch", name=name, exact=True)
        label = page.locator("label").filter(has=switch).locator("p")
        assert key in label.evaluate("e => getComputedStyle(e, '::after').content")


@pytest.mark.parametrize("viewport", [(1366, 768), (390, 844)])
def test_photo_and_answer_are_on_the_first_screen(visit, viewport):
    page = visit("/")
    photo = page.get_by_role("img", name="Photo Synthetic")
    photo.wait_for()
    answer = page.get_by_role("heading", name=" %").first.bounding_box()
    box = photo.bounding_box()
    assert answer["y"] + answer["height"] <= box["y"]
    assert box["y"] + box["height"] <= viewport[1]
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


@pytest.mark.parametrize("viewport", [(1024, 768), (1920, 1080)])
def test_a_presentation_goes_by_keys_alone(visit, wait_idle, viewport, console_errors):
    page = visit("/?practice=2&view=present")
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    box = dialog.bounding_box()
    assert (box["width"], box["height"]) == viewport
    assert not page.locator("path.line").is_visible()
    page.keyboard.press("ArrowRight")
    page.locator("path.line").wait_for()
    page.keyboard.press("PageDown")
    page.locator("img.heat").wait_for()
    page.keyboard.press(" ")
    bars = page.locator("dialog li")
    bars.last.wait_for()
    assert bars.count() == 7
    last = bars.last.bounding_box()
    assert last["y"] + last["height"] < viewport[1]
    size = bars.first.evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert size >= viewport[0] / 50, "to be read from the last row"
    assert violations(page) == []
    page.keyboard.press("ArrowRight")
    page.wait_for_function("location.search.includes('practice=3')")
    wait_idle(page)
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.wait_for_function("!location.search.includes('view')")
    expect(page.locator(".st-key-scroll_answer span")).to_be_focused()
    assert not console_errors
