from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from train.config import ConfigError
from train.jobs import words
from train.jobs.words import DISK_FULL, GONE, MEMORY_FULL, SHUT_DOWN, death, ending, gone
from train.progress import Stopped


def of(error: BaseException | None, stop: bool = False, told: bool = False) -> tuple[object, str]:
    return ending(error, Path(), stop, told)


def wrapped(cause: Exception) -> Exception:
    """As torch wraps what went wrong while it wrote a file."""
    try:
        try:
            raise cause
        except Exception as error:
            raise RuntimeError("unexpected pos 64 vs 0") from error
    except RuntimeError as error:
        return error


def test_finished() -> None:
    assert of(None) == ("finished", "")


def test_stopped_or_interrupted() -> None:
    assert of(Stopped(), stop=True)[0] == "stopped"
    assert of(KeyboardInterrupt())[0] == "stopped", "Ctrl+C"
    assert of(KeyboardInterrupt(), stop=True, told=True)[0] == "stopped", "it did not listen"
    assert of(KeyboardInterrupt(), told=True) == (None, SHUT_DOWN)


def test_full_disk() -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    share = OSError(errno.EDQUOT, "Disk quota exceeded")
    database = sqlite3.OperationalError("database or disk is full")
    database.sqlite_errorcode = sqlite3.SQLITE_FULL
    for error in (full, share, wrapped(full), database):
        assert of(error) == ("failed", DISK_FULL)


def test_full_disk_that_the_error_does_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_free", lambda _: 1000)
    assert of(RuntimeError("unexpected pos 64 vs 0")) == ("failed", DISK_FULL)


def test_gone_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gone(Path()) == GONE
    monkeypatch.setattr(words, "_free", lambda _: 1000)
    assert gone(Path()) == DISK_FULL, "its end could not be recorded"


def test_memory() -> None:
    assert of(MemoryError()) == ("failed", MEMORY_FULL)
    assert of(RuntimeError("CUDA out of memory. Tried to …")) == ("failed", MEMORY_FULL)


def test_sentence_is_the_message() -> None:
    assert of(ConfigError("Choose two classes.")) == ("failed", "Choose two classes.")


def test_other_errors_are_named() -> None:
    outcome, message = of(ZeroDivisionError("by nothing"))
    assert outcome == "failed"
    assert "ZeroDivisionError: by nothing" in message
    assert "log" in message
    assert "(AssertionError)" in of(AssertionError())[1]


def test_deaths() -> None:
    assert "memory" in death(-9, "epoch 3")
    assert "signal (Segmentation fault)" in death(-11, "")
    assert "status 1" in death(1, "no module named x")
    assert "no module named x" in death(1, "no module named x")
