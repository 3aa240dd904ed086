"""The file of all texts is that of the code."""

from __future__ import annotations

from tests import texts


def test_the_file_of_texts_is_today_s() -> None:
    assert texts.FILE.read_text(encoding="utf-8") == texts.texts(), (
        "Texts have changed. Read them once more, then: python -m tests.texts"
    )
