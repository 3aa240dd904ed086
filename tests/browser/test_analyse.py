"""A newcomer's journey through the Analyse page, in a real browser."""

from __future__ import annotations

import json

import pytest

from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set


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


def test_upload_gives_outline_heatmap_and_bars(
    visit, wait_idle, photo, console_errors, foreign_requests
):
    page = visit("/")
    upload(page, wait_idle, "sample.jpg", photo)
    image = page.get_by_role("img", name="Photo sample.jpg")
    image.wait_for()
    words = image.get_attribute("alt")
    assert "lesion outlined" in words
    assert "heatmap for" in words
    page.locator(".js-plotly-plot .bars .point").first.wait_for(state="attached")
    assert page.locator(".js-plotly-plot .bars .point").count() == 7
    # The picture really arrives, and changes with the opacity.
    assert image.evaluate("img => img.complete && img.naturalWidth") >= 600
    before = image.get_attribute("src")
    page.get_by_role("slider", name="Fill opacity").press("ArrowRight")
    page.wait_for_function(
        "before => document.querySelector('img[alt^=\"Photo sample\"]').src !== before", arg=before
    )
    wait_idle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Figures (JSON)").click()
    figures = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert sum(figures["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert "teaching" in figures["disclaimer"]
    assert not console_errors
    assert not foreign_requests


def test_broken_file_gets_a_message(visit, wait_idle):
    page = visit("/")
    upload(page, wait_idle, "broken.jpg", b"this is no picture" * 50)
    page.get_by_text("broken.jpg cannot be analysed").wait_for()
    assert page.get_by_text("Traceback").count() == 0


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((390, 1200), "dark"), ((1440, 1400), "light")]
)
def test_fresh_clone_fits_every_screen(visit, viewport):
    page = visit("/")
    page.get_by_text("Teaching, not diagnosis").first.wait_for()
    page.get_by_role("img", name="Photo Synthetic").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


def test_each_view_comes_as_one_small_jpeg(visit, wait_idle, photo):
    page = visit("/")
    arrived = []

    def note(response) -> None:
        if "/media/" in response.url and response.request.resource_type == "image":
            arrived.append((response.headers["content-type"], len(response.body())))

    page.on("response", note)
    upload(page, wait_idle, "sample.jpg", photo)
    page.get_by_role("img", name="Photo sample.jpg").wait_for()
    page.wait_for_load_state("networkidle")
    page.get_by_role("slider", name="Fill opacity").press("ArrowRight")
    wait_idle(page)
    page.wait_for_load_state("networkidle")
    assert [kind for kind, _ in arrived] == ["image/jpeg"] * 2
    assert max(size for _, size in arrived) < 250_000
