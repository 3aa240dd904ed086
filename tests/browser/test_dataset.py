"""The Dataset page in a real browser: clicks in charts, and narrow windows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator

from core.ham10000.dataset import Dataset
from tests.browser.conftest import until
from ui.dataset import views


@pytest.fixture(scope="module")
def app(start_app, drawn: Dataset):
    return start_app(data=drawn.root.parent)


def open_page(page, wait_idle, url: str) -> None:
    page.goto(f"{url}/dataset")
    wait_idle(page)
    page.get_by_role("heading", name="Dataset").wait_for()


def open_tab(page, wait_idle, title: str) -> None:
    page.get_by_role("tab", name=title.split(": ")[-1]).click()
    page.wait_for_timeout(300)
    wait_idle(page)


def click(page, chart: Locator, x: float, y: float) -> None:
    """A chart's own layer takes the mouse, so it goes by place. A click counts once Plotly has seen
    what is below the mouse."""

    def seen() -> bool:
        page.mouse.move(x - 2, y)
        page.mouse.move(x, y)
        return chart.evaluate("chart => Boolean(chart._hoverdata?.length)")

    until(page, seen)
    page.mouse.click(x, y)


def click_bar(page, chart: int, bar: int) -> None:
    found = page.locator(".js-plotly-plot").nth(chart)
    path = found.locator(".bars .point path").nth(bar)
    path.scroll_into_view_if_needed()
    box = path.bounding_box()
    click(page, found, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def count(page) -> int:
    """The number of images above the gallery."""
    heading = page.get_by_role("heading", level=2).filter(has_text="image").first
    return int(heading.inner_text().split()[0].replace(",", ""))


def in_sight(page) -> bool:
    """Whether the window has come to the gallery."""
    heading = page.get_by_role("heading", level=2).filter(has_text="image").first
    box = heading.bounding_box()
    return box is not None and 0 <= box["y"] < page.viewport_size["height"] - box["height"]


def test_click_on_a_bar_fills_the_gallery(app, page, wait_idle, drawn, console_errors):
    open_page(page, wait_idle, app.url)
    until(page, lambda: count(page) == len(drawn.table))
    click_bar(page, 0, 5)  # second from the top: melanoma
    until(page, lambda: count(page) == (drawn.table["dx"] == "mel").sum())
    wait_idle(page)
    until(page, lambda: in_sight(page))
    assert page.get_by_role("img", name="Melanoma").count() >= 24
    # Another chart takes over, and the first one lets go of its mark.
    click_bar(page, 2, 30)  # of the cells of site and diagnosis
    chip = page.locator(".st-key-dataset_clear button").filter(has_text=", ").first
    site, diagnosis = chip.inner_text().splitlines()[-1].split(", ")
    assert diagnosis == "Benign keratosis"
    truth = drawn.table
    expected = ((truth["localization"] == site) & (truth["dx"] == "bkl")).sum()
    until(page, lambda: count(page) == expected)
    until(page, lambda: in_sight(page))
    chip.click()
    until(page, lambda: count(page) == len(drawn.table))
    wait_idle(page)
    assert page.locator(".st-key-dataset_clear").count() == 0
    assert not console_errors


def test_lasso_then_point_then_analyse(app, page, wait_idle, drawn):
    open_page(page, wait_idle, app.url)
    open_tab(page, wait_idle, views.MAP)
    area = page.locator(".js-plotly-plot .nsewdrag").first
    area.wait_for()
    area.hover()
    page.locator('.modebar-btn[data-attr="dragmode"][data-val="lasso"]').first.click()
    box = area.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    half_x, half_y = box["width"] / 5, box["height"] / 5
    page.mouse.move(x - half_x, y - half_y)
    page.mouse.down()
    for to_x, to_y in ((half_x, -half_y), (half_x, half_y), (-half_x, half_y), (-half_x, -half_y)):
        page.mouse.move(x + to_x, y + to_y, steps=5)
    page.mouse.up()
    until(page, lambda: 1 < count(page) < len(drawn.table))
    wait_idle(page)
    page.locator(".st-key-dataset_clear button").first.click()
    until(page, lambda: count(page) == len(drawn.table))
    wait_idle(page)
    place = page.evaluate(FIRST_POINT)
    chart = page.locator(".js-plotly-plot").first
    box = chart.bounding_box()
    click(page, chart, box["x"] + place[0], box["y"] + place[1])
    until(page, lambda: count(page) == 1)
    wait_idle(page)
    opener = page.locator("[class*=st-key-open_map] a").first
    image_id = opener.inner_text().splitlines()[-1]
    opener.click()
    page.get_by_role("heading", name="Analyse a photo").wait_for()
    wait_idle(page)
    assert page.get_by_role("img", name=f"Photo {image_id}").count() == 1
    page.go_back()
    page.locator(".st-key-dataset_clear button").first.wait_for()
    assert "tab=map" in page.url, "one step back, on the same tab"


FIRST_POINT = """() => {
    const chart = document.querySelector('.js-plotly-plot');
    const {xaxis, yaxis} = chart._fullLayout, points = chart._fullData[0];
    return [xaxis._offset + xaxis.d2p(points.x[0]), yaxis._offset + yaxis.d2p(points.y[0])];
}"""


@pytest.mark.parametrize("viewport", [(390, 1200)])
def test_narrow_window_has_no_overflow(app, page, wait_idle, viewport):
    open_page(page, wait_idle, app.url)
    for title in (views.PEOPLE, views.OUTLINES, views.MAP, views.SPLITS):
        open_tab(page, wait_idle, title)
        page.locator(".js-plotly-plot").first.wait_for()
        main = page.get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]


def test_fresh_clone_offers_the_import(server, page, wait_idle):
    open_page(page, wait_idle, server.url)
    page.get_by_text("HAM10000 has not been imported", exact=True).wait_for()
    page.get_by_role("button", name="Import").wait_for()
    page.locator(".js-plotly-plot").first.wait_for()
