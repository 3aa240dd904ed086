"""A tiny run becomes weights that the app loads, and those weights are measured."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from sklearn.metrics import roc_auc_score

import train.finish.evaluate
import train.finish.export
from core.answer.analyser import Analyser
from core.evaluation.metrics import ECE_INTERVAL
from core.ham10000.dataset import Dataset
from core.ham10000.splits import SplitError
from core.imaging.image import to_png
from core.models.cards import Card
from core.models.weights import read_state
from core.settings import Settings
from core.taxonomy import KEYS
from tests.train.conftest import HEIGHT, WIDTH, Tiny
from train.__main__ import main
from train.config import ClassifierConfig, Config, SegmenterConfig
from train.config_files import read_config
from train.data.arrays import prepare
from train.data.samplers import Frames
from train.data.sources import split_source
from train.finish.evaluate import evaluate_shipped
from train.finish.export import export_classifier, export_segmenter
from train.finish.finished import Finished, trained
from train.stages import Stage

QUICK = "--start random --stages 1x32 --epoch-images 16 --batch 8 --threads 1"
SIZES = (32, 64)
DRAWS = 10


@dataclass(frozen=True)
class Shipped:
    """What training and export have left.

    Attributes:
        runs: the folder of LESIONLAB_RUNS.
        weights: the folder of LESIONLAB_WEIGHTS.
        dataset: what was trained on.
        seen: image ids that the export has put through the classifier or the segmenter.
    """

    runs: Path
    weights: Path
    dataset: Dataset
    seen: set[str]

    def card(self, model: str) -> dict[str, Any]:
        return Card.read(self.weights / model).as_dict()


@pytest.fixture(scope="module")
def shipped(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shipped]:
    """Both models trained for one epoch and exported; the start weights are gone by then."""
    folder = tmp_path_factory.mktemp("shipped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LESIONLAB_DATA", str(tiny.data))
        patch.setenv("LESIONLAB_RUNS", str(folder / "runs"))
        patch.setenv("LESIONLAB_WEIGHTS", str(folder / "weights"))
        patch.setenv("LESIONLAB_DEVICE", "cpu")
        patch.setenv("LESIONLAB_THREADS", "1")
        patch.setattr("train.finish.finished.SIZES", SIZES)
        patch.setattr(train.finish.evaluate, "DRAWS", DRAWS)
        seen: set[str] = set()
        frame = Frames.__getitem__

        def note(frames: Frames, index: int) -> tuple:
            seen.add(str(frames.arrays.table.index[frames.rows[index]]))
            return frame(frames, index)

        small = "--architecture resnet18 --freeze layer3,layer4"
        for model, options in (("classifier", small), ("segmenter", "")):
            assert main([model, *QUICK.split(), *options.split()]) == 0
            pretend_imagenet(folder / "runs" / model / "config.json")
            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(Frames, "__getitem__", note)
                assert main(["export", model]) == 0
        yield Shipped(folder / "runs", folder / "weights", tiny.open(), seen)


def pretend_imagenet(config: Path) -> None:
    """As if the run had started from a file that is not on this machine, under an older version
    that had one more choice."""
    values = json.loads(config.read_text())
    config.write_text(
        json.dumps({**values, "fields": "older", "start": "imagenet", "eval_size": 192})
    )
    began = json.loads(config.with_name("began.json").read_text())
    del began["start"]
    config.with_name("began.json").write_text(json.dumps(began))


@pytest.fixture(scope="module")
def analyser(shipped: Shipped) -> Analyser:
    return Analyser.load(
        replace(Settings.from_environment(), weights=shipped.weights, device="cpu")
    )


def images_of(shipped: Shipped, split: str) -> set[str]:
    return set(shipped.dataset.table.index[shipped.dataset.table["split"] == split])


# Export


def test_exported_weights_analyse_a_photo(shipped: Shipped, analyser: Analyser) -> None:
    found = analyser.analyse_bytes(shipped.dataset.photo("ISIC_0000010"))
    assert found.classes == KEYS
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert found.mask.shape == (HEIGHT, WIDTH)
    assert found.novelty >= 0


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_card_says_what_the_weights_are(shipped: Shipped, model: str) -> None:
    card = shipped.card(model)
    weights = (shipped.weights / model / "model.safetensors").read_bytes()
    assert card["sha256"] == hashlib.sha256(weights).hexdigest()
    assert card["split_id"] == shipped.dataset.split.id
    assert card["input"]["size"] in SIZES
    assert set(card["size_choice"]["tried"]) == {str(s) for s in SIZES}
    assert card["training"]["epochs_trained"] == 1
    assert card["training"]["stages"] == [{"epochs": 1, "size": 32}]
    assert "ImageNet" in card["start"]
    assert "never diagnosis" in card["intended_use"]
    assert not list((shipped.weights / model).glob("*.part"))


def test_card_of_the_classifier(shipped: Shipped) -> None:
    card = shipped.card("classifier")
    assert card["classes"] == list(KEYS)
    assert 0.3 <= card["calibration"]["temperature"] <= 4
    assert card["novelty"]["threshold"] > 0
    assert 0 <= card["similar"]["recall_at_8"] <= 1
    table = shipped.dataset.table
    train_rows = table[table["split"] == "train"]
    shares = train_rows["dx"].value_counts(normalize=True)
    assert card["calibration"]["prior"] == pytest.approx(shares[list(KEYS)].to_dict())
    scores = card["size_choice"]["tried"]
    assert card["input"]["size"] == int(min(scores, key=lambda s: scores[s]))


@pytest.mark.parametrize(
    ("model", "config_of", "export"),
    [
        ("classifier", ClassifierConfig, export_classifier),
        ("segmenter", SegmenterConfig, export_segmenter),
    ],
)
def test_rounded_weights_answer_as_the_trained_ones_do(
    shipped: Shipped,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    config_of: type[Config],
    export: Callable[..., Card],
) -> None:
    rounding = shipped.card(model)["rounding"]
    change = rounding["largest_change"]
    assert 0 <= change <= 1e-2
    assert change > 0 or model == "segmenter"  # a mask may well stay as it is
    assert rounding["kept_in"] == "fp16"
    assert "beyond_fp16" not in rounding
    monkeypatch.setenv("LESIONLAB_DATA", str(shipped.dataset.root.parent))
    run = shipped.runs / model
    config = read_config(run, config_of)
    assert config is not None
    finished = Finished(run, config, shipped.dataset, prepare(config))
    network = trained(finished)[model]
    monkeypatch.setattr(train.finish.export, "ROUNDING_LIMIT", change / 2 - 1e-9)
    elsewhere = shipped.runs / "elsewhere" / model
    card = export(finished, network, elsewhere)
    assert card.rounding.others["kept_in"] == "fp32"
    assert card == Card.read(elsewhere)
    kept = read_state(elsewhere, card.sha256)
    trained_state = trained(finished)[model].state_dict()
    assert all(torch.equal(kept[k], trained_state[k]) for k in kept)


def test_tensors_that_do_not_fit_fp16_are_named(shipped: Shipped, tmp_path: Path) -> None:
    run = shipped.runs / "segmenter"
    config = read_config(run, SegmenterConfig)
    assert config is not None
    finished = Finished(run, config, shipped.dataset, prepare(config, data=shipped.dataset))
    network = trained(finished)["segmenter"]
    network.encoder.features[0][1].running_var[0] = 1e6
    card = export_segmenter(finished, network, tmp_path / "model")
    assert card.rounding.others["kept_in"] == "fp16"
    assert card.rounding.others["beyond_fp16"] == ["encoder.features.0.1.running_var"]


def test_size_of_the_segmenter_is_the_best_one(shipped: Shipped) -> None:
    card = shipped.card("segmenter")
    scores = card["size_choice"]["tried"]
    assert card["input"]["size"] == int(max(scores, key=lambda s: scores[s]))


def test_export_never_looks_at_test(shipped: Shipped) -> None:
    assert images_of(shipped, "validation") <= shipped.seen
    assert not shipped.seen & images_of(shipped, "test")


def test_similar_cases_are_the_training_photos(shipped: Shipped, analyser: Analyser) -> None:
    table = shipped.dataset.table
    cases = analyser.reference.cases
    assert set(cases.images) == images_of(shipped, "train")
    assert list(cases.diagnoses) == list(table.loc[list(cases.images), "dx"])
    assert list(cases.lesions) == list(table.loc[list(cases.images), "lesion_id"])
    image_id = cases.images[3]
    found = analyser.analyse_bytes(shipped.dataset.photo(image_id))
    first = analyser.similar(found)[0]
    assert first.lesion_id == table.loc[image_id, "lesion_id"]
    assert first.similarity > 0.99
    others = analyser.similar(found, without=first.lesion_id)
    assert first.lesion_id not in {n.lesion_id for n in others}


def test_about_one_percent_of_validation_is_flagged(shipped: Shipped, analyser: Analyser) -> None:
    ids = sorted(images_of(shipped, "validation"))
    flagged = [not analyser.analyse_bytes(shipped.dataset.photo(i)).in_domain for i in ids]
    assert sum(flagged) <= 1 + 0.05 * len(ids)


def test_config_of_a_run_is_read_back(shipped: Shipped) -> None:
    config = read_config(shipped.runs / "classifier", ClassifierConfig)
    assert config is not None
    assert config.freeze == ("layer3", "layer4")
    assert config.stages == (Stage(1, 32),)
    assert config.epoch_images == 16


# Evaluation


@pytest.fixture(scope="module", params=["validation", "test"])
def evaluated(shipped: Shipped, request: pytest.FixtureRequest) -> str:
    """Both models, evaluated on a split; its name."""
    for model in ("classifier", "segmenter"):
        assert main(["evaluate", model, "--split", request.param]) == 0
    return request.param


def evaluation(shipped: Shipped, model: str, split: str) -> tuple[dict, pd.DataFrame]:
    folder = shipped.weights / model
    figures = json.loads((folder / f"evaluation-{split}.json").read_text(encoding="utf-8"))
    return figures, pd.read_parquet(folder / f"predictions-{split}.parquet")


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_evaluation_has_intervals_and_numbers(shipped: Shipped, evaluated: str, model: str) -> None:
    figures, predictions = evaluation(shipped, model, evaluated)
    table = shipped.dataset.table[shipped.dataset.table["split"] == evaluated]
    assert set(predictions.index) == set(table.index), "exactly the split, all of it"
    assert figures["split"] == evaluated
    assert figures["images"] == len(predictions) == len(table)
    assert figures["lesions"] == table["lesion_id"].nunique()
    assert figures["split_id"] == shipped.dataset.split.id
    assert figures["weights"] == shipped.card(model)["sha256"]
    assert figures["command"] == f"python -m train evaluate {model} --split {evaluated}"
    assert str(DRAWS) in figures["intervals"]
    for part in ("overall", "most_probable"):
        for name, figure in figures.get(part, {}).items():
            assert None in figure.values() or figure["low"] <= figure["high"], name
    if model == "classifier":
        assert figures["ece_interval"] == ECE_INTERVAL
        ece = figures["overall"]["ece"]
        assert ece["low"] <= ece["value"] <= ece["high"]
    assert shipped.card(model)["metrics"][evaluated]["images"] == len(table)


def test_predictions_are_those_of_the_app(
    shipped: Shipped, evaluated: str, analyser: Analyser
) -> None:
    figures, predictions = evaluation(shipped, "classifier", evaluated)
    p = predictions[list(KEYS)]
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-4)
    for image_id in predictions.index[:3]:
        found = analyser.analyse_bytes(shipped.dataset.photo(image_id))
        np.testing.assert_allclose(p.loc[image_id], found.probabilities, atol=1e-3)
        assert predictions.loc[image_id, "novelty"] == pytest.approx(found.novelty, abs=1e-3)
    assert (
        predictions["prediction"].iloc[0]
        == analyser.analyse_bytes(shipped.dataset.photo(predictions.index[0])).prediction
    )
    hits = predictions["prediction"] == predictions["dx"]
    assert figures["overall"]["accuracy"]["value"] == pytest.approx(hits.mean())
    most_probable = p.idxmax(axis=1) == predictions["dx"]
    assert figures["most_probable"]["accuracy"]["value"] == pytest.approx(most_probable.mean())
    counts = np.array(figures["confusion"]["counts"])
    assert figures["confusion"]["classes"] == list(KEYS)
    assert counts.sum() == len(p)
    assert counts.trace() == hits.sum()
    assert counts.sum(axis=1).tolist() == [(predictions["dx"] == key).sum() for key in KEYS]


def test_classes_are_listed_worst_first(shipped: Shipped, evaluated: str) -> None:
    classes = evaluation(shipped, "classifier", evaluated)[0]["classes"]
    assert set(classes) == set(KEYS)
    f1 = [row["f1"]["value"] for row in classes.values()]
    assert f1 == sorted(f1)
    for row in classes.values():
        assert row["support"] > 0
        assert set(row) == {"support", "precision", "recall", "f1", "auc", "ap"}
        for measure in ("precision", "recall", "f1", "auc", "ap"):
            figure = row[measure]
            assert None in figure.values() or 0 <= figure["low"] <= figure["high"] <= 1


def test_curves_slices_and_the_two_class_view(shipped: Shipped, evaluated: str) -> None:
    figures, predictions = evaluation(shipped, "classifier", evaluated)
    assert set(figures["curves"]) == set(KEYS)
    for key, drawn in figures["curves"].items():
        roc = drawn["roc"]
        assert len(roc["threshold"]) == len(roc["sensitivity"]) == len(roc["specificity"]), key
    assert set(figures["reliability"]) == {"before_temperature", "after"}
    assert sum(figures["reliability"]["after"]["images"]) == len(predictions)
    malignant = predictions["dx"].isin(["mel", "bcc", "akiec"])
    view = figures["two_classes"]["malignant"]
    assert view["positives"] == malignant.sum()
    score = predictions[["mel", "bcc", "akiec"]].sum(axis=1)
    assert view["auc"]["value"] == pytest.approx(roc_auc_score(malignant, score), abs=0.01)
    for wanted, point in view["operating_points"].items():
        assert point["sensitivity"] >= int(wanted.split()[1].rstrip("%")) / 100
    assert set(figures["slices"]) == {"age", "sex", "localization", "dx_type"}
    for values in figures["slices"].values():
        assert sum(entry["images"] for entry in values.values()) == len(predictions)


def test_eight_views_are_reported_apart(shipped: Shipped) -> None:
    for model in ("classifier", "segmenter"):
        assert main(["evaluate", model]) == 0
        assert main(["evaluate", model, "--views", "8"]) == 0
        one, _ = evaluation(shipped, model, "validation")
        eight, _ = evaluation(shipped, model, "validation-8views")
        assert (one["views"], eight["views"]) == (1, 8)
        assert "--views 8" in eight["command"]
        assert {"validation", "validation-8views"} <= set(shipped.card(model)["metrics"])


def test_masks_are_compared_at_their_own_size(
    shipped: Shipped, evaluated: str, analyser: Analyser
) -> None:
    figures, scores = evaluation(shipped, "segmenter", evaluated)
    assert figures["overall"]["mean_iou"]["value"] == pytest.approx(scores["iou"].mean(), abs=1e-4)
    assert list(figures["worst"].values()) == sorted(figures["worst"].values())
    assert figures["distribution"]["iou"]["min"] <= figures["distribution"]["iou"]["mean"]
    image_id = scores.index[0]
    truth = shipped.dataset.mask(image_id)
    assert truth.shape == (2 * HEIGHT, 2 * WIDTH)
    np.testing.assert_allclose(scores["dice"], 2 * scores["iou"] / (1 + scores["iou"]), atol=1e-4)


def test_damaged_weights_are_refused(
    shipped: Shipped,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(shipped.weights, tmp_path / "weights")
    with (tmp_path / "weights/classifier/model.safetensors").open("ab") as file:
        file.write(b"x")
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path / "weights"))
    assert main(["evaluate", "classifier"]) == 1
    assert "SHA-256 differs" in capsys.readouterr().err


@pytest.mark.parametrize("model", ["classifier", "segmenter"])
def test_another_split_than_the_models_is_refused(
    shipped: Shipped, analyser: Analyser, model: str
) -> None:
    data = shipped.dataset
    other = replace(data, split=replace(data.split, id="another"))
    with pytest.raises(SplitError, match="another"):
        evaluate_shipped(model, split_source(other, "test"), analyser)


# Photos from elsewhere


@pytest.fixture
def elsewhere(shipped: Shipped, tmp_path: Path) -> Path:
    """Eight test photos as files, their diagnoses in ISIC's format, their masks."""
    table = shipped.dataset.table[shipped.dataset.table["split"] == "test"].head(8)
    for folder in ("photos", "masks"):
        (tmp_path / folder).mkdir()
    lines = ["image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"]
    order = ("mel", "nv", "bcc", "akiec", "bkl", "df", "vasc")
    for image_id, dx in table["dx"].items():
        (tmp_path / "photos" / f"{image_id}.jpg").write_bytes(shipped.dataset.photo(image_id))
        mask = to_png(shipped.dataset.mask(image_id).astype(np.uint8) * 255)
        (tmp_path / "masks" / f"{image_id}_segmentation.png").write_bytes(mask)
        lines.append(f"{image_id}," + ",".join("1.0" if key == dx else "0.0" for key in order))
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_photos_from_elsewhere(shipped: Shipped, evaluated: str, elsewhere: Path) -> None:
    cards = {model: shipped.card(model) for model in ("classifier", "segmenter")}
    photos, out = str(elsewhere / "photos"), elsewhere / "out"
    for model, truth in (("classifier", "--labels labels.csv"), ("segmenter", "--masks masks")):
        option, name = truth.split()
        command = ["evaluate", model, "--images", photos, option, str(elsewhere / name)]
        assert main([*command, "--out", str(out)]) == 0
        figures = json.loads((out / f"evaluation-{model}.json").read_text())
        assert (figures["data"], figures["split"], figures["images"]) == ("photos", "external", 8)
        assert len(pd.read_parquet(out / f"predictions-{model}.parquet")) == 8
        assert shipped.card(model) == cards[model], "the card quotes the dataset's splits alone"
    check_challenge_format(out, elsewhere)
    if evaluated == "test":
        theirs = pd.read_parquet(out / "predictions-classifier.parquet")
        _, ours = evaluation(shipped, "classifier", "test")
        columns = ["prediction", *KEYS]
        pd.testing.assert_frame_equal(theirs[columns], ours.loc[theirs.index, columns])


def check_challenge_format(out: Path, elsewhere: Path) -> None:
    """The highest score is the answer's, so that the challenge's scorer finds what we do."""
    truth, scores = (pd.read_csv(out / f"isic-{name}.csv") for name in ("truth", "scores"))
    pd.testing.assert_frame_equal(truth, pd.read_csv(elsewhere / "labels.csv"))
    assert list(scores.columns) == list(truth.columns)
    predictions = pd.read_parquet(out / "predictions-classifier.parquet")
    named = scores.set_index("image").idxmax(axis=1).str.lower()
    assert named.to_dict() == predictions["prediction"].to_dict()
    figures = json.loads((out / "evaluation-classifier.json").read_text())
    recalls = (named == predictions["dx"]).groupby(predictions["dx"]).mean()
    assert figures["overall"]["balanced_accuracy"]["value"] == pytest.approx(recalls.mean())
    masks = pd.read_parquet(out / "predictions-segmenter.parquet")
    for image_id, iou in masks["iou"].items():
        name = f"{image_id}_segmentation.png"
        found, drawn = (
            np.array(Image.open(f / name)) > 0 for f in (out / "isic-masks", elsewhere / "masks")
        )
        assert (found & drawn).sum() / (found | drawn).sum() == pytest.approx(iou, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--labels", "x.csv"], "go with --images"),
        (["--images", "p"], "--out"),
        (["--images", "p", "--out", "o"], "needs --images DIR --labels CSV"),
        (["--images", "p", "--out", "o", "--masks", "m"], "needs --images DIR --labels CSV"),
    ],
)
def test_options_that_do_not_fit(
    shipped: Shipped, options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", "classifier", *options])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err


# Calibration


def test_calibrating_again_finds_what_the_export_found(shipped: Shipped) -> None:
    folder = shipped.weights / "classifier"
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    exported = Card.read(folder)
    odd = replace(exported, calibration=replace(exported.calibration, temperature=3.0, bias={}))
    odd.write(folder)
    (folder / "evaluation-validation.json").write_text("of the earlier calibration")
    assert main(["calibrate"]) == 0
    card = Card.read(folder)
    assert card.calibration
    assert card.calibration.temperature == pytest.approx(exported.calibration.temperature, rel=0.02)
    assert card.calibration.bias == pytest.approx(exported.calibration.bias, abs=0.02)
    assert card.calibration.prior == exported.calibration.prior
    assert (card.metrics, card.elsewhere, card.int8) == ({}, None, None)
    assert card.sha256 == exported.sha256
    assert not list(folder.glob("evaluation-*")), "they are of the earlier calibration"
    for name, content in kept.items():
        (folder / name).write_bytes(content)


def test_calibration_needs_validation_photos_of_the_seven_diagnoses(
    shipped: Shipped, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shipped.weights / "classifier"
    before = (folder / "card.json").read_bytes()
    table = shipped.dataset.table
    few = replace(shipped.dataset, table=table[table["split"] != "validation"])
    monkeypatch.setattr(Dataset, "open", lambda: few)
    assert main(["calibrate"]) == 1
    assert "python -m core dataset import" in capsys.readouterr().err
    assert (folder / "card.json").read_bytes() == before


# int8


def test_int8_is_written_into_the_card_unless_it_moves_answers_too_far(
    shipped: Shipped, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shipped.weights / "classifier"
    before = (folder / "card.json").read_bytes()
    monkeypatch.setattr("train.finish.int8.too_far", lambda _: "it is too far")
    assert main(["int8"]) == 1
    assert (folder / "card.json").read_bytes() == before
    odd = json.loads(before) | {"int8": "odd"}
    (folder / "card.json").write_text(json.dumps(odd))
    monkeypatch.setattr("train.finish.int8.too_far", lambda _: "")
    assert main(["int8"]) == 0
    section = Card.read(folder).int8
    assert section
    assert section.against_f32
    assert section.against_f32.photos == len(images_of(shipped, "validation"))
    rounded = replace(Settings.from_environment(), precision="int8")
    assert Analyser.load(rounded).runtime.precision == "int8"
    load, loaded = Analyser.load, []

    def noted(settings: Settings, **others: Any) -> Analyser:
        loaded.append(settings.precision)
        return load(settings, **others)

    monkeypatch.setattr(Analyser, "load", noted)
    assert main(["evaluate", "classifier"]) == 0
    assert loaded == ["f32"], "what is measured is of floats"
    (folder / "card.json").write_bytes(before)
