"""The further questions of the Analyse page, in a real browser."""

from __future__ import annotations

import pytest

from benchmarks.memory import heavy
from core.answer.cam_methods import METHODS
from tests.browser.axe import violations
from tests.small_models import write_small_models


def open_section(page, wait_idle, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    page.wait_for_timeout(300)
    wait_idle(page)


@pytest.mark.parametrize("viewport", [(390, 2000), (1360, 2000)])
def test_every_section_opens_and_fits(visit, wait_idle, viewport, console_errors, foreign_requests):
    page = visit("/")
    for name, role, shown in (
        ("Heatmaps", "figure", "Map of what favours"),
        ("Measurements", "figure", "Shares of the lesion by colour"),
        ("Choose a threshold", "figure", "correctly not called"),
        ("Other patients", "figure", "before"),
        ("How sure?", "heading", "The photo itself"),
        ("Similar cases", "button", "Show the photos from the ISIC Archive"),
        ("Report", "button", "Report (PDF)"),
    ):
        open_section(page, wait_idle, name)
        page.get_by_role(role, name=shown).first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport[0]
        assert viewport[0] < 1000 or violations(page) == []
    assert not console_errors
    assert not foreign_requests


def test_five_methods_on_demand(visit, wait_idle, start_app, tmp_path, console_errors):
    """With torch and the package, in a process of their own: shown with progress, then a picture
    for each. Score-CAM asks the network once for each of its channels: here a small one."""
    write_small_models(tmp_path)
    app = start_app(LESIONLAB_WEIGHTS=str(tmp_path))
    page = visit(app.url)
    open_section(page, wait_idle, "Heatmaps")
    page.get_by_role("button", name="Compare five methods").click()
    page.get_by_test_id("stProgress").wait_for()
    for method in METHODS.values():
        page.get_by_role("img", name=f"{method.name} for ").wait_for()
    assert page.get_by_role("button", name="Compare five methods").count() == 0
    assert not heavy(app.pid), "torch stays out of the server"
    assert not console_errors
