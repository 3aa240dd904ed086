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
    (row, other) = csv.DictReader(io.StringIO(saved[0]().decode("utf-8")))
    assert row["'=run"] == "'@SUM(1)"
    assert other["'=run"] == "-0.5"
    assert row["n"] == "-1"
    assert "teaching" in row["note"]
