"""The measured figures as Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models.weights import WeightsError
from train.__main__ import main
from train.finish.report import comparison, table


def measure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def put(folder: Path, name: str, split: str = "test", **metrics: float) -> None:
    folder.mkdir(parents=True)
    measured = {key: measure(value) for key, value in metrics.items()}
    card = {"name": name, "metrics": {split: {"images": 1200, "lesions": 900, **measured}}}
    if "macro_f1" in metrics:
        card["classes"] = ["mel", "nv"]
    (folder / "card.json").write_text(json.dumps(card))


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    put(tmp_path / "classifier", "Net", macro_f1=0.5, macro_auc=0.8)
    put(tmp_path / "segmenter", "Outline", mean_iou=0.7)
    put(tmp_path / "comparison/hybrid/classifier", "Both", macro_f1=0.4)
    put(tmp_path / "comparison/hybrid/segmenter", "Both's outline", mean_iou=0.6)
    return tmp_path


def test_shipped_models_with_intervals_and_n(weights: Path) -> None:
    lines = table(weights).splitlines()
    assert lines[2] == ("| Net, 1,200 images of 900 lesions | Macro-F1 | 0.500 | 0.400 to 0.600 |")
    assert lines[3] == "|  | Macro one-vs-rest AUC | 0.800 | 0.700 to 0.900 |"
    assert len(lines) == 5


def test_comparison_has_a_line_for_each_model(weights: Path) -> None:
    lines = comparison(weights).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2:] == [
        "| Net | 2 | 0.500 |  | 0.800 |  |  | 1,200 |",
        "| Outline |  |  |  |  | 0.700 |  | 1,200 |",
        "| Both | 2 | 0.400 |  |  |  |  | 1,200 |",
        "| Both's outline |  |  |  |  | 0.600 |  | 1,200 |",
    ]


@pytest.mark.parametrize("made", [table, comparison])
def test_what_was_not_measured_is_named(weights: Path, made) -> None:
    with pytest.raises(WeightsError, match="Net was not measured on test-8views"):
        made(weights, "test-8views")


def test_command(weights: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights))
    assert main(["report", "--comparison"]) == 0
    assert comparison(weights) in capsys.readouterr().out
    assert main(["report", "--split", "test-8views"]) == 1
    assert "was not measured" in capsys.readouterr().err
