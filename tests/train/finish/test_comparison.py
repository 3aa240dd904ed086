"""Figures of a run join the comparison; weights and predictions stay with the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.evaluation.files import compared
from core.models.cards import Card
from core.models.weights import WeightsError
from train.__main__ import main
from train.finish.comparison import keep


def model(run: Path, kind: str, evaluations: tuple[str, ...] = ("validation", "test")) -> None:
    folder = run / "model" / kind
    folder.mkdir(parents=True)
    Card(name=f"{kind} of {run.name}").write(folder)
    for name in ("model.safetensors", "training.csv", "predictions-test.parquet"):
        (folder / name).write_text(run.name)
    for split in evaluations:
        (folder / f"evaluation-{split}.json").write_text("{}")


def test_figures_alone_are_kept(environment: dict[str, str]) -> None:
    runs, weights = (Path(environment[f"LESIONLAB_{name}"]) for name in ("RUNS", "WEIGHTS"))
    model(runs / "both", "classifier")
    model(runs / "both", "segmenter")
    assert main(["compare", "both"]) == 0
    places = compared(weights)
    assert [p.relative_to(weights).as_posix() for p in places] == [
        "comparison/both/classifier",
        "comparison/both/segmenter",
    ]
    for place in places:
        assert {p.name for p in place.iterdir()} == {
            "card.json",
            "training.csv",
            "evaluation-test.json",
            "evaluation-validation.json",
        }


def test_again_replaces_what_is_there(tmp_path: Path) -> None:
    model(tmp_path / "runs/a", "classifier")
    (place,) = keep(tmp_path / "runs/a", tmp_path / "weights")
    (tmp_path / "runs/a/model/classifier/evaluation-test.json").unlink()
    assert keep(tmp_path / "runs/a", tmp_path / "weights") == [place]
    assert not (place / "evaluation-test.json").exists()
    assert [p.name for p in place.parents[1].iterdir()] == ["a"]


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model(tmp_path / "runs/a", "classifier")

    def full(source: Path, to: Path) -> None:
        to.write_text("half")
        raise OSError("No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(OSError, match="No space"):
        keep(tmp_path / "runs/a", tmp_path / "weights")
    assert not list((tmp_path / "weights/comparison").iterdir())
    # One that was killed in between is no model either.
    model(tmp_path / "weights/comparison/.lesionlab-1", "classifier")
    assert compared(tmp_path / "weights") == []


def test_unfinished_or_unmeasured_runs_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match="finish its training"):
        keep(tmp_path / "empty", tmp_path / "weights")
    model(tmp_path / "unmeasured", "segmenter", evaluations=())
    with pytest.raises(WeightsError, match="train evaluate segmenter --run-name unmeasured"):
        keep(tmp_path / "unmeasured", tmp_path / "weights")
    assert compared(tmp_path / "weights") == []
