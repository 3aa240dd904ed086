"""What a person is told: by the terminal, by a box, by Windows' own ways."""

# ruff: noqa: N802 - the names of Windows' own functions

from __future__ import annotations

import ctypes
import io
import subprocess
import sys

import pytest

from core.errors import UserError
from core.settings import REPOSITORY
from desktop import __main__ as command
from desktop import front, messages
from tests.waiting import PATIENCE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def boxes(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Commands that would have shown a box."""
    shown: list[list[str]] = []
    monkeypatch.setattr(messages.subprocess, "run", lambda words, **_: shown.append(words))
    return shown


def test_in_a_terminal_it_is_printed(
    boxes: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    messages.alarm("Do this.")
    assert terminal.getvalue() == "Do this.\n"
    assert not boxes


@pytest.mark.parametrize("program", ["zenity", "kdialog", "xmessage"])
def test_without_a_terminal_a_box_is_shown(
    program: str, boxes: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(messages.shutil, "which", lambda name: name if name == program else None)
    messages.alarm("Do this.")
    assert boxes[0][0] == program
    assert "Do this." in boxes[0][-1]


def test_on_a_mac_the_words_are_no_script(
    boxes: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(sys, "stderr", None)
    messages.alarm('A "quoted" path')
    assert boxes == [["osascript", "-e", messages._MAC, 'A "quoted" path']]


def test_without_any_box_nothing_breaks(
    boxes: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(messages.shutil, "which", lambda _: None)
    messages.alarm("Do this.")
    assert not boxes


def test_the_command_tells_what_to_do_and_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise UserError("Set LESIONLAB_WINDOW.")

    told: list[str] = []
    monkeypatch.setattr(command, "launch", fails)
    monkeypatch.setattr(command, "alarm", told.append)
    assert command.main([]) == 1
    assert told == ["Set LESIONLAB_WINDOW."]


def test_a_window_opens_before_streamlit_or_torch_is_loaded() -> None:
    code = (
        "import sys; from desktop import __main__, chrome, webview; "
        "print({'streamlit', 'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True,
        timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "set()"


class User32:
    """Windows' library: its windows, each with process, visibility, title's length and whether it
    is folded."""

    def __init__(self, windows: dict[int, tuple[int, bool, int, bool]]) -> None:
        self.windows, self.done = windows, []

    def EnumWindows(self, callback, _):
        for window in self.windows:
            if not callback(window, None):
                return

    def GetWindowThreadProcessId(self, window, owner):
        ctypes.cast(owner, ctypes.POINTER(ctypes.c_ulong))[0] = self.windows[window.value][0]

    def IsWindowVisible(self, window):
        return self.windows[window.value][1]

    def GetWindowTextLengthW(self, window):
        return self.windows[window.value][2]

    def IsIconic(self, window):
        return self.windows[window.value][3]

    def ShowWindow(self, window, how):
        self.done.append(("show", window.value, how))

    def SetForegroundWindow(self, window):
        self.done.append(("front", window.value))

    def AllowSetForegroundWindow(self, who):
        self.done.append(("let", who))


def test_on_windows_the_window_of_a_process_is_brought_up() -> None:
    library = User32({1: (7, True, 5, False), 2: (8, False, 5, False), 3: (8, True, 0, False),
                      4: (8, True, 9, True), 5: (8, True, 9, False)})  # fmt: skip
    assert front.to_front(8, library)
    assert library.done == [("show", 4, front.RESTORE), ("front", 4)]
    assert not front.to_front(9, library)
    front.let_others(library)
    assert library.done[-1] == ("let", -1)
