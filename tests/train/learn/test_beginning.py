"""A run goes on with what it began with, or says why not and leaves everything as it is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.imaging.image import to_jpeg
from core.models.cards import Card
from train.__main__ import main
from train.config import ClassifierConfig, Config, ConfigError
from train.config_files import read_run_config, write_run_config
from train.data.photos import Photos
from train.finish.finished import Finished
from train.learn.beginning import Beginning, check_goes_on, check_photos, with_precision
from train.progress import Watch
from train.run import begin, run_training
from train.stages import Stage

CONFIG = ClassifierConfig(
    start="random",
    architecture="small-cnn",
    freeze=(),
    stages=(Stage(2, 32), Stage(2, 64)),
    epoch_images=16,
    batch=8,
)


@pytest.fixture
def photos(tmp_path: Path, environment: dict[str, str]) -> Path:
    """Three classes of twelve photos."""
    random = np.random.default_rng(0)
    for name in ("mole", "spot", "wart"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            photo = random.integers(0, 255, (24, 32, 3), np.uint8)
            (tmp_path / "photos" / name / f"{number}.jpg").write_bytes(to_jpeg(photo))
    return tmp_path / "photos"


def begun(config: Config, environment: dict[str, str], epochs: int = 3) -> Path:
    """A run with so many finished epochs; none of them is loaded."""
    run = Path(environment["LESIONLAB_RUNS"]) / "classifier"
    write_run_config(run, config)
    Beginning.of(config, Photos.open(config)).write(run)
    (run / "last.ckpt").write_bytes(b"weeks of work")
    rows = "".join(f"{epoch},0.5\n" for epoch in range(epochs))
    (run / "metrics.csv").write_text(f"epoch,val_score\n{rows}")
    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--architecture resnet18", "network small-cnn"),
        ("--stages 2x32", "finished 3 epochs"),
        ("--stages 1x32,3x64", "cannot become"),
        ("--stages 2x32,2x64,1x96", "validated at 64 px"),
        ("--labels malignancy", "labels diagnoses"),
        ("--loss focal", "loss adjusted"),
        ("--limit 10", "subset 0"),
        ("--batch 16", "batch 8"),
        ("--ema 0", "averaged weights"),
        ("--freeze layer1", "frozen none"),
        ("--start shipped", "start weights random"),
        ("--seed 8", "seed 7"),
    ],
)
def test_other_choices_are_refused_before_anything_is_written(
    options: str,
    said: str,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = begun(CONFIG, environment)
    before = contents(run.parent)
    assert main(["classifier", "--resume", *options.split()]) == 1
    assert said in capsys.readouterr().err
    assert contents(run.parent) == before


def test_other_photos_are_refused_before_anything_is_written(
    photos: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    run = begun(replace(CONFIG, data=str(photos)), environment)
    before = contents(run.parent)

    def refused(said: str, *options: str) -> None:
        assert main(["classifier", "--resume", *options]) == 1
        assert said in capsys.readouterr().err
        assert contents(run.parent) == before

    refused("the classes mole, spot, wart", "--data", "ham10000")
    (photos / "wart").rename(photos / "zit")
    refused("mole, spot, zit")
    (photos / "zit").rename(photos / "wart")
    (photos / "wart/0.jpg").rename(photos / "wart/other.jpg")
    refused("other photos")
    (photos / "wart/other.jpg").rename(photos / "wart/0.jpg")
    shutil.rmtree(photos)
    refused("no folder")


def test_the_queue_and_the_end_of_a_training_look_too(
    photos: Path, environment: dict[str, str]
) -> None:
    config = replace(CONFIG, data=str(photos))
    run = begun(config, environment)
    (photos / "wart/0.jpg").unlink()
    before = contents(run)
    for step in (
        lambda: run_training(run, Watch(), resume=True),
        lambda: Finished.open(run),
    ):
        with pytest.raises(ConfigError, match="other photos"):
            step()
    assert contents(run) == before


def test_what_changes_nothing_may_change(photos: Path, environment: dict[str, str]) -> None:
    config = replace(CONFIG, data=str(photos))
    run = begun(config, environment)
    moved = photos.rename(photos.with_name("moved"))
    for change in (
        {},
        {"lr": 0.1, "augment": (), "patience": 99, "threads": 1, "workers": 1},
        {"stages": (Stage(2, 32), Stage(9, 64))},
        {"stages": (Stage(2, 32), Stage(1, 64))},
    ):
        now = replace(config, data=str(moved), **change)
        check_goes_on(run, now, Photos.open(now))


def test_without_a_finished_epoch_anything_goes(environment: dict[str, str]) -> None:
    run = begun(CONFIG, environment, epochs=0)
    (run / "last.ckpt").unlink()
    other = replace(CONFIG, architecture="resnet18")
    begin(run, other, resume=True)
    assert read_run_config(run) == other


def test_where_its_weights_came_from_is_kept_and_changes_nothing(
    environment: dict[str, str],
) -> None:
    run = begun(CONFIG, environment)
    photos = Photos.open(CONFIG)
    replace(Beginning.of(CONFIG, photos), start="a net, which started from another").write(run)
    check_photos(run, CONFIG, photos)
    found = Beginning.read(run)
    assert found.start == "a net, which started from another"


def test_another_network_in_a_teachers_folder_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """Its card would go on crediting the first one."""
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    Card(sha256="first").write(teacher)
    config = replace(CONFIG, teachers=(str(teacher),))
    run, photos = begun(config, environment), Photos.open(config)
    replace(Beginning.of(config, photos), teachers=("first",)).write(run)
    check_goes_on(run, config, photos)
    Card(sha256="second").write(teacher)
    before = contents(run)
    for step in (
        lambda: begin(run, config, resume=True),
        lambda: run_training(run, Watch(), resume=True),
    ):
        with pytest.raises(ConfigError, match=f"other teacher networks .* {teacher}"):
            step()
    assert contents(run) == before


def test_a_run_of_an_older_version_goes_on(environment: dict[str, str], tmp_path: Path) -> None:
    """It did not keep what its teachers were, nor its precision."""
    teacher = tmp_path / "teacher"
    teacher.mkdir()
    Card(sha256="some").write(teacher)
    config = replace(CONFIG, teachers=(str(teacher),))
    run = begun(config, environment)
    values = json.loads((run / "began.json").read_text())
    for name in ("start", "device", "precision", "teachers"):
        del values[name]
    (run / "began.json").write_text(json.dumps(values))
    check_goes_on(run, config, Photos.open(config))
    assert with_precision(run, config) == config


def test_a_run_goes_on_in_the_precision_it_began_with(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Though another computer would choose another one; unless it lacks it, or a person chooses."""
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: False)
    config = replace(CONFIG, stages=(Stage(1, 32),), threads=1)
    run = Path(environment["LESIONLAB_RUNS"]) / "classifier"
    taken: list[str] = []
    monkeypatch.setattr(
        "train.learn.fit.fit", lambda model, *_: taken.append(model.config.precision)
    )
    monkeypatch.setattr("train.finish.finish.finish", lambda *_: None)
    begin(run, config, resume=False)
    run_training(run, Watch(), resume=False)
    assert Beginning.read(run).precision == "32-true"
    (run / "last.ckpt").write_bytes(b"an epoch")
    for before, chosen in (("bf16-mixed", "auto"), ("bf16-mixed", "32-true"), ("16-mixed", "auto")):
        replace(Beginning.read(run), precision=before).write(run)
        write_run_config(run, replace(config, precision=chosen))
        run_training(run, Watch(), resume=True)
    assert taken == ["32-true", "bf16-mixed", "32-true", "32-true"]
    said = capsys.readouterr().out
    assert said.count("began with the precision") == 1
    assert "16-mixed, which is not to be had here. It goes on with 32-true" in said
    assert Finished.open(run).config.precision == "16-mixed", "what its card then says"


def test_a_damaged_record_is_named(environment: dict[str, str]) -> None:
    run = begun(CONFIG, environment)
    for text in ("{", "[]", '{"classes": 3}'):
        (run / "began.json").write_text(text)
        with pytest.raises(ConfigError, match=r"began\.json cannot be read"):
            check_photos(run, CONFIG, Photos.open(CONFIG))
