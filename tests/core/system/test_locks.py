from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import psutil
import pytest

from core.system import locks
from core.system.locks import HeldError, Identity, held, hold
from tests.train.jobs.conftest import HOLDER, other
from tests.waiting import PATIENCE


def test_lock_is_free_as_soon_as_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not held(path), "there is no file yet"
    with other(HOLDER, str(path)) as holder:
        assert held(path)
        with pytest.raises(HeldError), hold(path):
            pass
        holder.kill()
        holder.wait()
        assert not held(path)
        with hold(path):
            assert held(path)
    assert not held(path)


def test_those_who_ask_are_not_taken_for_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path):
        pass
    fcntl = pytest.importorskip("fcntl")
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)  # another process asks at this very moment
        assert not held(path)


def test_a_look_does_not_make_its_taker_fail(tmp_path: Path) -> None:
    """A page that looks at this very moment must not make a new supervisor believe that there is
    another one."""
    path = tmp_path / "lock"
    with hold(path):
        pass
    fcntl = pytest.importorskip("fcntl")
    looks, seen = threading.Event(), threading.Event()

    def look() -> None:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            looks.set()
            seen.wait(0.3)

    looker = threading.Thread(target=look)
    looker.start()
    assert looks.wait(PATIENCE)
    with hold(path):  # without any waiting
        assert held(path)
    looker.join()


def test_without_fcntl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "fcntl", None)
    path = tmp_path / "lock"
    assert not held(path)
    with other(HOLDER, str(path)):
        assert held(path)


def test_processes_that_load_data_do_not_keep_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path):
        context = multiprocessing.get_context("fork")
        event = context.Event()
        loader = context.Process(target=event.wait, args=(PATIENCE,))
        loader.start()
    try:
        assert loader.is_alive()
        assert not held(path)
    finally:
        event.set()
        loader.join()


def test_reused_number_is_left_alone() -> None:
    with other("print('here', flush=True); import sys; sys.stdin.read()") as process:
        began = psutil.Process(process.pid).create_time()
        assert not Identity(process.pid, began - 60).end(force=True)
        assert process.poll() is None
        assert Identity(process.pid, began).end(force=False)
        process.wait(PATIENCE)
    assert not Identity(process.pid, began).end(force=True), "it is gone"


def test_own_identity() -> None:
    own = Identity.own()
    assert own.pid == os.getpid()
    assert own.began == pytest.approx(psutil.Process(os.getpid()).create_time())
