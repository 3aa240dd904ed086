"""A packed model comes back whole; whatever else is in a package is refused with a reason."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import torch

from core.models.architectures import SMALL_CNN, build_classifier
from core.models.cards import Card, write_model
from core.models.networks import build_segmenter
from core.models.registry import check, unfit
from core.models.weights import WeightsError, sha256
from core.report.downloads import DISCLAIMER
from core.settings import Settings
from core.taxonomy import KEYS
from train.__main__ import main
from train.finish import package
from train.finish.package import pack, remove, unpack
from train.finish.package_check import PackageError

CLASSIFIER = {
    "name": "A small one",
    "task": "seven diagnoses",
    "data": "HAM10000",
    "licence": "CC BY-NC 4.0",
    "architecture": SMALL_CNN,
    "classes": list(KEYS),
    "input": {"size": 64},
    "calibration": {"temperature": 1.0, "prior": dict.fromkeys(KEYS, 1 / 7)},
    "decision": {"exponent": 0.5, "how": "by the rule"},
}
INTERVAL = {"value": 0.5, "low": 0.4, "high": 0.6}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's `model/` with a classifier, never trained, and an evaluation of it."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("made") / "model"
    classifier = folder / "classifier"
    card = write_model(classifier, build_classifier(SMALL_CNN, 7).state_dict(), Card.of(CLASSIFIER))
    (classifier / "training.csv").write_text("epoch,train_loss\n0,1.5\n")
    ids = [f"ISIC_{i:07d}" for i in range(4)]
    table = pd.DataFrame({"lesion_id": ids, "dx": "nv", "prediction": "nv"}, index=ids)
    for key in KEYS:
        table[key] = 1 / 7
    table.to_parquet(classifier / "predictions-validation.parquet")
    figures = {
        "weights": card.sha256,
        "split": "validation",
        "images": 4,
        "lesions": 4,
        "intervals": "95 %",
        "overall": {"accuracy": INTERVAL},
        "classes": {key: {"support": 4 * (key == "nv")} for key in KEYS},
        "confusion": {"classes": list(KEYS), "counts": [[0] * 7] * 7},
        "reliability": {},
        "two_classes": {},
        "slices": {},
    }
    (classifier / "evaluation-validation.json").write_text(json.dumps(figures))
    return folder


@pytest.fixture
def model(made: Path, tmp_path: Path) -> Path:
    """A copy, to be spoiled."""
    return shutil.copytree(made, tmp_path / "copy" / "model")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def archive_of(folder: Path, **more: bytes) -> Path:
    """A zip archive of everything in a folder, and more files."""
    path = folder.parent / "package.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            archive.write(file, file.relative_to(folder).as_posix())
        for name, content in more.items():
            archive.writestr(name, content)
    return path


def refused(path: Path, runs: Path) -> str:
    """Why a package is refused; nothing of it may stay."""
    with pytest.raises(PackageError) as caught:
        unpack(path, runs)
    assert not runs.exists() or not list(runs.iterdir())
    return str(caught.value)


# There and back


def test_there_and_back(made: Path, runs: Path, tmp_path: Path) -> None:
    pack(made, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read("README.txt").decode().startswith(DISCLAIMER)
        assert b"CC BY-NC 4.0" in archive.read("README.txt")
    run = unpack(tmp_path / "out.zip", runs)
    assert run.parent == runs
    assert Card.read(run / "model/classifier") == Card.read(made / "classifier")
    assert {p.name for p in (run / "model/classifier").iterdir()} == {
        p.name for p in (made / "classifier").iterdir()
    }
    assert sha256(run / "model/classifier/model.safetensors") == sha256(
        made / "classifier/model.safetensors"
    )
    assert list(runs.iterdir()) == [run]
    assert not list(tmp_path.glob("*.part"))


def test_what_a_run_here_left_is_not_imported_beside_it(made: Path, runs: Path) -> None:
    shutil.copytree(made, runs / "mine" / "model")
    with pytest.raises(PackageError, match="that of the run mine"):
        unpack(made, runs)
    assert [path.name for path in runs.iterdir()] == ["mine"]


def test_the_same_weights_again_renew_the_folder(made: Path, runs: Path) -> None:
    first = unpack(made, runs)
    (first / "model/classifier/model.safetensors").write_bytes(b"damaged")
    assert unpack(made, runs) == first
    assert (
        sha256(first / "model/classifier/model.safetensors")
        == Card.read(made / "classifier").sha256
    )


def test_the_shipped_models_can_be_handed_on(runs: Path, tmp_path: Path) -> None:
    weights = Settings.from_environment().weights
    pack(weights, tmp_path / "shipped.zip")
    run = unpack(tmp_path / "shipped.zip", runs)
    for kind in ("classifier", "segmenter"):
        check(kind, run / "model" / kind)
        assert Card.read(run / "model" / kind).metrics == Card.read(weights / kind).metrics


@pytest.mark.parametrize("inner", ["", "classifier"])
def test_a_folder_of_one_model_is_taken_too(made: Path, runs: Path, inner: str) -> None:
    assert (unpack(made / inner, runs) / "model/classifier/card.json").is_file()


def test_both_models_of_a_hybrid(model: Path, runs: Path, tmp_path: Path) -> None:
    state = build_segmenter("mobilenet_v2").state_dict()
    card = {"name": "Outlines", "encoder": "mobilenet_v2", "input": {"size": 32}}
    write_model(model / "segmenter", state, Card.of(card))
    pack(model, tmp_path / "both.zip")
    run = unpack(tmp_path / "both.zip", runs)
    assert {p.name for p in (run / "model").iterdir()} == {"classifier", "segmenter"}
    check("segmenter", run / "model/segmenter")
    assert "similar cases" in unfit("classifier", Card.read(run / "model/classifier"))


def test_commands(
    made: Path, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LESIONLAB_RUNS", str(runs))
    shutil.copytree(made, runs / "first" / "model")
    out = runs.parent / "handed on.zip"
    assert main(["pack", "first", "--out", str(out)]) == 0
    monkeypatch.setenv("LESIONLAB_RUNS", str(runs.with_name("another computer")))
    assert main(["import", str(out)]) == 0
    assert "Imported A small one as imported-" in capsys.readouterr().out
    assert main(["import", str(runs / "nothing.zip")]) == 1
    assert "no file" in capsys.readouterr().err
    assert main(["pack", "nothing", "--out", str(out)]) == 1
    assert "no finished model" in capsys.readouterr().err


def test_remove(made: Path, runs: Path) -> None:
    run = unpack(made, runs)
    shutil.copytree(run, runs / "a run")
    with pytest.raises(PackageError, match="not imported"):
        remove(runs / "a run")
    remove(run)
    assert [p.name for p in runs.iterdir()] == ["a run"]


def test_harmless_extras_are_left_out(model: Path, runs: Path) -> None:
    names = ("LICENSE.md", "classifier/atlas.parquet", "__MACOSX/x.bin", "classifier/.DS_Store")
    run = unpack(archive_of(model, **dict.fromkeys(names, b"?")), runs)
    assert not list(run.rglob("*atlas*"))
    assert not (run / "LICENSE.md").exists()


def test_damaged_weights_are_not_packed(model: Path, tmp_path: Path) -> None:
    with (model / "classifier/model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match="SHA-256 differs"):
        pack(model, tmp_path / "out.zip")
    assert not list(tmp_path.glob("out.zip*"))


# Hostile archives


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../escaped.json", "leads out of the archive"),
        ("/etc/cron.d/x", "leads out of the archive"),
        ("classifier/../../x.json", "leads out of the archive"),
        ("C:\\windows\\x", "leads out of the archive"),
        ("classifier/model.pkl", "pickle"),
        ("classifier/best.ckpt", "pickle"),
        ("classifier/pytorch_model.bin", "pickle"),
        ("classifier/run.py", "not part of a model"),
        ("other/training.csv", "not part of a model"),
        ("classifier/deeper/card.txt", "not part of a model"),
    ],
)
def test_strange_files(model: Path, runs: Path, name: str, words: str) -> None:
    assert words in refused(archive_of(model, **{name: b"?"}), runs)
    assert not list(runs.parent.glob("escaped*"))


def test_links(model: Path, runs: Path) -> None:
    (model / "classifier/training.csv").unlink()
    path = archive_of(model)
    link = zipfile.ZipInfo("classifier/training.csv")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "is a link" in refused(path, runs)
    os.symlink("/etc/passwd", model / "classifier/README.txt")
    assert "is a link" in refused(model, runs)


def test_a_bomb(model: Path, runs: Path) -> None:
    path = model.parent / "bomb.zip"
    (model / "classifier/training.csv").unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (model / "classifier").iterdir():
            archive.write(file, f"classifier/{file.name}")
        archive.writestr("classifier/training.csv", b"0" * 20_000_000)
    assert path.stat().st_size < 400_000
    assert "more than 1 MB are not taken" in refused(path, runs)


def test_a_bomb_that_lies_about_its_size(model: Path, runs: Path) -> None:
    path = model.parent / "bomb.zip"
    content = b"0" * 900_000
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("card.json", content)
        archive.writestr("model.safetensors", b"")
    data = path.read_bytes().replace(struct.pack("<I", len(content)), struct.pack("<I", 10))
    path.write_bytes(data)
    refused(path, runs)


def test_too_many_files(model: Path, runs: Path) -> None:
    many = {f"classifier/{i}.txt": b"" for i in range(100)}
    assert "more than 64 files" in refused(archive_of(model, **many), runs)


def test_a_name_twice(model: Path, runs: Path) -> None:
    path = archive_of(model)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("classifier/card.json", b"{}")
    assert "twice" in refused(path, runs)


def test_two_models_of_one_kind(model: Path, runs: Path) -> None:
    shutil.copytree(model / "classifier", model / "again")
    assert "two classifiers" in refused(archive_of(model), runs)


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04" + b"\0" * 100])
def test_no_archive(tmp_path: Path, runs: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert "not a readable ZIP archive" in refused(tmp_path / "x.zip", runs)


def test_a_damaged_archive(model: Path, runs: Path) -> None:
    path = archive_of(model)
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 0xFF
    path.write_bytes(data)
    refused(path, runs)


def test_an_archive_without_a_model(tmp_path: Path, runs: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.jpg").write_bytes(b"?")
    assert "no card.json" in refused(tmp_path / "photos", runs)


def test_a_full_disk(model: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = type(shutil.disk_usage("/"))(1, 1, 100)
    monkeypatch.setattr(package.shutil, "disk_usage", lambda _: free)
    assert "no room" in refused(model, runs)


# Weights that are not what the card says


def change(model: Path, **changes: object) -> None:
    folder = model / "classifier"
    Card.of(Card.read(folder).as_dict() | changes).write(folder)


def fresh(model: Path, **changes: object) -> dict[str, torch.Tensor]:
    """Other weights under the card, which knows their hash; figures of the old ones are gone."""
    for name in ("evaluation-validation.json", "predictions-validation.parquet"):
        (model / "classifier" / name).unlink()
    state = build_classifier(SMALL_CNN, 7).state_dict()
    write_model(model / "classifier", state | changes, Card.of(CLASSIFIER))  # type: ignore[arg-type]
    return state


def raw(model: Path, content: bytes) -> None:
    path = model / "classifier/model.safetensors"
    path.write_bytes(content)
    change(model, sha256=sha256(path))


def test_another_hash(model: Path, runs: Path) -> None:
    change(model, sha256="0" * 64)
    assert "SHA-256 differs" in refused(model, runs)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 17 * 1024**2) + b"{" * 100,
        struct.pack("<Q", 10) + b"[" * 10,
        struct.pack("<Q", 2) + b"{}",
        b"\x80\x04\x95 a pickle under another name",
    ],
    ids=["empty", "huge header", "large header", "no JSON", "no tensors", "pickle"],
)
def test_no_safetensors(model: Path, runs: Path, content: bytes) -> None:
    raw(model, content)
    assert refused(model, runs)


def test_a_header_of_a_tensor_that_is_not_there(model: Path, runs: Path) -> None:
    header = {"fc.weight": {"dtype": "F16", "shape": [10**9, 10**9], "data_offsets": [0, 2]}}
    text = json.dumps(header).encode()
    raw(model, struct.pack("<Q", len(text)) + text + b"\0\0")
    assert "do not fit" in refused(model, runs)


def test_weights_that_are_not_finite(model: Path, runs: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = model / "classifier/model.safetensors"
    state = load_file(path)
    state["fc.bias"][0] = float("nan")
    save_file(state, path)
    change(model, sha256=sha256(path))
    assert "not finite" in refused(model, runs)


def test_weights_whose_answers_are_not_finite(model: Path, runs: Path) -> None:
    state = fresh(model)
    negative = {k: torch.full_like(v, -1.0) for k, v in state.items() if k.endswith("running_var")}
    write_model(model / "classifier", state | negative, Card.of(CLASSIFIER))
    assert "answers that are not finite numbers" in refused(model, runs)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"architecture": "resnet18"}, "do not fit"),
        ({"architecture": "no-such-network"}, "no encoder"),
        ({"architecture": "tu-hf-hub:someone/else"}, "no architecture"),
        ({"architecture": "tu-local-dir:/etc"}, "no architecture"),
        ({"architecture": 7}, "no architecture"),
        ({"classes": list(KEYS)[::-1]}, "another order"),
        ({"classes": ["melanoma", *KEYS[1:]]}, "not those that it was calibrated for"),
        ({"classes": list(KEYS)[:6]}, "not those that it was calibrated for"),
        ({"classes": ["nv"] * 7}, "different names"),
        ({"classes": "nv"}, "different names"),
        ({"classes": [1, 2]}, "different names"),
        ({"calibration": {"temperature": -1, "prior": dict.fromkeys(KEYS, 0.1)}}, "impossible"),
        ({"calibration": 5}, "calibration cannot be read"),
        ({"decision": {"exponent": 7}}, "impossible"),
        ({"input": {"size": 100}}, "steps of 32"),
        ({"input": {"size": 10**6}}, "steps of 32"),
        ({"input": 7}, "steps of 32"),
        ({"name": ""}, "no name"),
        ({"name": None}, "no name"),
    ],
)
def test_cards_that_do_not_fit(
    model: Path, runs: Path, changes: dict[str, object], words: str
) -> None:
    change(model, **changes)
    assert words in refused(model, runs)


def test_six_classes_for_seven_outputs(model: Path, runs: Path) -> None:
    fewer = list(KEYS)[:6]
    prior = {"temperature": 1.0, "prior": dict.fromkeys(fewer, 1 / 6)}
    change(model, classes=fewer, calibration=prior)
    assert "do not fit a classifier small-cnn of 6 classes" in refused(model, runs)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none(model: Path, runs: Path, number: str) -> None:
    path = model / "classifier/card.json"
    path.write_text(path.read_text().replace('"exponent": 0.5', f'"exponent": {number}'))
    assert "not finite" in refused(model, runs)


def test_words_that_would_load_a_picture_become_plain(model: Path, runs: Path) -> None:
    change(model, name="![x](http://example.org/p.png) <b>\x07", note=["[a](b)"])
    card = Card.read(unpack(model, runs) / "model/classifier")
    assert card.name == "!(x)(http://example.org/p.png) ‹b›"
    assert card.others["note"] == ["(a)(b)"]


# Figures


def of_other_weights(folder: Path) -> None:
    path = folder / "evaluation-validation.json"
    path.write_text(path.read_text().replace(Card.read(folder).sha256, "0" * 64))


def of_other_classes(folder: Path) -> None:
    path = folder / "evaluation-validation.json"
    path.write_text(path.read_text().replace('["akiec", "bcc"', '["bcc", "akiec"'))


def fewer_rows(folder: Path) -> None:
    path = folder / "predictions-validation.parquet"
    pd.read_parquet(path).head(2).to_parquet(path)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (of_other_weights, "do not belong"),
        (of_other_classes, "do not belong"),
        (fewer_rows, "do not belong"),
        (lambda f: (f / "evaluation-validation.json").write_text("{}"), "damaged"),
        (lambda f: (f / "predictions-validation.parquet").write_bytes(b"PAR1"), "damaged"),
        (lambda f: (f / "predictions-validation.parquet").unlink(), "missing"),
        (lambda f: (f / "evaluation-validation.json").unlink(), "no evaluation beside it"),
        (lambda f: (f / "training.csv").write_text("a,b\n"), "no epochs"),
        (lambda f: (f / "reference.safetensors").write_bytes(b"?"), "threshold"),
    ],
)
def test_figures_that_do_not_belong(
    model: Path, runs: Path, spoil: Callable[[Path], object], words: str
) -> None:
    spoil(model / "classifier")
    assert words in refused(model, runs)


def test_nothing_of_a_package_is_unpickled(model: Path, runs: Path) -> None:
    """Even a pickle under an allowed name stays closed."""
    bomb = io.BytesIO()
    torch.save({"x": torch.ones(1)}, bomb)
    raw(model, bomb.getvalue())
    assert "safetensors" in refused(model, runs)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("licence", None),
        ("training", {"stages": None}),
        ("limits", "none"),
        ("task", ["seven"]),
        ("start", {"from": "x"}),
        ("metrics", {"test": {"images": None}}),
    ],
)
def test_a_card_with_odd_values_is_refused(
    model: Path, runs: Path, part: str, value: object
) -> None:
    change(model, **{part: value})
    assert part in refused(archive_of(model), runs)
