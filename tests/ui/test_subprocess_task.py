"""Heavy work in processes of their own: in line, watched, cancelled, gone with their visitor."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from core.system.fair_queue import BusyError, FairQueue
from tests.waiting import PATIENCE, wait_for
from ui import subprocess_task
from ui.subprocess_task import Task

WORK = "tests.ui.slow_work"
"""Writes its process id, tells of a step, and works until it is ended (or the file `go` is there);
starts a child of its own that does the same."""


def processes(task: Task) -> list[psutil.Process]:
    """Of a task at work, its own child's too."""
    paths = [task.folder / "pid", task.folder / "child"]
    wait_for(lambda: all(path.is_file() and path.read_text() for path in paths))
    return [psutil.Process(int(path.read_text())) for path in paths]


def gone(found: list[psutil.Process]) -> bool:
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in found)


@pytest.fixture
def line() -> FairQueue:
    return FairQueue(waiting=1)


@pytest.fixture
def start(line: FairQueue, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Task]]:
    monkeypatch.setattr(subprocess_task, "ENDING_SECONDS", 0.1)  # it waits for its child in vain
    made: list[Task] = []

    def begin(**options: object) -> Task:
        made.append(Task(WORK, ["{folder}"], queue=line, **options))
        return made[-1]

    yield begin
    for task in made:
        task.cancel()
    assert all(task.wait(PATIENCE) for task in made)


def finish(task: Task) -> None:
    processes(task)
    (task.folder / "go").touch()
    assert task.wait(PATIENCE)


def test_it_tells_how_far_it_is_and_what_it_printed(start, monkeypatch):
    monkeypatch.delenv("LESIONLAB_NICE")
    ended = []
    task = start(files={"note": b"words"}, ended=ended.append)
    wait_for(lambda: task.step)
    first, own = processes(task)[0], psutil.Process()
    assert first.nice() == max(10, own.nice()), "analyses go first"
    step = task.step
    assert (step.done, step.total, step.doing) == (1, 3, "Half way")
    assert step.seconds_left is not None
    assert task.running
    assert not ended
    finish(task)
    assert ended == [task]
    assert task.printed.strip() == "words"
    assert not task.problem
    assert not task.cancelled


def test_cancelled_it_takes_its_own_children_along(start):
    task = start()
    found = processes(task)
    task.cancel()
    assert task.wait(PATIENCE)
    wait_for(lambda: gone(found))
    assert task.cancelled
    assert task.problem


def test_one_at_a_time_with_a_place_in_line(start):
    first, second = start(), start()
    processes(first)
    assert (first.ahead, second.ahead) == (0, 1)
    assert second.step is None
    with pytest.raises(BusyError):
        start()
    finish(first)
    finish(second)


def test_who_leaves_the_line_lets_others_pass(start):
    first, second = start(), start()
    second.cancel()
    assert second.wait(PATIENCE)
    third = start()
    assert third.ahead == 1
    first.cancel()
    processes(third)


def test_a_command_that_fails_says_why(line, tmp_path):
    bad = Task("train", ["import", "{folder}/a.zip"], {"a.zip": b"no zip"}, line)
    assert bad.wait(PATIENCE)
    assert "zip" in bad.problem
    assert not bad.cancelled
    missing = Task("no_such_module", [], queue=line)
    assert missing.wait(PATIENCE)
    assert "no_such_module" in missing.problem


def test_what_its_end_calls_may_fail(line):
    def broken(task: Task) -> None:
        raise ValueError("never mind")

    task = Task("core.system.progress", [], queue=line, ended=broken)
    assert task.wait(PATIENCE)
    assert task.problem
    with line.take() as free:
        assert free.wait(PATIENCE), "the turn was given back"


class Visitors:
    """Streamlit's runtime, as far as it is asked who is there; the page of one of them runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.here = {"somebody"}
        page = SimpleNamespace(session_id="somebody")
        monkeypatch.setattr(subprocess_task, "get_script_run_ctx", lambda: page)
        monkeypatch.setattr(subprocess_task, "exists", lambda: True)
        monkeypatch.setattr(subprocess_task, "get_instance", lambda: self)

    def is_active_session(self, session: str) -> bool:
        return session in self.here


def test_it_ends_when_its_visitor_is_gone_for_good(start, monkeypatch):
    visitors = Visitors(monkeypatch)
    monkeypatch.setattr(subprocess_task, "GONE_SECONDS", 0.5)
    task = start()
    found = processes(task)
    time.sleep(1)
    assert task.running
    visitors.here.clear()
    assert task.wait(PATIENCE)
    assert task.cancelled
    wait_for(lambda: gone(found))


def test_a_visitor_who_comes_back_soon_keeps_it(start, monkeypatch):
    visitors = Visitors(monkeypatch)
    monkeypatch.setattr(subprocess_task, "GONE_SECONDS", PATIENCE)
    task = start()
    visitors.here.clear()
    processes(task)
    visitors.here.add("somebody")
    time.sleep(0.5)
    assert task.running


def test_its_folder_goes_with_it(start):
    task = start()
    folder: Path = task.folder
    finish(task)
    assert folder.is_dir()
    task._kept.cleanup()
    assert not folder.exists()
