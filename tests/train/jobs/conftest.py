"""An empty folder of runs; whatever a test has started there is ended with it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.models.cards import Card
from core.settings import REPOSITORY, Settings
from core.system.run_folder import MODELS
from train.config import ClassifierConfig, Config
from train.jobs import Runs
from train.stages import Stage


def config(epochs: int = 4) -> Config:
    return ClassifierConfig(stages=(Stage(epochs, 32),), epoch_images=32, threads=1)


def processes(folder: Path, word: str = "") -> list[psutil.Process]:
    """Living processes that work for a folder of runs, with that word on their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if str(folder) in line and (not word or word in line):
            found.append(process)
    return [p for p in found if p.info["status"] != psutil.STATUS_ZOMBIE]


HOLDER = """
import sys
from pathlib import Path
from core.system.locks import hold
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def other(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has printed its first line; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Runs]:
    """Trainers and supervisors of `fake` name the folder on their command line."""
    folder = tmp_path / "runs"
    yield Runs(folder)
    for _ in range(2):  # a supervisor may have started one more
        for process in processes(folder):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def give_own_classifier(run: Path) -> Path:
    """Put the shipped classifier into a run's folder, as its own; returns the model's folder."""
    model = run / MODELS / "classifier"
    model.mkdir(parents=True)
    shipped = Settings.from_environment().weights / "classifier"
    for path in shipped.iterdir():
        if path.name not in ("card.json", "atlas.parquet"):
            os.link(path, model / path.name)
    replace(Card.read(shipped), name="My own").write(model)
    return model
