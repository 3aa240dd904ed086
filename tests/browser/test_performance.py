"""The Performance page in a real browser: a click into the confusion matrix, narrow screens."""

from __future__ import annotations

import pytest

WIDTH = "document.documentElement.scrollWidth"
TABS = (
    "Confusions",
    "Thresholds",
    "Calibration",
    "Groups",
    "Outlines",
    "Learning",
    "Comparison",
    "Read a notebook",
)


@pytest.fixture
def open_page(visit, wait_idle):
    def go():
        page = visit("/")
        page.get_by_role("link", name="Performance").click()
        wait_idle(page)
        return page

    return go


def test_a_click_into_a_cell_lists_its_photos(open_page, wait_idle, console_errors):
    page = open_page()
    page.get_by_role("tab", name="Confusions").click()
    wait_idle(page)
    chart = page.get_by_test_id("stPlotlyChart")
    chart.locator(".textpoint").first.wait_for()
    # Cells above one half are written by the second trace; the first of them is the first row's and
    # column's: akiec answered correctly.
    dark = chart.locator(".scatterlayer .trace").nth(1)
    box = dark.locator(".textpoint").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    heading = page.get_by_role(
        "heading", name="Actinic keratosis / Bowen's disease, answered correctly"
    )
    heading.wait_for()
    wait_idle(page)
    assert page.get_by_test_id("stDataFrame").is_visible()
    assert page.get_by_text("To see the photos, import the dataset").is_visible()
    assert not console_errors


def test_charts_follow_the_theme_at_once(open_page, wait_idle, console_errors):
    page = open_page()
    labels = ".js-plotly-plot .ytick text"
    page.locator(labels).first.wait_for()
    dark, light = "228, 237, 239", "8, 22, 26"
    for themes, colour in ((["dark"], dark), (["light"], light), (["dark", "light"], light)):
        for theme in themes:  # two of them: the second comes while the page runs for the first
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(120)
        wait_idle(page)
        page.wait_for_function(
            "([labels, colour]) => [...document.querySelectorAll(labels)].some("
            "label => getComputedStyle(label).fill.includes(colour))",
            arg=[labels, colour],
        )
    assert not console_errors


def test_first_look_is_light(open_page, page):
    sizes = []

    def note(response):
        kind = response.request.resource_type
        if kind not in ("script", "stylesheet", "font"):  # these are kept for all pages
            sizes.append(len(response.body()) if response.ok else 0)

    page.on("response", note)
    page.on("websocket", lambda ws: ws.on("framereceived", lambda frame: sizes.append(len(frame))))
    open_page()
    page.locator(".js-plotly-plot").first.wait_for()
    assert 0 < sum(sizes) < 3_000_000


@pytest.mark.parametrize("viewport", [(390, 1600)])
@pytest.mark.parametrize("color_scheme", ["dark"])
def test_nothing_sticks_out_of_a_narrow_screen(visit, wait_idle, viewport):
    page = visit("/performance")
    page.keyboard.press("Escape")  # Streamlit's own word that it did not know the page at first
    wait_idle(page)
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        wait_idle(page)
        assert page.evaluate(WIDTH) <= viewport[0], tab
