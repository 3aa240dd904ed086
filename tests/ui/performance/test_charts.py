"""What is shared by the charts of the Performance page."""

from __future__ import annotations

import csv
import io

import pandas as pd
import streamlit as st

from ui.performance import charts


def test_saved_figures_are_safe_for_spreadsheets(monkeypatch) -> None:
    saved = []
    monkeypatch.setattr(st, "download_button", lambda _, data, *more, **others: saved.append(data))
    charts.download(pd.DataFrame({"=run": ["@SUM(1)", "-0.5"], "n": [-1, 2]}), "some")
    (row, other) = csv.DictReader(io.StringIO(saved[0]().decode("utf-8-sig")))
    assert row["'=run"] == "'@SUM(1)"
    assert other["'=run"] == "-0.5"
    assert row["n"] == "-1"
    assert "teaching" in row["note"]


def test_an_interval_is_saved_as_numbers(monkeypatch) -> None:
    saved = []
    monkeypatch.setattr(st, "download_button", lambda _, data, *more, **others: saved.append(data))
    shown = {
        "F1": ["0.55 (0.42 to 0.66)", "0.70", "–"],
        "Difference": ["−0.01 (−0.03 to +0.02)", "+0.10 (+0.05 to +0.20)", None],
        "PPV": ["0.80 (0.70 to 0.90)", "– (never named)", "not run"],
        "Class": ["a (b to c)", "nv", "mel"],
    }
    charts.download(pd.DataFrame(shown), "some")
    found = pd.read_csv(io.BytesIO(saved[0]()))
    assert list(found["F1"].fillna(-1)) == [0.55, 0.70, -1]
    assert list(found["F1 from"].fillna(-1)) == [0.42, -1, -1]
    assert list(found["Difference to"].fillna(-1)) == [0.02, 0.20, -1]
    assert list(found["PPV"]) == ["0.80", *shown["PPV"][1:]], "words are not lost"
    assert list(found["Class"]) == shown["Class"]
