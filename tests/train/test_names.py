"""Names of runs lead nowhere else, and a path chosen in one folder is found from every other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.train.jobs.conftest import config
from tests.train.test_main import failure
from train.__main__ import main
from train.config import ClassifierConfig, HybridConfig, SegmenterConfig
from train.config_files import read_run_config
from train.fields import ConfigError
from train.jobs import JobError, Runs
from train.names import checked_name, paths_of, run_folder, with_absolute_paths
from train.presets import PRESETS

NO_NAMES = [
    "", " ", ".", "..", "../x", "a/../../x", "a/b", "/tmp/x", "\\x", "..\\x", "C:\\x", "//server/x",
    "CON", "nul", "Aux.txt", "COM1", "lpt9.tar.gz", "a\0b", "a\x07b", "a\u202eb",
]  # fmt: skip
NO_FOLDERS = [
    "C:",
    "C:x",
    "a:b",
    "what?",
    "a*",
    "<a>",
    '"a"',
    "a|b",
    ".hidden",
    "a.",
    " a",
    "a" * 300,
]


@pytest.mark.parametrize("name", [*NO_NAMES, *NO_FOLDERS])
@pytest.mark.parametrize(
    "command",
    [
        "classifier --start random --run-name",
        "preset demo --run-name",
        "export classifier --run-name",
        "evaluate classifier --run-name",
        "compare",
    ],
)
def test_commands_refuse_them(
    command: str, name: str, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    said = failure(capsys, *command.split(), name)
    assert "name" in said
    assert not Path(environment["LESIONLAB_RUNS"]).exists(), "nothing was made"


@pytest.mark.parametrize("name", NO_NAMES)
def test_the_queue_and_the_form_refuse_them(name: str, tmp_path: Path) -> None:
    runs = Runs(tmp_path / "runs")
    before = set(tmp_path.rglob("*"))
    with pytest.raises(JobError):
        runs.create(config(), name)
    id = runs.create(config(), "one")
    with pytest.raises(JobError):
        runs.rename(id, name)
    assert runs.get(id).name == "one"
    assert {p for p in tmp_path.rglob("*") if p.name != "runs.sqlite-shm"} - before <= {
        p for p in tmp_path.rglob("*") if p.is_relative_to(runs.folder)
    }


def test_the_queue_s_command_refuses_them(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("", "../x"):
        assert "name" in failure(capsys, "queue", "add", "--preset", "demo", "--name", name)


def test_other_names_are_fine(environment: dict[str, str]) -> None:
    for preset in PRESETS:
        checked_name(preset.title)
        assert run_folder(preset.key).name == preset.key
    for name in ("Größere Bilder!", "病变", "what if: two?", "v1.2", "console", "a..b"):
        assert checked_name(f"  {name} ") == name


def test_paths_are_absolute_once_chosen(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = ClassifierConfig(data="three", start="../weights/classifier")
    kept = with_absolute_paths(given)
    assert kept.data == str(tmp_path / "three")
    assert kept.start == str(tmp_path.parent / "weights" / "classifier")
    assert with_absolute_paths(kept) == kept
    assert with_absolute_paths(ClassifierConfig(data="~/mine")).data == str(
        tmp_path / "home" / "mine"
    )
    assert with_absolute_paths(ClassifierConfig()) == ClassifierConfig()
    runs = Runs(tmp_path / "runs")
    assert read_run_config(runs.folder / runs.create(given, "one")) == kept


def test_the_paths_among_the_choices() -> None:
    """Of every kind of training; names such as `shipped` are none."""
    config = ClassifierConfig(more=("a", "b.zip"), start="c", teachers=("d",))
    everything = {"data": (), "more": ("a", "b.zip"), "start": ("c",), "teachers": ("d",)}
    assert paths_of(config) == everything
    assert paths_of(HybridConfig(start="shipped")) == {"data": (), "more": (), "start": ()}
    assert paths_of(SegmenterConfig(data="mine"))["data"] == ("mine",)
    kept = with_absolute_paths(config)
    assert all(Path(path).is_absolute() for found in paths_of(kept).values() for path in found)


def test_a_training_is_found_from_another_folder(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for number in range(24):
        photo = tmp_path / "here" / "three" / f"class{number % 2}" / f"{number}.png"
        photo.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (48, 48), (10 * number, 0, 0)).save(photo)
    monkeypatch.chdir(tmp_path / "here")
    choices = "--start random --architecture small-cnn --data three --stages 1x32 --threads 1"
    choices += " --epoch-images 8 --batch 4 --augment= --crop-share 0"
    assert main(["classifier", *choices.split()]) == 0
    capsys.readouterr()
    shutil.rmtree(tmp_path / "here" / "three")
    run = Path(environment["LESIONLAB_RUNS"]) / "classifier"
    assert json.loads((run / "config.json").read_text())["data"] == str(tmp_path / "here" / "three")
    monkeypatch.chdir(tmp_path)
    assert str(tmp_path / "here" / "three") in failure(capsys, "classifier", "--resume")


def test_what_is_wrong_is_said() -> None:
    for name, word in (("../x", "path"), ("", "Give"), ("con", "Windows")):
        with pytest.raises(ConfigError, match=word):
            checked_name(name)
