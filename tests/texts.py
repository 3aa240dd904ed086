"""All texts of the product in one file, `tests/golden/texts.txt`, to be read in one go: whoever
changes a text sees it there beside the others. `python -m tests.texts` writes it again.

A text is a string in the code, but no docstring, with a space in it. Values in it are `{…}`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "tests" / "golden" / "texts.txt"
FOLDERS = ("core", "desktop", "pages", "train", "ui")
LEAST = 12
"""Shorter ones are mostly names and units."""
_NO_TEXT = re.compile(r"SELECT |INSERT |UPDATE |DELETE |CREATE |PRAGMA |</|=>|^\s*[.#]\w+ |var\(--")
"""SQL, HTML, JavaScript and style sheets."""


def texts() -> str:
    """What the file should hold: below each file's name its texts, in their order."""
    parts = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found = list(_texts_in(ast.parse(path.read_text(encoding="utf-8"))))
            if found:
                name = path.relative_to(ROOT).as_posix()
                parts.append("\n".join([f"# {name}", *dict.fromkeys(found)]))
    return "\n\n".join(parts) + "\n"


def _texts_in(tree: ast.Module) -> Iterator[str]:
    passed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(node.value)  # a docstring
        if isinstance(node, ast.JoinedStr):
            passed.update(node.values)
    found = []
    for node in ast.walk(tree):
        if node in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            found.append((node.lineno, node.col_offset, "".join(map(_words, node.values))))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append((node.lineno, node.col_offset, node.value))
    for *_, text in sorted(found):
        line = " ".join(text.split())
        if " " in line and len(line) >= LEAST and not _NO_TEXT.search(text):
            yield line


def _words(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "{…}"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(texts(), encoding="utf-8")
