"""JSON files that may be anybody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.system.json_files import is_number, read_object


@pytest.mark.parametrize(
    "text",
    ["", "[]", "1", "null", '"x"', "{", '{"a": "\\ud800"}', '{"\\udfff": 1}', '{"a":' * 50_000,
     f'{{"a": {10**400}}}', f'{{"a": [-{2**63}]}}'],
)  # fmt: skip
def test_what_is_no_object_of_words_and_numbers(text: str, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r".+"):
        read_object(tmp_path / "it.json")


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ValueError, match="utf-8"):
        read_object(tmp_path / "it.json")


def test_letters_and_numbers(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text('{"d": "\\ud83d\\ude00"}', encoding="utf-8")
    assert read_object(tmp_path / "it.json") == {"d": "😀"}
    assert is_number(1)
    assert is_number(0.5)
    assert not any(map(is_number, (True, None, "1", [])))
