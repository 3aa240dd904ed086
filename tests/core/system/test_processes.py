"""Processes that go on without the one that started them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from core.system.processes import apart


def test_on_windows_it_does_not_end_with_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x08000000, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    assert apart() == {"creationflags": 0x08000200}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no sessions")
def test_elsewhere_it_has_a_session_of_its_own() -> None:
    asked = [sys.executable, "-c", "import os; print(os.getsid(0) == os.getpid())"]
    assert subprocess.check_output(asked, text=True, **apart()).strip() == "True"
