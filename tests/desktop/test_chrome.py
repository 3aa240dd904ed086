"""Chrome's window, of which a script plays the part."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from desktop import chrome
from desktop.chrome import Chrome, programs
from desktop.windows import CannotOpenError
from tests.waiting import PATIENCE, wait_for

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the scripts are for Unix")

STAND_IN = '''#!{python}
"""Chrome: `pages` in its folder lists the ids of open pages; what it was told is in `told`."""
import json, os, sys
folder = {folder!r}
with open(folder + "/arguments", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
rest = b""
while chunk := os.read(3, 65536):
    *whole, rest = (rest + chunk).split(b"\\0")
    for message in whole:
        asked = json.loads(message)
        with open(folder + "/told", "a") as file:
            file.write(asked["method"] + "\\n")
        with open(folder + "/pages") as file:
            pages = [dict(targetId=id, type="page") for id in file.read().split()]
        result = dict(
            targetInfos=[*pages, dict(targetId="worker", type="service_worker")],
            windowId=7,
            bounds=dict(windowState="minimized"),
        )
        os.write(4, b'{{"method": "Target.news"}}\\0')
        os.write(4, json.dumps(dict(id=asked["id"], result=result)).encode() + b"\\0")
        if asked["method"] == "Browser.close":
            sys.exit()
'''


class Visits:
    """Whether a page is open, as the server would know."""

    def __init__(self, open: bool) -> None:
        self.open = open

    def __call__(self) -> bool:
        return self.open


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The script; its folder is where it lies."""
    (tmp_path / "pages").write_text("first")
    path = tmp_path / "chrome"
    path.write_text(STAND_IN.format(python=sys.executable, folder=str(tmp_path)))
    path.chmod(0o755)
    return path


@pytest.fixture
def opened(program: Path) -> Callable[[Visits], tuple[Chrome, threading.Thread]]:
    """A window of it, open in a thread."""

    def go(visits: Visits) -> tuple[Chrome, threading.Thread]:
        window = Chrome(str(program), program.parent / "profile", visits)
        thread = threading.Thread(target=window.open, args=("http://127.0.0.1:1/",), daemon=True)
        thread.start()
        wait_for(lambda: arguments(program).endswith("\n"))
        return window, thread

    return go


def arguments(program: Path) -> str:
    """What it was started with: a line of JSON each time, empty before the first is whole."""
    path = program.parent / "arguments"
    return path.read_text() if path.exists() else ""


def told(program: Path) -> list[str]:
    path = program.parent / "told"
    return path.read_text().splitlines() if path.exists() else []


def script(path: Path, lines: str) -> str:
    path.write_text(f"#!/bin/sh\n{lines}\n")
    path.chmod(0o755)
    return str(path)


def test_it_gets_a_profile_of_its_own_and_no_tabs(
    program: Path, opened: Callable[[Visits], tuple[Chrome, threading.Thread]]
) -> None:
    window, thread = opened(Visits(True))
    given = arguments(program)
    assert '"--app=http://127.0.0.1:1/"' in given
    assert f'"--user-data-dir={program.parent / "profile" / "chrome"}"' in given
    assert "--no-sandbox" not in given
    window.close()
    thread.join(PATIENCE)
    assert told(program)[-1] == "Browser.close", "as its menu does, so that nothing is lost"


def test_the_end_is_when_no_page_is_left(
    program: Path, opened: Callable[[Visits], tuple[Chrome, threading.Thread]]
) -> None:
    _, thread = opened(Visits(True))
    wait_for(lambda: "Target.getTargets" in told(program))
    assert thread.is_alive()
    (program.parent / "pages").write_text("")
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the program itself may run on, as on macOS"


def test_it_is_brought_up_and_unfolded(
    program: Path, opened: Callable[[Visits], tuple[Chrome, threading.Thread]]
) -> None:
    window, thread = opened(Visits(True))
    window.show()
    said = told(program)
    assert "Browser.setWindowBounds" in said
    assert "Target.activateTarget" in said
    assert len(arguments(program).splitlines()) == 1, "no second window"
    window.close()
    thread.join(PATIENCE)


def test_a_program_that_ends_at_once_cannot_open(tmp_path: Path) -> None:
    program = script(tmp_path / "chrome", "exit 3")
    with pytest.raises(CannotOpenError, match="status 3"):
        Chrome(program, tmp_path, Visits(False)).open("http://127.0.0.1:1/")


def test_a_program_that_is_none_cannot_open(tmp_path: Path) -> None:
    (tmp_path / "chrome").write_text("no program")
    with pytest.raises(CannotOpenError):
        Chrome(str(tmp_path / "chrome"), tmp_path, Visits(False)).open("http://127.0.0.1:1/")


def test_one_that_hands_the_page_to_a_running_chrome_is_followed_by_its_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chrome, "CLOSED_SECONDS", 0.3)
    visits = Visits(True)
    window = Chrome(script(tmp_path / "chrome", "exit 0"), tmp_path, visits)
    thread = threading.Thread(target=window.open, args=("http://127.0.0.1:1/",), daemon=True)
    thread.start()
    time.sleep(1.0)
    assert thread.is_alive()
    visits.open = False
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_where_there_is_no_pipe_another_window_opens_and_pages_tell_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where an administrator forbids the pipe."""
    monkeypatch.setattr("desktop.devtools.ANSWER_SECONDS", 0.3)  # none comes
    monkeypatch.setattr(chrome, "AWAY_SECONDS", 0.5)
    count = tmp_path / "count"
    text = f'echo once >> "{count}"; exec 3<&- 4>&-; exec sleep {PATIENCE}'
    visits = Visits(True)
    window = Chrome(script(tmp_path / "chrome", text), tmp_path, visits)
    thread = threading.Thread(target=window.open, args=("http://127.0.0.1:1/",), daemon=True)
    thread.start()
    wait_for(count.exists)
    shown = threading.Thread(target=window.show)
    shown.start()
    wait_for(lambda: count.read_text().count("once") == 2)
    shown.join()
    for process in window.others:
        process.kill()
        process.wait()
    visits.open = False
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_the_named_program_comes_first_and_snaps_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = script(tmp_path / "mine", "exit 0")
    script(tmp_path / "chromium-browser", "exec /snap/bin/chromium")
    usual = script(tmp_path / "google-chrome", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chrome, "MAC", ())
    assert programs() == [usual]
    monkeypatch.setenv("LESIONLAB_CHROMIUM", own)
    assert programs() == [own, usual]
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("LESIONLAB_CHROMIUM", "")
    assert programs() == []
