"""Addresses of pages."""

from __future__ import annotations

import pytest

from desktop.server import running_app

PAGES = {
    "/": ("Analyse", "Analyse a photo"),
    "/compare": ("Compare", "Compare two photos"),
    "/batch": ("Many photos", "Many photos"),
    "/quiz": ("Quiz", "Quiz"),
    "/diagnoses": ("Diagnoses", "The seven diagnoses"),
    "/dataset": ("Dataset", "Dataset"),
    "/performance": ("Performance", "Performance"),
    "/training": ("Training", "Training"),
    "/about": ("About", "About"),
}


# What differs: the page that has no address of its own, and others, which Streamlit does not know
# before its first run. All nine would cost a server each.
@pytest.mark.parametrize("path", ["/", "/dataset", "/training"])
def test_the_first_visit_after_a_start_may_be_any_page(page, tmp_path, path):
    title, heading = PAGES[path]
    log = tmp_path / "log"
    with running_app(
        log,
        {
            "LESIONLAB_RUNS": str(tmp_path),
            "LESIONLAB_DATA": str(tmp_path),
            "LESIONLAB_LEARNING": str(tmp_path / "learning"),
        },
    ) as app:
        page.goto(f"{app[0]}{path}")
        page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
        assert page.get_by_role("dialog").count() == 0
        assert page.get_by_text("Page not found").count() == 0
        page.wait_for_function("title => document.title === title", arg=f"{title} · LesionLab")
    assert "missing ScriptRunContext" not in log.read_text()


def test_each_page_has_a_title_of_its_own(visit, page, server):
    visit("/about")
    for title, heading in PAGES.values():
        page.get_by_role("link", name=title, exact=True).click()
        page.wait_for_function("title => document.title === title", arg=f"{title} · LesionLab")
        page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()
    assert "missing ScriptRunContext" not in server.log.read_text()


def test_an_address_of_no_page_is_said_to_be_none(page):
    page.goto("/nowhere")
    page.get_by_text("Page not found").wait_for()
