"""Reading the committed figures with the predictions they are of."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.answer.threshold import MALIGNANT, MELANOMA
from core.evaluation.curves import operating_point
from core.evaluation.files import EvaluationError
from core.evaluation.reports import ClassifierReport, SegmenterReport
from core.settings import Settings

FILES = ("evaluation-validation.json", "predictions-validation.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the shipped classifier's folder says of the validation split."""
    shipped = Settings.from_environment().weights / "classifier"
    for name in FILES:
        shutil.copy(shipped / name, tmp_path)
    return tmp_path


def test_operating_points_are_those_of_the_report(folder: Path) -> None:
    found = ClassifierReport.read(folder, "validation")
    figures = json.loads((folder / FILES[0]).read_text())
    assert len(found.groups) == figures["images"]
    assert len(set(found.groups)) == figures["lesions"]
    assert found.of == f"{figures['images']:,} images of {figures['lesions']:,} lesions"
    for name, keys in (("mel", MELANOMA), ("malignant", MALIGNANT)):
        truth, score = found.against(keys)
        assert truth.sum() == figures["two_classes"][name]["positives"]
        for wanted in (0.8, 0.9, 0.95):
            reported = figures["two_classes"][name]["operating_points"][f"sensitivity {wanted:.0%}"]
            assert operating_point(truth, score, wanted) == pytest.approx(reported, abs=5e-5)


def test_named_by_the_rule_or_as_most_probable(folder: Path) -> None:
    found = ClassifierReport.read(folder, "validation")
    for by_rule, counts in (
        (True, found.figures.confusion.counts),
        (False, found.figures.confusion.most_probable),
    ):
        named = pd.Series(found.named(by_rule)).value_counts()
        assert [named.get(k, 0) for k in found.classes] == np.sum(counts, axis=0).tolist()


def test_not_evaluated(tmp_path: Path) -> None:
    for report in (ClassifierReport, SegmenterReport):
        with pytest.raises(EvaluationError, match=r"missing.*--split validation"):
            report.read(tmp_path / "nowhere", "validation")


def test_columns_or_rows_missing_or_values_of_no_use(folder: Path) -> None:
    table = pd.read_parquet(folder / FILES[1])
    for changed in (table.drop(columns="mel"), table.iloc[:0]):
        changed.to_parquet(folder / FILES[1])
        with pytest.raises(EvaluationError, match="do not belong together"):
            ClassifierReport.read(folder, "validation")
    for column, value in (("mel", np.nan), ("mel", "much"), ("dx", "mole"), ("prediction", "")):
        table.assign(**{column: value}).to_parquet(folder / FILES[1])
        with pytest.raises(EvaluationError, match="usable probabilities"):
            ClassifierReport.read(folder, "validation")
