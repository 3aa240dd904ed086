"""Models that a training learns from or starts from: refused by their cards, before anything is
decoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from core.imaging.image import to_jpeg
from core.models.architectures import build_classifier
from core.models.cards import Card, Training, write_model
from core.models.weights import FILE, WeightsError
from core.taxonomy import KEYS
from tests.train.conftest import Tiny
from tests.train.few import FEW
from train.__main__ import main
from train.config import Config, ConfigError, SegmenterConfig
from train.config_files import write_run_config
from train.data.photos import Data, open_data
from train.estimate import estimate
from train.learn.start_weights import check_start_model
from train.learn.teachers import check_teachers
from train.progress import Watch
from train.run import begin, run_training

LEARNED = Training(others={"data": "ham10000", "split": "lesions"})


def model(folder: Path, **of_card: object) -> Path:
    """A small CNN's folder; its card says what is given beside that."""
    torch.manual_seed(3)
    card = Card(architecture="small-cnn", classes=KEYS, training=LEARNED)
    network = build_classifier("small-cnn", len(KEYS))
    write_model(folder, network.state_dict(), replace(card, **of_card))
    return folder


def teaching(folder: Path) -> Config:
    return replace(FEW, teachers=(str(folder),))


def starting(folder: Path) -> Config:
    return replace(FEW, start=str(folder))


Check = Callable[[Config, Data], None]


@pytest.mark.parametrize(
    ("names", "check", "error"),
    [(teaching, check_teachers, ConfigError), (starting, check_start_model, WeightsError)],
    ids=["teacher", "start"],
)
def test_a_model_that_may_have_seen_what_is_validated_on(
    names: Callable[[Path], Config],
    check: Check,
    error: type[Exception],
    tmp_path: Path,
    tiny: Tiny,
) -> None:
    data = tiny.open()

    def look(data: Data, **of_card: object) -> None:
        check(names(model(tmp_path / "model", **of_card)), data)

    look(data, split_id=data.split.id)
    look(data, split_id="another", training=Training(others={"data": "moles"}))
    look(data, split_id="", training=Training())
    with pytest.raises(error, match="ham10000 while that was divided otherwise"):
        look(data, split_id="another")
    with pytest.raises(error, match="at random"):
        look(data, training=Training(others={"split": "images"}))


def test_a_folder_that_has_grown_since_is_another_split(tmp_path: Path) -> None:
    photo = to_jpeg(np.zeros((24, 32, 3), np.uint8))
    for name in ("mole", "wart"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            (tmp_path / "photos" / name / f"{number}.jpg").write_bytes(
                photo + f"{name}{number}".encode()
            )
    config = replace(FEW, data=str(tmp_path / "photos"))
    before = open_data(config)
    training = Training(others={"data": "photos"})
    folder = model(tmp_path / "model", split_id=before.split.id, training=training)
    config = replace(config, start=str(folder))
    check_start_model(config, before)
    (tmp_path / "photos/mole/another.jpg").write_bytes(photo)
    with pytest.raises(WeightsError, match="divided otherwise"):
        check_start_model(config, open_data(config))


def test_a_start_with_another_network_or_none_at_all(tmp_path: Path, tiny: Tiny) -> None:
    folder = model(tmp_path / "model", architecture="resnet18", encoder="")
    with pytest.raises(WeightsError, match="is a resnet18, the training wants a small-cnn"):
        check_start_model(starting(folder), tiny.open())
    with pytest.raises(WeightsError, match="There are no start weights nothing"):
        check_start_model(starting(tmp_path / "nothing"), tiny.open())


def test_a_teacher_of_other_classes_is_refused(tmp_path: Path, tiny: Tiny) -> None:
    two = replace(teaching(model(tmp_path / "teacher")), labels="malignancy")
    with pytest.raises(ConfigError, match="tell apart the classes of this training, benign, mal"):
        check_teachers(two, tiny.open())


def test_a_classifier_is_no_teacher_of_masks(tmp_path: Path, tiny: Tiny) -> None:
    config = SegmenterConfig(teachers=(str(model(tmp_path / "teacher")),))
    with pytest.raises(ConfigError, match=r"no U-Net"):
        check_teachers(config, tiny.open())


def test_a_folder_without_a_model_is_refused(tmp_path: Path, tiny: Tiny) -> None:
    with pytest.raises(WeightsError, match=r"card\.json"):
        check_teachers(teaching(tmp_path), tiny.open())


@pytest.mark.parametrize("fault", ["classes", "weights"])
def test_they_are_refused_before_photos_are_decoded(
    fault: str,
    tmp_path: Path,
    environment: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the command, which leaves no folder, by the queue, and by an estimate."""
    folder = model(tmp_path / "teacher", classes=("mole", "wart") if fault == "classes" else KEYS)
    if fault == "weights":
        (folder / FILE).write_bytes(b"cut off")
    said = {"classes": "tell apart", "weights": "are not those its card describes"}[fault]
    config, run = teaching(folder), tmp_path / "run"

    def decoded(*_: object) -> None:
        raise AssertionError("Photos were decoded.")

    monkeypatch.setattr("train.data.arrays.load_arrays", decoded)
    with pytest.raises((ConfigError, WeightsError), match=said):
        begin(run, config, resume=False)
    assert not run.exists()
    write_run_config(run, config)
    for step in (lambda: run_training(run, Watch(), resume=False), lambda: estimate(config)):
        with pytest.raises((ConfigError, WeightsError), match=said):
            step()
    command = ["classifier", "--architecture", "small-cnn", "--start", "random"]
    assert main([*command, "--teachers", str(folder)]) == 1
    assert said in capsys.readouterr().err
