"""axe-core: Deque's rules for WCAG A and AA, and its own good practice."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

THEMES = ("light", "dark")
COLOURS = ("color-contrast", "link-in-text-block")
"""The rules that a theme can break or keep: to all others a page is the same in both."""
STREAMLIT_S_OWN = {"presentation-role-conflict": "stFileUploaderDropzone"}
"""Rules that Streamlit breaks in what it draws itself, and where: its area for uploads is said to
be presentation only, and has a name all the same. Minor by axe-core's grading; it is read."""


def violations(page: Page) -> list[str]:
    """What axe-core finds on the page as it stands, in both themes: the rule, its impact, the
    element that breaks it and how."""
    before = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    shown, other = THEMES[before], THEMES[not before]
    _show_in(page, shown)
    found = _violations(page, shown)
    _show_in(page, other)
    found += _violations(page, other, runOnly={"type": "rule", "values": [*COLOURS]})
    _show_in(page, shown)
    return found


def _violations(page: Page, theme: str, **options: object) -> list[str]:
    response = Axe().run(page, options={"resultTypes": ["violations"], **options}).response
    return [
        f"{theme}: {rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in response["violations"]
        for node in rule["nodes"]
        if STREAMLIT_S_OWN.get(rule["id"], "nowhere") not in node["html"]
    ]


def _show_in(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.wait_for_function(
        "theme => getComputedStyle(document.querySelector('.stApp')).colorScheme === theme"
        """ && !document.querySelector('[data-stale="true"]')""",  # faded, and about to go
        arg=theme,
    )
