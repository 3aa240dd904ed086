"""The whole of it: Chromium in a window of an invisible screen, from the start to the end of the
server."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.settings import REPOSITORY
from core.system.json_files import read_object
from desktop import chrome
from tests.desktop.x11 import Display
from tests.waiting import PATIENCE, wait_for

XVFB = shutil.which("Xvfb")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(XVFB is None, reason="there is no Xvfb: install the package xvfb"),
    pytest.mark.skipif(not chrome.programs(), reason="there is no Chromium or Chrome"),
]


@pytest.fixture
def display() -> Iterator[str]:
    """Name of an X display that nobody sees."""
    read, write = os.pipe()
    command = [
        str(XVFB),
        "-displayfd",
        str(write),
        "-screen",
        "0",
        "1600x1000x24",
        "-nolisten",
        "tcp",
    ]
    with subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as said:
                yield f":{int(said.readline())}"
        finally:
            server.terminate()


@pytest.fixture
def settings(tmp_path: Path, display: str) -> dict[str, str]:
    """Environment of the program, everything that it writes below a folder of its own."""
    program = tmp_path / "chromium"
    flags = "--no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking"
    program.write_text(f'#!/bin/sh\nexec "{chrome.programs()[0]}" {flags} "$@"\n')
    program.chmod(0o755)
    folders = {
        name: str(tmp_path / name.lower()) for name in ("WINDOW", "RUNS", "DATA", "LEARNING")
    }
    own = {f"LESIONLAB_{name}": folder for name, folder in folders.items()}
    own |= {"DISPLAY": display, "LESIONLAB_CHROMIUM": str(program)}
    return {**os.environ, **own, "HOME": str(tmp_path)}


@contextlib.contextmanager
def started(settings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "desktop"]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=settings, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def ended(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_window_from_its_start_to_its_end(settings: dict[str, str], display: str) -> None:
    screen = Display(display)
    title = "Analyse · LesionLab"
    with started(settings) as first:
        wait_for(lambda: title in screen.titles().values(), screen.titles)
        port = read_object(Path(settings["LESIONLAB_WINDOW"]) / "window.json")["port"]
        family = psutil.Process(first.pid).children(recursive=True)
        (server,) = [p for p in family if "desktop.serve" in p.cmdline()]
        here = {c.laddr for c in server.net_connections("tcp") if c.status == psutil.CONN_LISTEN}
        assert here == {("127.0.0.1", port)}, "open to this computer alone"

        with started(settings) as second:
            _, said = second.communicate(timeout=PATIENCE)
            assert (second.returncode, "in front" in said) == (0, True), said
        assert list(screen.titles().values()).count(title) == 1, "the first window, no other"

        (window,) = (number for number, name in screen.titles().items() if name == title)
        screen.close(window)
        _, said = first.communicate(timeout=PATIENCE)
        assert first.returncode == 0, said
    wait_for(lambda: all(ended(process.pid) for process in family))


def test_nothing_is_left_of_a_launcher_that_was_killed(
    settings: dict[str, str], display: str
) -> None:
    screen = Display(display)
    with started(settings) as first:
        wait_for(lambda: any("LesionLab" in t for t in screen.titles().values()), screen.titles)
        family = psutil.Process(first.pid).children(recursive=True)
        first.kill()
    wait_for(lambda: all(ended(process.pid) for process in family))
    with started(settings) as again:  # its lock is in nobody's way
        wait_for(lambda: any("LesionLab" in t for t in screen.titles().values()), screen.titles)
        again.terminate()
        assert again.wait(PATIENCE) == 0
    wait_for(lambda: not screen.titles())
