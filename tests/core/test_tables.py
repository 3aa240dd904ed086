"""Tables of many photos: safe for spreadsheets, numbers left alone."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from core.batch import analyse_files
from core.imaging import ImageError, to_jpeg
from core.phantom import practice_set
from core.tables import safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_like_a_formula(start):
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("words", ["", "mole.jpg", "1=2", "a@b", "'quoted"])
def test_other_words_stay(words):
    assert safe(words) == words


def test_the_command_writes_safe_reasons_and_the_very_stem(tmp_path, monkeypatch):
    """Without a browser, `image` is the file's stem, whatever it begins with."""
    monkeypatch.chdir(tmp_path)
    photo, broken = Path("-1.jpg"), Path("=1+1.jpg")
    photo.write_bytes(to_jpeg(practice_set()[0].image.rgb))
    broken.write_bytes(b"")

    class Analyser:
        classes = ()

        def analyse(self, image):
            raise ImageError("@reason")

    report = analyse_files([photo, broken], Path("out"), Analyser())
    assert (report.analysed, report.rejected) == (0, 2)
    with Path("out/rejected.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found[0] == {"file": "'-1.jpg", "reason": "'@reason"}
    assert found[1]["file"] == "'=1+1.jpg"
