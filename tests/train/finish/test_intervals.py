"""The calibration error's interval in kept evaluations."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from core.evaluation.files import EvaluationError
from core.evaluation.metrics import ECE_INTERVAL
from train.__main__ import main
from train.finish.intervals import renew

WEIGHTS = Path(__file__).resolve().parents[3] / "weights"
KINDS = ("classifier", "segmenter")
COMMITTED = sorted(
    p.parent.relative_to(WEIGHTS) for p in WEIGHTS.rglob("card.json") if p.parent.name in KINDS
)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """The shipped figures without the weights, and one experiment's."""
    for folder in ("classifier", "segmenter", "comparison/two-labels/classifier"):
        shutil.copytree(
            WEIGHTS / folder, tmp_path / folder, ignore=shutil.ignore_patterns("*.safetensors")
        )
    return tmp_path


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def rounded(path: Path) -> dict:
    return json.loads(
        path.read_text(encoding="utf-8"), parse_float=lambda text: round(float(text), 6)
    )


def spoil(folder: Path) -> None:
    """As older versions wrote it: a percentile interval, and nothing on how it was made."""
    for path in folder.glob("evaluation-*.json"):
        figures = read(path)
        figures.pop("ece_interval", None)
        figures["overall"]["ece"] |= {"low": 0.023, "high": 0.053}
        path.write_text(json.dumps(figures), encoding="utf-8")


@pytest.mark.parametrize("folder", COMMITTED, ids=str)
def test_committed_intervals_are_what_the_command_gives(folder: Path, tmp_path: Path) -> None:
    copied = tmp_path / folder
    shutil.copytree(
        WEIGHTS / folder, copied, ignore=shutil.ignore_patterns("*.safetensors", "atlas.parquet")
    )
    renew(copied)
    for path in copied.glob("*.json"):
        assert rounded(path) == rounded(WEIGHTS / folder / path.name), path.name


def test_nothing_else_in_an_evaluation_changes(weights: Path) -> None:
    folder = weights / "classifier"
    before = {p.name: read(p) for p in folder.glob("*.json")}
    spoil(folder)
    found = renew(folder)
    assert set(found) == {"elsewhere", "test", "test-8views", "validation"}
    assert {p.name: read(p) for p in folder.glob("*.json")} == before
    card = read(folder / "card.json")
    low, high = found["test"]
    assert card["metrics"]["test"]["ece"] == before["card.json"]["metrics"]["test"]["ece"]
    assert (card["metrics"]["test"]["ece"]["low"], card["metrics"]["test"]["ece"]["high"]) == (
        low,
        high,
    )


def test_without_predictions_an_old_interval_goes_and_a_right_one_stays(weights: Path) -> None:
    folder = weights / "comparison/two-labels/classifier"
    spoil(folder)
    assert set(renew(folder).values()) == {(None, None)}
    figures = read(folder / "evaluation-test.json")
    assert figures["overall"]["ece"]["value"] is not None
    assert figures["overall"]["macro_f1"]["low"] is not None
    figures["ece_interval"] = ECE_INTERVAL
    figures["overall"]["ece"] |= {"low": 0.01, "high": 0.04}
    (folder / "evaluation-test.json").write_text(json.dumps(figures), encoding="utf-8")
    assert renew(folder)["test"] == (0.01, 0.04)


@pytest.mark.parametrize("damage", ["fewer", "others", "another"])
def test_predictions_of_another_evaluation_are_refused(weights: Path, damage: str) -> None:
    folder = weights / "classifier"
    path = folder / "predictions-test.parquet"
    table = pd.read_parquet(path)
    if damage == "fewer":
        table = table.iloc[:-1]
    elif damage == "others":
        table["dx"] = table["dx"].replace("mel", "wart")
    else:
        table["dx"] = "mel"
    table.to_parquet(path)
    before = {p.name: p.read_bytes() for p in folder.glob("*.json")}
    with pytest.raises(EvaluationError, match="does not hold the predictions"):
        renew(folder)
    assert {p.name: p.read_bytes() for p in folder.glob("*.json")} == before


def test_command(weights: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights))
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "runs"))
    assert main(["intervals"]) == 0
    told = capsys.readouterr().out
    assert "test: 0.000 to" in told
    assert "two-labels, test: none" in told
    assert main(["intervals", "--run-name", "nothing"]) == 1
    assert "no model" in capsys.readouterr().err
    shutil.copytree(weights / "classifier", tmp_path / "runs/mine/model/classifier")
    assert main(["intervals", "--run-name", "mine"]) == 0
