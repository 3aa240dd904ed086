"""Reading evaluations: the committed ones, and missing or damaged files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.evaluation.files import (
    Evaluation,
    EvaluationError,
    command,
    names,
    read_predictions,
    read_training,
)

WEIGHTS = Path(__file__).resolve().parents[3] / "weights"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The classifier's folder without its weights, to be damaged."""
    folder = tmp_path / "classifier"
    folder.mkdir()
    for path in (WEIGHTS / "classifier").iterdir():
        if path.suffix != ".safetensors":
            shutil.copy(path, folder)
    return folder


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_committed_files_fit_together(model: str) -> None:
    folder = WEIGHTS / model
    assert {"test", "validation"} <= set(names(folder))
    for split in ("test", "validation"):
        figures, predictions = Evaluation.read(folder, split), read_predictions(folder, split)
        assert figures.split == split
        assert len(predictions) == figures.images
        assert predictions["lesion_id"].nunique() == figures.lesions
    assert len(read_training(folder)) > 0


def test_missing_files_name_the_command(tmp_path: Path) -> None:
    for read in (Evaluation.read, read_predictions):
        with pytest.raises(EvaluationError, match=r"missing.*train evaluate nothing --split test"):
            read(tmp_path / "nothing", "test")
    with pytest.raises(EvaluationError, match="python -m train export nothing"):
        read_training(tmp_path / "nothing")
    assert names(tmp_path / "nothing") == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"split": "test"}', "\x00\xff"])
def test_damaged_figures_name_the_command(copied: Path, text: str) -> None:
    (copied / "evaluation-test.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(EvaluationError, match=r"damaged.*train evaluate classifier --split test"):
        Evaluation.read(copied, "test")


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: f.pop("confusion"),
        lambda f: f.update(classes=[]),
        lambda f: f["classes"].update(wart={}),
        lambda f: f["overall"].update(accuracy=0.9),
        lambda f: f["overall"]["accuracy"].pop("low"),
    ],
)
def test_what_lacks_a_part_is_damaged(copied: Path, damage) -> None:
    path = copied / "evaluation-test.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    damage(figures)
    path.write_text(json.dumps(figures), encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"damaged|other classes"):
        Evaluation.read(copied, "test")


def test_damaged_tables(copied: Path) -> None:
    (copied / "predictions-test.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(EvaluationError, match="not a readable Parquet"):
        read_predictions(copied, "test")
    read_training(copied).drop(columns="epoch").to_csv(copied / "training.csv")
    with pytest.raises(EvaluationError, match="no epochs"):
        read_training(copied)


def test_command_of_several_views() -> None:
    told = command(Path("weights/segmenter"), "test-8views")
    assert told == "python -m train evaluate segmenter --split test --views 8"


def test_command_for_the_model_of_a_run() -> None:
    told = command(Path("runs/my run/model/classifier"), "test")
    assert told == "python -m train evaluate classifier --split test --run-name 'my run'"


def test_command_on_a_subset() -> None:
    told = command(Path("runs/few/model/segmenter"), "validation", 60)
    assert told == "python -m train evaluate segmenter --split validation --limit 60 --run-name few"


def test_command_for_a_model_whose_figures_alone_are_here() -> None:
    told = command(Path("weights/comparison/hybrid/segmenter"), "validation")
    assert told == "python -m train evaluate segmenter --split validation --run-name hybrid"
