"""Photos by lesion, as they are, or by image; what that leaves in a run, and who refuses it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.evaluation.files import Evaluation
from core.ham10000.splits import SplitError
from core.models.cards import Card
from core.models.registry import LEAKING, unfit, use
from core.models.weights import WeightsError
from tests.train.conftest import Tiny
from tests.train.few import FEW
from train.__main__ import main
from train.config import ClassifierConfig, ConfigError, SegmenterConfig
from train.data.dividing import divided
from train.data.photos import open_data
from train.finish import package
from train.finish.package_check import PackageError
from train.finish.report import comparison
from train.learn.start_weights import start_weights
from train.learn.teachers import check_teachers

QUICK = replace(FEW, split="images")


def sides(config: ClassifierConfig | SegmenterConfig) -> int:
    """How many lesions lie on more than one side."""
    table = open_data(config).table
    return int((table.groupby("lesion_id")["split"].nunique() > 1).sum())


def test_by_image_lesions_are_on_both_sides_and_by_lesion_none(environment: dict[str, str]) -> None:
    assert sides(QUICK) > 0
    assert sides(replace(QUICK, split="lesions")) == 0
    assert sides(SegmenterConfig(split="images")) > 0


def test_another_seed_another_split(environment: dict[str, str]) -> None:
    ids = {open_data(replace(QUICK, seed=seed)).split.id for seed in (1, 2, 1)}
    assert len(ids) == 2
    lesions = replace(QUICK, split="lesions")
    assert open_data(lesions).split == open_data(replace(lesions, seed=2)).split


def test_a_lesion_on_two_sides_breaks_off_a_split_by_lesion(tiny: Tiny) -> None:
    data = tiny.open()
    with pytest.raises(SplitError, match="more than one split"):
        divided(
            replace(data, table=open_data_by_image(data).table), replace(QUICK, split="lesions")
        )


def open_data_by_image(data: object) -> object:
    return divided(data, QUICK)


def test_lesionlabs_own_weights_and_teachers_do_not_go_with_it() -> None:
    with pytest.raises(ConfigError, match="split by lesion"):
        replace(QUICK, architecture="resnet50", start="shipped")
    with pytest.raises(ConfigError, match="without a teacher"):
        replace(QUICK, teachers=("somewhere",))


@pytest.fixture
def leaking(environment: dict[str, str]) -> Path:
    """The folder of a run with images split at random."""
    choices = "--architecture small-cnn --start random --stages 1x32 --epoch-images 16 --batch 8"
    arguments = [*choices.split(), "--threads", "1", "--split", "images", "--freeze", ""]
    assert main(["classifier", *arguments, "--run-name", "leaking"]) == 0
    return Path(environment["LESIONLAB_RUNS"]) / "leaking"


def test_a_run_by_image_is_marked_and_never_the_apps(
    leaking: Path,
    environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    folder = leaking / "model" / "classifier"
    card = Card.read(folder)
    figures = Evaluation.read(folder, "validation")
    assert figures.leak == card.metrics["validation"].leak
    assert figures.leak.lesions > 0
    assert figures.leak.lesions <= card.leak.lesions
    assert card.leak.text().rstrip(".") in card.limits
    assert card.split_id == figures.split_id
    assert card.title.endswith("(leaks: images split at random)")

    # Chosen, exported, handed on, learned from: refused, with what to do.
    assert unfit("classifier", card) == LEAKING
    with pytest.raises(WeightsError, match="--split lesions"):
        use("classifier", folder)
    assert main(["export", "classifier", "--run-name", "leaking"]) == 1
    assert "never becomes one of the app's models" in capsys.readouterr().err
    package.pack(leaking / "model", tmp_path / "leaking.zip")
    with pytest.raises(PackageError, match="--split lesions"):
        package.unpack(tmp_path / "leaking.zip", leaking.parent)
    with pytest.raises(ConfigError, match="at random"):
        check_teachers(replace(FEW, teachers=(str(folder),)), open_data(FEW))

    # Measured on test and compared: the mark goes along.
    assert main(["evaluate", "classifier", "--run-name", "leaking", "--split", "test"]) == 0
    assert "Images were split at random" in capsys.readouterr().out
    assert main(["compare", "leaking"]) == 0
    kept, card = Path(environment["LESIONLAB_WEIGHTS"]), Card.read(folder)
    for kind in ("classifier", "segmenter"):
        replace(card, leak=None, training=replace(card.training, others={}), split_id="").write(
            _made(kept / kind)
        )
    lines = comparison(kept)
    assert sum("leaks: images split at random" in line for line in lines.splitlines()) == 1


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_a_leaking_network_is_no_start(tmp_path: Path) -> None:
    card = {"architecture": "resnet18", "training": {"split": "images"}, "sha256": "0"}
    Card.of(card).write(tmp_path)
    assert Card.read(tmp_path).leaks
    with pytest.raises(WeightsError, match="at random"):
        start_weights(str(tmp_path), "resnet18")


def test_cards_leak_by_any_sign() -> None:
    assert not Card().leaks
    assert Card(split_id="images-0123456789ab").leaks
    assert Card.of({"leak": "nonsense"}).leaks
    assert not Card.of({"training": {"split": "lesions"}, "split_id": "5bc8803924d0"}).leaks
