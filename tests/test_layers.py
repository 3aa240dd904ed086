"""Which part may import which: data flows one way, and a newcomer can read it so.

Imports inside functions and under TYPE_CHECKING count, too: they hide a circle, they do not end it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOP = ("core", "train", "ui", "pages", "desktop")
"""Each may import itself and those before it."""
CORE = (
    "system",
    "imaging",
    "lesion",
    "evaluation",
    "models",
    "ham10000",
    "answer",
    "report",
    "batch",
    "learning",
    "doctor",
    "__main__",
)
"""Parts of core, likewise. The files beside them come first: they import no part."""
MOST_FILES, MOST_LINES = 20, 400


def files(top: str) -> list[Path]:
    return sorted((ROOT / top).rglob("*.py"))


def name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name(path): path for top in TOP for path in files(top)}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports anywhere."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found = [w if w in MODULES else node.module for w in whole]
        yield from (module for module in found if module in MODULES)


@cache
def imports() -> dict[str, set[str]]:
    """What each module of ours imports of the others."""
    return {module: set(imported(path)) - {module} for module, path in MODULES.items()}


@pytest.mark.parametrize("top", TOP)
def test_a_part_knows_none_that_comes_after_it(top: str) -> None:
    later = TOP[TOP.index(top) + 1 :]
    wrong = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if module.split(".")[0] == top and other.split(".")[0] in later
    ]
    assert not wrong


def test_the_parts_of_core_come_in_their_order() -> None:
    def place(module: str) -> int:
        part = module.split(".")[1] if "." in module else ""
        return CORE.index(part) if part in CORE else -1

    wrong = [
        f"{module} imports {other}"
        for module, others in imports().items()
        for other in others
        if module.startswith("core.") and place(other) > place(module)
    ]
    assert not wrong


def test_no_circle_is_left() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize("top", ["core", "train"])
def test_the_science_knows_no_page(top: str) -> None:
    pages = [m for m in MODULES if m.split(".")[0] == top and "streamlit" in MODULES[m].read_text()]
    assert not [m for m in pages if "import streamlit" in MODULES[m].read_text(encoding="utf-8")]


def test_rooms_are_small_enough_to_look_around_in() -> None:
    for top in TOP:
        for folder in {path.parent for path in files(top)}:
            assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder
    long = {m: n for m, p in MODULES.items() if (n := len(p.read_text().splitlines())) > MOST_LINES}
    assert not long
