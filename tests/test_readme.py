"""README keeps its word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from train.finish.report import comparison, table

ROOT = Path(__file__).resolve().parents[1]
WEIGHTS = ROOT / "weights"
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "train/README.md", "benchmarks/README.md")
TRAINING = (ROOT / "train/README.md").read_text(encoding="utf-8")


def test_quoted_figures_are_those_of_the_cards():
    assert table(WEIGHTS) in README
    assert table(WEIGHTS, "test-8views") in TRAINING
    assert comparison(WEIGHTS) in TRAINING


def test_quoted_speeds_are_those_of_the_benchmarks():
    measured = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    section = README.split("## How fast is it?")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 10
    assert [row for row in rows if row not in measured] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_links_and_pictures_exist(guide: str):
    path = ROOT / guide
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert targets
    assert [t for t in targets if not (path.parent / t).exists()] == []


def test_commands_of_make_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for goal in set(re.findall(r"`make ([a-z]+)", README)):
        assert re.search(rf"^{goal}:", makefile, re.MULTILINE), goal
