"""Runs and imported models in folders full of somebody's things, all of which stay."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from core.models.architectures import SMALL_CNN, build_classifier
from core.models.cards import Card, write_model
from core.system.run_folder import is_run
from tests import somebody
from tests.train.finish.test_package import CLASSIFIER
from tests.train.test_main import failure
from train.__main__ import main
from train.config_files import read_run_config
from train.finish.comparison import keep
from train.finish.package import remove, unpack
from train.finish.package_check import PackageError
from train.jobs import JobError, Runs
from train.jobs.worker import attended
from train.progress import Watch

QUICK = (
    "--start random --stages 1x32 --epoch-images 8 --batch 4 --threads 1 --precision 32-true"
    f" --architecture {SMALL_CNN}"
).split()


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    """The folder of runs, full of things."""
    folder = Path(environment["LESIONLAB_RUNS"])
    folder.mkdir()
    somebody.fill(folder)
    return folder


REFUSALS = ("Move it away", "--resume", "cannot be used", "begin another run")


def test_a_run_is_not_begun_among_them(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = somebody.seen(home)
    for name in ("classifier", "Documents", "linked", "hybrid", "20250101-120000-demo"):
        for more in ([], ["--resume"]):
            said = failure(capsys, "classifier", *QUICK, "--run-name", name, *more)
            assert any(words in said for words in REFUSALS)
    assert somebody.missing(before, home) == set()
    assert main(["classifier", *QUICK, "--run-name", "empty"]) == 0, "an empty folder is free"


def test_a_training_from_start_to_purge(
    home: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = home.parent / "full cache"
    cache.mkdir()
    cached = somebody.fill(cache)
    monkeypatch.setenv("LESIONLAB_CACHE", str(cache))
    before = somebody.seen(home)
    assert main(["classifier", *QUICK, "--run-name", "mine"]) == 0
    assert is_run(home / "mine")
    runs = Runs(home)
    (home / "mine" / "download.part").write_text("somebody's")
    with attended(runs, "mine", Watch()):
        pass
    assert (home / "mine" / "download.part").is_file()
    for run in runs.all():
        runs.delete(run.id)
    assert runs.purge(0) == 1
    assert not (home / "mine").exists()
    assert somebody.missing(before, home) == set()
    assert somebody.missing(cached, cache) == set()


def test_somebodys_folder_that_looks_like_a_run(home: Path) -> None:
    before = somebody.seen(home)
    runs = Runs(home)
    for id in ("classifier", "20250101-120000-demo"):
        for act in (runs.resume, runs.delete):
            with pytest.raises(JobError, match="no run"):
                act(id)
    assert runs.purge(0) == 0
    assert somebody.missing(before, home) == set()


def test_models_come_and_go(home: Path, tmp_path: Path) -> None:
    network = build_classifier(SMALL_CNN, 7)
    card = write_model(
        tmp_path / "package" / "classifier", network.state_dict(), Card.of(CLASSIFIER)
    )
    theirs = home / f"imported-{card.sha256[:10]}"
    theirs.mkdir()
    (theirs / "stamps.csv").write_text("a rare one")
    before = somebody.seen(home)
    with pytest.raises(PackageError, match="Move it away"):
        unpack(tmp_path / "package", home)
    with pytest.raises(PackageError, match="left alone"):
        remove(theirs)
    theirs.rename(home / "mine")
    before = somebody.seen(home)
    run = unpack(tmp_path / "package", home)
    assert unpack(tmp_path / "package", home) == run
    remove(run)
    assert not run.exists()
    assert somebody.missing(before, home) == set()


@pytest.mark.parametrize("content", [b"a diary", b"", None])
def test_a_list_that_is_somebodys(home: Path, content: bytes | None) -> None:
    path = home / "runs.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE marathons (seconds REAL)")
            connection.commit()
    else:
        path.write_bytes(content)
    before = somebody.seen(home)
    if content == b"":
        assert Runs(home).queue() == []
        return
    with pytest.raises(JobError, match="LESIONLAB_RUNS"):
        Runs(home)
    assert somebody.seen(home) == before


def test_figures_in_the_comparison(home: Path, tmp_path: Path) -> None:
    run = home / "trained"
    state = build_classifier(SMALL_CNN, 7).state_dict()
    write_model(run / "model" / "classifier", state, Card.of(CLASSIFIER))
    (run / "model" / "classifier" / "evaluation-test.json").write_text("{}")
    weights = tmp_path / "weights"
    theirs = weights / "comparison" / "trained" / "classifier" / "notes.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    with pytest.raises(FileExistsError, match="Move it away"):
        keep(run, weights)
    assert theirs.read_text() == "mine"
    theirs.unlink()
    for _ in range(2):
        (folder,) = keep(run, weights)
    assert Card.read(folder).name == CLASSIFIER["name"]
    assert read_run_config(run) is None
