"""A report taken home from the Analyse page, in a real browser."""

from __future__ import annotations

import pytest
from pypdf import PdfReader

from core.report.downloads import DISCLAIMER

NOTES = "Several colours. <b>Not bold</b>"


@pytest.fixture
def section(visit, wait_idle):
    """The page with the section opened."""
    page = visit("/")
    page.get_by_role("radio", name="Report").click()
    wait_idle(page)
    return page


def download(page, name: str):
    with page.expect_download() as found:
        page.get_by_role("button", name=name).click()
    return found.value


def test_words_still_being_typed_are_in_the_pdf(section, console_errors, foreign_requests):
    """The click on the button is what ends the typing."""
    section.get_by_role("textbox", name="Your notes").fill(NOTES)
    file = download(section, "Report (PDF)")
    assert file.suggested_filename.endswith("_report.pdf")
    pages = [page.extract_text() for page in PdfReader(file.path()).pages]
    assert NOTES in "\n".join(pages)
    assert all(DISCLAIMER in page for page in pages)
    assert not console_errors
    assert not foreign_requests


@pytest.mark.parametrize(
    ("viewport", "color_scheme"), [((390, 1200), "dark"), ((1360, 1400), "light")]
)
def test_html_report_shows_itself_anywhere(
    section, tmp_path, viewport, color_scheme, console_errors, foreign_requests
):
    section.get_by_role("textbox", name="Your notes").fill(NOTES)
    file = download(section, "Report (HTML)")
    assert file.suggested_filename.endswith("_report.html")
    saved = tmp_path / "report.html"
    file.save_as(saved)
    section.goto(saved.as_uri())
    section.get_by_text(NOTES, exact=True).wait_for()
    assert section.evaluate("[...document.images].every(i => i.naturalWidth > 0)")
    assert section.evaluate("document.images.length") == 3
    assert section.evaluate("document.documentElement.scrollWidth") <= viewport[0]
    background = section.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(12, 21, 24)"}[color_scheme]
    assert not console_errors
    assert foreign_requests == [saved.as_uri()]  # the file itself, and no more


def test_printed_html_has_the_disclaimer_on_every_page(section, tmp_path):
    section.get_by_role("textbox", name="Your notes").fill("A line.\n" * 200)
    saved, printed = tmp_path / "report.html", tmp_path / "printed.pdf"
    download(section, "Report (HTML)").save_as(saved)
    section.goto(saved.as_uri())
    section.pdf(path=printed, prefer_css_page_size=True)
    pages = [page.extract_text() for page in PdfReader(printed).pages]
    assert len(pages) > 2
    assert all(DISCLAIMER in " ".join(page.split()) for page in pages)
