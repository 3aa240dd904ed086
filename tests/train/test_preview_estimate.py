"""What can be seen and reckoned before a training starts."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from core.imaging.image import LesionImage
from core.settings import DeviceError
from tests.train.conftest import HEIGHT, WIDTH, Tiny
from train.__main__ import main
from train.config import ClassifierConfig, Config, HybridConfig, SegmenterConfig
from train.config_files import write_run_config
from train.estimate import Estimate, _decoding, estimate
from train.preview import GAP, SIDE, augmented
from train.stages import Stage

FEW = {"start": "random", "stages": (Stage(2, 32),), "epoch_images": 64, "batch": 8, "threads": 1}
CNN = ClassifierConfig(architecture="small-cnn", freeze=(), **FEW)


@pytest.fixture
def photos(tiny: Tiny) -> list[np.ndarray]:
    dataset = tiny.open()
    return [LesionImage.from_bytes(dataset.photo(i)).rgb for i in dataset.table.index[:3]]


def test_augmented_samples(photos: list[np.ndarray]) -> None:
    torch.manual_seed(1)
    state = torch.random.get_rng_state()
    first, again, other = (augmented(photos, CNN, seed) for seed in (5, 5, 6))
    assert first.shape == (3, 32, 32, 3)
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    assert torch.equal(torch.random.get_rng_state(), state), "a training's draws stay as they are"


def test_without_augmentation_every_sample_is_the_photo(photos: list[np.ndarray]) -> None:
    plain = replace(CNN, augment=())
    np.testing.assert_array_equal(augmented(photos, plain, 1), augmented(photos, plain, 2))


def test_only_the_chosen_changes_are_made() -> None:
    grey = [np.full((60, 80, 3), 128, np.uint8)]
    assert (augmented(grey, replace(CNN, augment=("flip", "zoom", "blur")), 3) == 128).all()
    assert (augmented(grey, replace(CNN, augment=("colour",)), 3) != 128).any()
    marked = [grey[0].copy()]
    marked[0][:20] = 30
    plain = augmented(marked, replace(CNN, augment=()), 3)
    assert (augmented(marked, replace(CNN, augment=("turn",)), 3) != plain).any()


def test_sheet(environment: dict[str, str], tmp_path: Path) -> None:
    write_run_config(tmp_path, CNN)
    sheet = tmp_path / "sheet.png"
    arguments = ["preview", "--config", str(tmp_path / "config.json"), "--out", str(sheet)]
    assert main([*arguments, "--photos", "2", "--samples", "3"]) == 0
    with Image.open(sheet) as picture:
        assert picture.size == (4 * (SIDE + GAP) - GAP, 2 * (SIDE + GAP) - GAP)


@pytest.mark.parametrize(
    "config",
    [CNN, SegmenterConfig(**FEW), HybridConfig(**FEW, labels="malignancy")],
    ids=lambda config: config.kind,
)
def test_estimate(
    config: Config, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.estimate.SECONDS", math.inf)
    found = estimate(config)
    assert found.seconds > 0
    assert found.images_per_second > 0
    assert found.measured_steps == 4
    assert found.disk_bytes > 0


def test_more_epochs_take_longer_and_photos_not_decoded_too(
    environment: dict[str, str], tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.estimate._measure", lambda model, config: ({32: 0.01}, 4))
    monkeypatch.setattr("train.estimate.is_decoded", lambda data: True)
    short, long = (estimate(replace(CNN, stages=(Stage(n, 32),))) for n in (1, 11))
    images = 64 + 10 / 3  # trained, and validated at a third of the cost
    assert long.seconds - short.seconds == pytest.approx(10 * images * 0.01, abs=0.2)
    assert long.disk_bytes == short.disk_bytes
    monkeypatch.setattr("train.estimate.is_decoded", lambda data: False)
    seconds, bytes_of_photos = _decoding(tiny.open())
    assert seconds > 0
    monkeypatch.setattr("train.estimate._decoding", lambda data: (5.0, bytes_of_photos))
    anew = estimate(replace(CNN, stages=(Stage(1, 32),)))
    assert anew.seconds - short.seconds == pytest.approx(5.0)
    assert anew.disk_bytes - short.disk_bytes > 56 * WIDTH * HEIGHT * 3


def test_photos_without_a_mask_cost_nothing_where_masks_are_learned(
    environment: dict[str, str], tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("train.estimate._measure", lambda model, config: ({32: 10.0}, 4))
    monkeypatch.setattr("train.estimate.is_decoded", lambda data: True)
    dataset = tiny.open()
    table = dataset.table.copy()
    few = table.index[table["split"] == "validation"][:3]
    table.loc[few, "has_mask"] = False
    config = SegmenterConfig(**FEW)
    every = estimate(config)
    monkeypatch.setattr("train.data.photos.open_data", lambda config: replace(dataset, table=table))
    # In each of two epochs, at the one size tried, for rounding, and once in the end.
    fewer = len(few) * (2 + 1 + 1 + 1)
    assert every.seconds - estimate(config).seconds == pytest.approx(fewer * 10 / 3, abs=1)


def test_validation_is_reckoned_at_the_last_size(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "train.estimate._measure", lambda model, config: ({32: 0.01, 64: 0.04, 96: 0.09}, 4)
    )
    last = (Stage(1, 96),)
    one, another, more = (
        estimate(replace(CNN, stages=(*stages, *last)))
        for stages in ((), (Stage(10, 32),), (Stage(10, 64),))
    )
    validated = 10 * 10 / 3 * 0.09
    assert another.seconds - one.seconds == pytest.approx(10 * 64 * 0.01 + validated, abs=0.3)
    assert more.seconds - another.seconds == pytest.approx(10 * 64 * 0.03, abs=0.3)


def test_estimate_of_disk_is_about_what_a_run_takes(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = replace(CNN, stages=(Stage(1, 32),))
    write_run_config(tmp_path, config)
    monkeypatch.setattr("train.finish.finish.finish", lambda folder, watch: None)
    assert main(["classifier", *["--architecture", "small-cnn", "--start", "random"], *SHORT]) == 0
    run = Path(environment["LESIONLAB_RUNS"]) / "classifier"
    taken = sum((run / name).stat().st_size for name in ("best.ckpt", "last.ckpt"))
    assert estimate(config).disk_bytes == pytest.approx(taken, rel=0.3)


SHORT = ["--stages", "1x32", "--epoch-images", "16", "--batch", "8", "--threads", "1"]


def test_a_device_that_is_not_here_is_said_before(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="no cuda device"):
        estimate(CNN)


def test_command_prints_json(
    environment: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("train.estimate.SECONDS", math.inf)
    write_run_config(tmp_path, CNN)
    assert main(["estimate", "--config", str(tmp_path / "config.json")]) == 0
    assert Estimate(**json.loads(capsys.readouterr().out)).measured_steps == 4


def test_what_would_fail_is_said_before(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.json"
    arguments = ["estimate", "--config", str(path)]
    assert main(arguments) == 1
    assert "cannot be read" in capsys.readouterr().err
    for config, said in (
        (replace(CNN, architecture="resnet18", start="imagenet"), "LESIONLAB_PRETRAINED"),
        (replace(CNN, data=str(tmp_path / "nowhere")), "no folder"),
    ):
        write_run_config(tmp_path, config)
        assert main(arguments) == 1
        assert said in capsys.readouterr().err
