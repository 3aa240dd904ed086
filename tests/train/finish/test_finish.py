"""Runs of every kind become models, measured on validation; the test split waits for a click."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import train.finish.evaluate
import train.finish.export
import train.finish.finish
from core.answer.analyser import Analyser
from core.errors import DatasetError
from core.evaluation.files import ELSEWHERE, Evaluation, names, read_predictions, read_training
from core.ham10000.splits import subset
from core.imaging.image import resize, to_jpeg
from core.lesion.phantom import KINDS, make_phantom
from core.models.cards import Card
from core.models.reference import Reference
from core.models.registry import unfit
from core.models.torch_runtime import load_classifier
from core.models.weights import WeightsError
from core.taxonomy import KEYS
from tests.train.conftest import Tiny
from tests.train.data.test_elsewhere import write_source
from train.__main__ import main
from train.config import ClassifierConfig, Config, HybridConfig, SegmenterConfig
from train.data.elsewhere import Elsewhere
from train.finish.finish import evaluate_run, finish
from train.finish.finished import Finished, sizes_to_try
from train.progress import Meter, Progress, Stopped
from train.run import begin, run_training
from train.stages import Stage

QUICK = {
    "start": "random",
    "stages": (Stage(1, 32),),
    "epoch_images": 16,
    "batch": 8,
    "threads": 1,
    "precision": "32-true",
}
DRAWS = 10


@dataclass
class Listener:
    """A watch that keeps what it hears, and wants to stop in a phase, if one is given."""

    stop_in: str = ""
    called: str = ""
    phases: list[str] = field(default_factory=list)
    heard: list[Progress] = field(default_factory=list)

    def phase(self, name: str) -> None:
        self.phases.append(name)

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def stop_wanted(self) -> bool:
        return self.stop_in == self.phases[-1]


@pytest.fixture(scope="module")
def folder_of_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three kinds of painted lesions in three subfolders, eight photos each."""
    root = tmp_path_factory.mktemp("skin") / "kinds of skin"
    random = np.random.default_rng(1)
    for label, kind in enumerate(list(KINDS)[:3]):
        (root / f"kind {label}").mkdir(parents=True)
        small = resize(make_phantom(label, kind).image.rgb, (60, 45))
        for number in range(8):
            noisy = np.clip(small.astype(int) + random.integers(0, 30, small.shape), 0, 255)
            path = root / f"kind {label}" / f"{number}.jpg"
            path.write_bytes(to_jpeg(noisy.astype(np.uint8)))
    return root


@pytest.fixture(scope="module")
def runs(
    tiny: Tiny, folder_of_classes: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """The folder of runs, with trained and finished ones."""
    folder = tmp_path_factory.mktemp("runs")
    configs: dict[str, Config] = {
        "seven": ClassifierConfig(
            **QUICK, architecture="small-cnn", loss="cross-entropy", crop_share=0.0
        ),
        "two": ClassifierConfig(**QUICK, architecture="small-cnn", labels="malignancy"),
        "own": ClassifierConfig(**QUICK, architecture="small-cnn", data=str(folder_of_classes)),
        "both": HybridConfig(**QUICK, limit=12),
        "outline": SegmenterConfig(**QUICK),
        "more": ClassifierConfig(
            **QUICK,
            architecture="small-cnn",
            more=(str(write_source(folder.with_name("clinic"), masks=False)),),
        ),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LESIONLAB_DATA", str(tiny.data))
        patch.setenv("LESIONLAB_RUNS", str(folder))
        patch.setenv("LESIONLAB_DEVICE", "cpu")
        patch.setenv("LESIONLAB_THREADS", "1")
        patch.setattr(train.finish.finish, "RUN_DRAWS", DRAWS)
        for name, config in configs.items():
            begin(folder / name, config, False)
            listener = Listener(called="Erster Versuch ä" if name == "seven" else "")
            run_training(folder / name, listener, False)
            assert listener.phases == ["preparing", "training", "exporting", "evaluating"]
        yield folder


@pytest.mark.parametrize(
    ("name", "kind", "classes"),
    [
        ("seven", "classifier", list(KEYS)),
        ("two", "classifier", ["benign", "malignant"]),
        ("own", "classifier", ["kind 0", "kind 1", "kind 2"]),
        ("both", "classifier", list(KEYS)),
        ("both", "segmenter", None),
        ("outline", "segmenter", None),
    ],
)
def test_every_run_leaves_a_measured_model(
    runs: Path, name: str, kind: str, classes: list[str] | None
) -> None:
    folder = runs / name / "model" / kind
    card = Card.read(folder).as_dict()
    assert card.get("classes") == classes
    assert ("Erster Versuch ä" if name == "seven" else name) in card["name"]
    assert "never diagnosis" in card["intended_use"]
    assert card["training"]["kind"] == ("hybrid" if name == "both" else kind)
    assert "validation" in card["metrics"]
    assert "test" not in card["metrics"]
    assert "test_looks" not in card
    figures = Evaluation.read(folder, "validation", diagnoses=False).as_dict()
    assert figures["weights"] == card["sha256"]
    assert f"{DRAWS} draws" in figures["intervals"]
    assert figures["command"].endswith(f"--run-name {name}")
    assert len(read_predictions(folder, "validation")) == figures["images"] > 0
    assert len(read_training(folder)) == 1
    assert not list((runs / name).glob("model.*"))


def test_only_the_seven_diagnoses_have_similar_cases_and_can_be_used(runs: Path) -> None:
    can = {
        (run.name, kind.name): not unfit(kind.name, Card.read(kind))
        for run in runs.iterdir()
        for kind in (run / "model").iterdir()
    }
    assert can == {
        ("seven", "classifier"): True,
        ("two", "classifier"): False,
        ("own", "classifier"): False,
        ("both", "classifier"): True,
        ("both", "segmenter"): True,
        ("outline", "segmenter"): True,
        ("more", "classifier"): True,
    }
    assert not (runs / "two/model/classifier/reference.safetensors").exists()


def test_sections_are_those_that_the_classes_allow(runs: Path) -> None:
    found = {
        name: Evaluation.read(runs / name / "model/classifier", "validation", diagnoses=False)
        for name in ("seven", "two", "own")
    }
    assert {name: set(f.two_classes) for name, f in found.items()} == {
        "seven": {"malignant", "mel"},
        "two": {"malignant"},
        "own": set(),
    }
    assert set(found["two"].slices) == {"age", "sex", "localization", "dx_type"}
    assert found["two"].slices["sex"]["male"].melanomas is None
    assert found["own"].slices == {}
    assert "flagged_unlike" in found["seven"].others
    assert "flagged_unlike" not in found["two"].others


def test_two_labels_are_the_groups_of_the_diagnoses(runs: Path, tiny: Tiny) -> None:
    predictions = read_predictions(runs / "two/model/classifier", "validation")
    truth = tiny.open().table.loc[predictions.index, "dx"].isin(["mel", "bcc", "akiec"])
    assert (predictions["dx"] == np.where(truth, "malignant", "benign")).all()


def test_a_run_of_the_app_analyses_with_its_own_training_photos(runs: Path, tiny: Tiny) -> None:
    folders = runs / "seven/model/classifier", runs / "outline/model/segmenter"
    analyser = Analyser.load(folders=folders)
    data = tiny.open()
    rows = data.table[data.table["split"] == "train"]
    assert set(analyser.reference.cases.images) == set(rows.index)
    found = analyser.analyse_bytes(data.photo(rows.index[2]))
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert analyser.similar(found)[0].similarity > 0.99


def test_a_limited_run_knows_and_is_measured_on_the_photos_it_saw(runs: Path, tiny: Tiny) -> None:
    folder, table = runs / "both/model/classifier", tiny.open().table
    predictions = read_predictions(folder, "validation")
    validated, learned = (
        list(photos.index[subset(photos, 12)])
        for photos in (table[table["split"] == split] for split in ("validation", "train"))
    )
    assert list(predictions.index) == validated
    assert Card.read(folder).metrics["validation"].others["limit"] == 12
    cases = Reference.read(folder, 1.0).cases
    assert list(cases.images) == learned


def test_scores_are_free_of_the_prior_of_the_loss(runs: Path) -> None:
    """Cross-entropy's scores carry the shares that classes were drawn in; the card's prior is
    added to scores that carry none."""
    run = runs / "seven"
    folder = run / "model/classifier"
    card = Card.read(folder)
    state = torch.load(run / "best.ckpt", weights_only=False)["state_dict"]
    prior = np.array(list(card.calibration.prior.values()))
    drawn = prior**0.5 / (prior**0.5).sum()
    bias = load_classifier((folder, card)).classifier.fc.bias.detach().numpy()
    gone = state["net.fc.bias"].numpy() - bias
    np.testing.assert_allclose(gone, np.log(drawn), atol=2e-3)


def test_paths_of_this_machine_stay_here(runs: Path, folder_of_classes: Path) -> None:
    text = (runs / "own/model/classifier/card.json").read_text(encoding="utf-8")
    assert folder_of_classes.name in text
    assert str(folder_of_classes.parent) not in text


@pytest.mark.parametrize(
    ("last", "tried"),
    [
        (160, (160, 192)),
        (192, (160, 192, 224)),
        (128, (128, 160)),
        (64, (64,)),
        (256, (224, 256)),
    ],
)
def test_no_size_far_from_the_runs_own_is_tried(last: int, tried: tuple[int, ...]) -> None:
    config = ClassifierConfig(stages=(Stage(1, 32), Stage(1, last)))
    assert sizes_to_try(config) == tried


@pytest.mark.parametrize("name", ["seven", "two", "both", "outline", "more"])
def test_the_photos_to_finish_are_known_before(
    runs: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr("train.finish.finish.Meter", lambda *_: lambda *now: told.append(now))
    finish(Finished.open(runs / name), Listener())
    done, total = told[-1]
    assert total <= done <= total + 1  # a black one tells the width where there are no crops


# The test split


def test_each_look_at_the_test_split_is_noted(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = runs / "two/model/classifier"
    command = ["evaluate", "classifier", "--run-name", "two"]
    assert main(command) == 0
    assert not Card.read(folder).test_looks
    for count in (1, 2):
        assert main([*command, "--split", "test"]) == 0
        card = Card.read(folder)
        assert len(card.test_looks) == count
        assert all(pd.Timestamp(look).tzinfo for look in card.test_looks)
    assert Evaluation.read(folder, "test", diagnoses=False).images == card.metrics["test"].images
    finish(Finished.open(runs / "two"), Listener())
    assert len(Card.read(folder).test_looks) == 2, "a new export does not make it unseen"
    assert not (folder / "evaluation-test.json").exists()


def test_the_command_on_the_card_makes_its_figures_again(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of a training that saw a subset only."""
    folder = runs / "both/model/classifier"
    before = Evaluation.read(folder, "validation", diagnoses=False)
    assert before.limit
    (folder / "evaluation-validation.json").unlink()
    command = Card.read(folder).metrics["validation"].command
    assert main(shlex.split(command)[3:]) == 0
    assert Evaluation.read(folder, "validation", diagnoses=False) == before
    with pytest.raises(SystemExit):
        main(["evaluate", "classifier", "--limit", "5"])


def test_a_run_with_further_sources_is_measured_on_their_validation_photos(runs: Path) -> None:
    folder = runs / "more/model/classifier"
    assert names(folder) == [ELSEWHERE, "validation"]
    there = Evaluation.read(folder, ELSEWHERE, diagnoses=False)
    assert there.data == "clinic"
    held = Elsewhere.open(runs.with_name("clinic")).table["split"] == "validation"
    assert there.images == held.sum() > 0


def test_whole_split_is_measured_when_asked(runs: Path, tiny: Tiny) -> None:
    figures, _ = evaluate_run(runs / "both", "segmenter")
    assert figures.images == (tiny.open().table["split"] == "validation").sum() > 8


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("evaluate classifier --run-name nothing", "There is no run nothing"),
        ("evaluate classifier --run-name outline", "no card.json"),
        ("export classifier --run-name outline", "holds no classifier but a segmenter"),
    ],
)
def test_what_is_not_there(
    runs: Path, arguments: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 1
    assert words in capsys.readouterr().err


# Unhappy ends


def test_a_stop_while_measuring_leaves_a_run_that_can_be_finished(runs: Path) -> None:
    for phase in ("exporting", "evaluating"):
        with pytest.raises(Stopped):
            finish(Finished.open(runs / "outline"), Listener(stop_in=phase))
    listener = Listener()
    run_training(runs / "outline", listener, True)
    assert "validation" in Card.read(runs / "outline/model/segmenter").metrics
    assert len(read_training(runs / "outline/model/segmenter")) == 1


def test_without_a_checkpoint(runs: Path, tmp_path: Path) -> None:
    begin(tmp_path / "empty", ClassifierConfig(**QUICK, architecture="small-cnn"), False)
    with pytest.raises(WeightsError, match="train first"):
        finish(Finished.open(tmp_path / "empty"), Listener())


def test_a_damaged_checkpoint(runs: Path, tmp_path: Path) -> None:
    begin(tmp_path / "bad", ClassifierConfig(**QUICK, architecture="small-cnn"), False)
    (tmp_path / "bad/best.ckpt").write_bytes(b"no checkpoint")
    with pytest.raises(WeightsError, match="cannot be read"):
        finish(Finished.open(tmp_path / "bad"), Listener())


def test_progress_counts_photos(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(phases=["exporting"])
    meter = Meter(listener, 3, 3, "Stopped.")
    meter._told -= 2
    meter(40, 100)
    meter(80, 100)  # within the same second
    assert [p.step for p in listener.heard] == [40]
    assert listener.heard[0].steps == 100
    assert (listener.heard[0].seconds_left or 0) > 0


def test_a_hybrids_diagnoses_are_measured_elsewhere_without_masks(
    runs: Path, tmp_path: Path
) -> None:
    source = write_source(tmp_path / "clinic", masks=False)
    figures, _ = evaluate_run(runs / "both", "classifier", more=[source])
    assert figures.split == ELSEWHERE
    assert figures.images > 0
    with pytest.raises(DatasetError, match="mask"):
        evaluate_run(runs / "both", "segmenter", more=[source])
