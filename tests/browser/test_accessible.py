"""Every page by the rules of axe-core. What opens on one is looked at by its own tests."""

from __future__ import annotations

import pytest

from app import PAGES
from tests.browser.axe import violations


@pytest.mark.parametrize("name", [name for name, _ in PAGES.values()])
def test_every_page(name, visit):
    page = visit("/" if name == "analyse" else f"/{name}")
    assert violations(page) == []
