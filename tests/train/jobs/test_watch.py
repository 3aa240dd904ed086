from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from core.system import ownership
from train.jobs import watch as module
from train.jobs.watch import (
    LIVE_FILE,
    POINTS,
    PROGRESS_FILE,
    FolderWatch,
    read_live,
    read_progress,
)
from train.progress import Progress

FIGURES = Progress(2, 5, 3, 10, images_per_second=12.5, seconds_left=60.0, loss=0.7)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def test_what_a_trainer_tells_is_read(tmp_path: Path, clock: Clock) -> None:
    watch = FolderWatch(tmp_path, lambda: False)
    assert read_progress(tmp_path) == (None, None)
    watch.phase("training")
    assert read_progress(tmp_path) == ("training", None)
    clock.now += 0.6
    watch.progress(FIGURES)
    assert read_progress(tmp_path) == ("training", FIGURES)
    clock.now += 0.1
    watch.progress(replace(FIGURES, step=4))
    assert read_progress(tmp_path) == ("training", FIGURES), "not so soon again"
    end = replace(FIGURES, step=10)
    watch.progress(end)
    assert read_progress(tmp_path) == ("training", end), "the end of an epoch is always told"
    assert sorted(os.listdir(tmp_path)) == [LIVE_FILE, PROGRESS_FILE]


def test_way_through_the_epochs_is_kept(tmp_path: Path, clock: Clock) -> None:
    watch = FolderWatch(tmp_path, lambda: False)
    watch.phase("preparing")
    watch.progress(Progress(0, 2, 5, 10))
    assert read_live(tmp_path) == [], "nothing is learned yet"
    watch.phase("training")
    for step in range(1, 1001):
        watch.progress(Progress(1, 2, step, 1000, loss=1 / step, learning_rate=0.1))
    points = read_live(tmp_path)
    assert len(points) == POINTS + 1, "not every step"
    assert points[-1] == {"epoch": 1.0, "train_loss": 0.001, "learning_rate": 0.1}
    again = FolderWatch(tmp_path, lambda: False)  # it was killed, and begins the epoch anew
    again.phase("training")
    again.progress(Progress(1, 2, 500, 1000, loss=0.5))
    points = read_live(tmp_path)
    assert points[-1] == {"epoch": 0.5, "train_loss": 0.5}
    assert [p["epoch"] for p in points] == sorted({p["epoch"] for p in points})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"phase": "x"}', '{"phase": "x", "progress": 3}'])
def test_damaged_figures_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / PROGRESS_FILE).write_text(text)
    assert read_progress(tmp_path) == (None, None)


def test_wish_to_stop_is_asked_about_once_a_second(tmp_path: Path, clock: Clock) -> None:
    asked: list[float] = []
    wanted = False

    def ask() -> bool:
        asked.append(clock.now)
        return wanted

    watch = FolderWatch(tmp_path, ask)
    for _ in range(50):
        assert not watch.stop_wanted()
        clock.now += 0.1
    assert len(asked) == 5
    wanted = True
    clock.now += 1
    assert watch.stop_wanted()
    wanted = False
    clock.now += 5
    assert watch.stop_wanted(), "a wish once heard stays"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux' /dev/full")
def test_full_disk_does_not_end_a_training_here(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = FolderWatch(tmp_path, lambda: False)
    watch.phase("training")
    clock.now += 1
    with monkeypatch.context() as full:
        (tmp_path / "scratch").symlink_to("/dev/full")
        full.setattr(ownership, "beside", lambda path: path.with_name("scratch"))
        watch.progress(FIGURES)
    assert read_progress(tmp_path) == ("training", None), "the last that could be written"
    clock.now += 1
    watch.progress(FIGURES)
    assert read_progress(tmp_path) == ("training", FIGURES)
