"""Tables of many photos: safe for spreadsheets, numbers left alone."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pandas as pd
import pytest

from core.__main__ import main
from core.batch.folder import analyse_files
from core.batch.tables import safe, safe_table
from core.imaging.image import ImageError, to_jpeg
from core.lesion.phantom import practice_set


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_begins_like_a_formula(start):
    assert safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("words", ["", "mole.jpg", "1=2", "a@b", "'quoted"])
def test_other_words_stay(words):
    assert safe(words) == words


@pytest.mark.parametrize(
    "words",
    [
        "a;=1+1",  # a spreadsheet that splits at semicolons begins a cell here
        'a","=1+1',
        "a\t@SUM(1)",
        "a\r\n=1+1",
        " =1+1",
        "\xa0-1+1",
        "\ufeff=1+1",
        "\x00=1+1",
        "\u200b+1",
        "＝1+1",
        '"=1+1',
    ],
)
def test_no_formula_hides_behind_separators_or_spaces(words):
    made = safe(words)
    assert made.replace("'", "") == words, "only apostrophes are added"
    assert not re.search(r"(^|[,;\t\r\n|\"])\W*[=+\-@＝＋－＠]", made.replace("'", "x"))
    assert safe(made) == made


@pytest.mark.parametrize("words", ["ISIC_0024306", "a-1.jpg", "mole (2).png", "x=1", "Ünal-2"])
def test_ids_and_usual_names_stay(words):
    assert safe(words) == words


def test_tables_keep_their_numbers():
    table = pd.DataFrame({"=name": ["=1", "-0.5", "-.5e-3", "-5+x"], "n": [-1, 2.5, None, True]})
    made = safe_table(table)
    assert list(made) == ["'=name", "n"]
    assert list(made["'=name"]) == ["'=1", "-0.5", "-.5e-3", "'-5+x"]
    pd.testing.assert_series_equal(made["n"], table["n"])


@pytest.mark.parametrize("raw", [False, True])
def test_names_of_the_command(tmp_path, monkeypatch, raw):
    """Safe, unless a script asks for the very names; masks have the file's own name."""
    monkeypatch.chdir(tmp_path)
    names = ["-1.jpg", "a;=2.jpg", "ISIC_0024306.jpg"]
    for name, lesion in zip(names, practice_set(), strict=False):
        Path(name).write_bytes(to_jpeg(lesion.image.rgb))
    option = ["--raw-names"] if raw else []
    assert main(["analyse", *(f"./{n}" for n in names), "--out", "out", *option]) == 0
    with Path("out/predictions.csv").open(newline="", encoding="utf-8") as file:
        found = [row["image"] for row in csv.DictReader(file)]
    stems = [Path(n).stem for n in names]
    assert found == (stems if raw else [safe(stem) for stem in stems])
    assert {p.stem for p in Path("out/masks").iterdir()} == set(stems)


def test_the_command_writes_safe_reasons(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo, broken = Path("-1.jpg"), Path("=1+1.jpg")
    photo.write_bytes(to_jpeg(practice_set()[0].image.rgb))
    broken.write_bytes(b"")

    class Analyser:
        classes = ()
        models: ClassVar = {}
        runtime = SimpleNamespace(precision="f32")

        def analyse(self, image):
            raise ImageError("@reason")

    report = analyse_files([photo, broken], Path("out"), Analyser())
    assert (report.analysed, report.rejected) == (0, 2)
    with Path("out/rejected.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert found[0] == {"file": "'-1.jpg", "reason": "'@reason"}
    assert found[1]["file"] == "'=1+1.jpg"
