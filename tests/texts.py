"""All texts of the product in one file, `tests/golden/texts.txt`, to be read in one go: whoever
changes a text sees it there beside the others. `python -m tests.texts` writes it again.

A text is a string in the Python code or its JSON files, but no docstring, with a space in it.
Values in it are `{…}`.
"""

from __future__ import annotations

import ast
import json
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
        for path in sorted((ROOT / folder).rglob("*.*")):
            if path.suffix not in (".py", ".json"):
                continue
            content = path.read_text(encoding="utf-8")
            strings = _in_code(content) if path.suffix == ".py" else _in_json(json.loads(content))
            found = [line for line in map(_line, strings) if line]
            if found:
                name = path.relative_to(ROOT).as_posix()
                parts.append("\n".join([f"# {name}", *dict.fromkeys(found)]))
    return "\n\n".join(parts) + "\n"


def _line(text: str) -> str:
    """A text in one line; empty if it is none."""
    line = " ".join(text.split())
    return line if " " in line and len(line) >= LEAST and not _NO_TEXT.search(text) else ""


def _in_code(code: str) -> Iterator[str]:
    tree = ast.parse(code)
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
    yield from (text for *_, text in sorted(found))


def _in_json(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _in_json(part)


def _words(part: ast.expr) -> str:
    return str(part.value) if isinstance(part, ast.Constant) else "{…}"


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(texts(), encoding="utf-8")
