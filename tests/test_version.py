"""One version, and guides that name what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from core import __version__

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_comes_from_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(rf"^version: {re.escape(__version__)}$", citation, re.MULTILINE)
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(__version__)}$", changes, re.MULTILINE)


def test_the_map_of_the_code_names_what_is_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:core|train|ui|pages|tests)/[\w./]*)`", text)
    assert len(named) > 15
    for path in named:
        assert (ROOT / path).exists(), path
