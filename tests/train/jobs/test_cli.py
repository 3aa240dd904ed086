"""`python -m train queue …`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import REPOSITORY
from train.__main__ import main
from train.jobs import Runs, cli
from train.presets import PRESETS


@pytest.fixture
def looked(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[Runs]:
    """The runs for which a supervisor was asked for; none is started."""
    looked: list[Runs] = []
    monkeypatch.setattr(cli, "ensure_supervisor", looked.append)
    return looked


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["queue", *arguments]) == 0
    return capsys.readouterr().out.strip()


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["queue", *arguments]) == 1
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    return printed.err


def test_a_day_at_the_queue(
    looked: list[Runs], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "queue add" in said(capsys)
    a = said(capsys, "add", "--preset", "demo")
    assert len(looked) == 2, "listing and adding see that someone works"
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / "config.json"
    file.write_text(json.dumps({"kind": "segmenter", "batch": 8}))
    b = said(capsys, "add", "--config", str(file))
    c = said(capsys, "add", "--config", str(file), "--name", "Third")
    runs = Runs.open()
    assert runs.get(a).config == PRESETS[0].config
    assert [run.name for run in runs.queue()] == [PRESETS[0].title, "mine", "Third"]
    said(capsys, "up", "third")
    assert [run.id for run in runs.queue()] == [a, c, b]
    said(capsys, "down", a)
    assert "stopped" in said(capsys, "stop", a)
    assert "queued, 3" in said(capsys, "resume", a)
    assert said(capsys, "delete", c) == f"{c} is in the bin", "not the state of the run"
    listed = said(capsys, "list")
    assert c not in listed
    assert b in listed
    assert said(capsys, "restore", c) == f"{c} is back"
    (runs.folder / a / "log.txt").write_text("one\ntwo\n")
    assert said(capsys, "log", a, "--lines", "1") == "two"


def test_what_it_refuses(
    looked: list[Runs], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert "no run with 'x'" in refused(capsys, "stop", "x")
    said(capsys, "add", "--preset", "demo", "--name", "same")
    said(capsys, "add", "--preset", "demo", "--name", "same")
    assert "There are 2 runs with 'same'" in refused(capsys, "stop", "same")
    file = tmp_path / "config.json"
    assert "cannot be read" in refused(capsys, "add", "--config", str(file))
    for text in ("{", "[]"):
        file.write_text(text)
        assert "cannot be read" in refused(capsys, "add", "--config", str(file))
    file.write_text('{"batch": 1}')
    assert "Batch" in refused(capsys, "add", "--config", str(file))
    with pytest.raises(SystemExit):
        main(["queue", "add"])
    assert len(Runs.open().all()) == 2


def test_folder_that_cannot_be_written(
    looked: list[Runs],
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "file" / "runs"))
    assert "LESIONLAB_RUNS" in refused(capsys)


def test_processes_behind_it(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from train.jobs.__main__ import main as behind

    assert behind(["supervise"]) == 0, "nothing to do"
    assert behind([]) == 2
    capsys.readouterr()
    worker = [sys.executable, "-m", "train.jobs", "work", "nothing"]
    ended = subprocess.run(worker, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr == "There is no run nothing (any more).\n"
