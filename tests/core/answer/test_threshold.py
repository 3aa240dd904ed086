"""Reading the committed predictions, and what a line through them means."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.answer.threshold import MALIGNANT, MELANOMA, Outcomes, Predictions
from core.evaluation.curves import operating_point
from core.evaluation.files import EvaluationError
from core.models.cards import Card
from core.settings import Settings

FILES = ("card.json", "evaluation-validation.json", "predictions-validation.parquet")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of what the shipped classifier's folder says of the validation split."""
    shipped = Settings.from_environment().weights / "classifier"
    for name in FILES:
        shutil.copy(shipped / name, tmp_path)
    return tmp_path


@pytest.fixture
def card(folder: Path) -> Card:
    return Card.read(folder)


def test_operating_points_are_those_of_the_report(folder: Path, card: Card) -> None:
    found = Predictions.read(folder, card, "validation")
    figures = json.loads((folder / "evaluation-validation.json").read_text())
    assert len(found.truth) == figures["images"]
    assert found.lesions == figures["lesions"]
    for name, keys in (("mel", MELANOMA), ("malignant", MALIGNANT)):
        truth, score = found.against(keys)
        assert truth.sum() == figures["two_classes"][name]["positives"]
        for wanted in (0.8, 0.9, 0.95):
            reported = figures["two_classes"][name]["operating_points"][f"sensitivity {wanted:.0%}"]
            assert operating_point(truth, score, wanted) == pytest.approx(reported, abs=5e-5)


def test_malignant_is_the_three() -> None:
    assert {"mel", "bcc", "akiec"} == MALIGNANT


def test_not_evaluated(tmp_path: Path, card: Card) -> None:
    with pytest.raises(EvaluationError, match=r"missing.*--split validation"):
        Predictions.read(tmp_path / "nowhere", card, "validation")


def test_other_weights(folder: Path, card: Card) -> None:
    with pytest.raises(EvaluationError, match=r"other weights.*train evaluate"):
        Predictions.read(folder, replace(card, sha256="0" * 64), "validation")


def test_columns_missing_or_values_not_finite(folder: Path, card: Card) -> None:
    table = pd.read_parquet(folder / FILES[2])
    table.drop(columns="mel").to_parquet(folder / FILES[2])
    with pytest.raises(EvaluationError, match="lack columns"):
        Predictions.read(folder, card, "validation")
    table.iloc[:0].to_parquet(folder / FILES[2])
    with pytest.raises(EvaluationError, match="empty"):
        Predictions.read(folder, card, "validation")
    table.assign(mel=np.nan).to_parquet(folder / FILES[2])
    with pytest.raises(EvaluationError, match="empty"):
        Predictions.read(folder, card, "validation")


def test_a_thousand_lesions_by_hand() -> None:
    assert Outcomes.of(0.9, 0.8, 0.1) == Outcomes(90, 10, 180, 720)
    assert Outcomes.of(1.0, 0.0, 0.5, 10) == Outcomes(5, 0, 5, 0)


def test_every_lesion_is_counted_once() -> None:
    rng = np.random.default_rng(0)
    for sensitivity, specificity, prevalence in rng.random((200, 3)):
        out = Outcomes.of(sensitivity, specificity, prevalence)
        parts = (out.found, out.missed, out.false_alarms, out.left_alone)
        assert sum(parts) == 1000
        assert min(parts) >= 0
