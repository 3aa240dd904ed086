"""A window by pywebview, of which a stand-in plays the part."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from desktop import webview
from desktop.webview import WebView, asking, trouble
from desktop.windows import CannotOpenError
from tests.waiting import PATIENCE


class Hook:
    """An event, as `events.closing += handler` sets it."""

    def __init__(self) -> None:
        self._handlers: list[Callable[[], object]] = []

    def __iadd__(self, handler: Callable[[], object]) -> Hook:
        self._handlers.append(handler)
        return self

    def __call__(self) -> bool:
        """Whether all let it happen."""
        return all([handler() is not False for handler in self._handlers])


class Library:
    """pywebview: `clicks` is done by a person while the window is open."""

    def __init__(self, clicks: Callable[[Library], None], fails: bool = False) -> None:
        self.settings = {"ALLOW_DOWNLOADS": False}
        self.clicks, self.fails = clicks, fails
        self.said: list[str] = []
        self.asked: list[str] = []
        self.answer: Callable[[object], None] | None = None
        self.ready = threading.Event()
        self.open = False
        names = ("shown", "closing", "loaded", "minimized", "restored")
        self.events = SimpleNamespace(**{name: Hook() for name in names})

    def create_window(self, title: str, url: str, **options: Any) -> Library:
        self.said += [title, url]
        return self

    def start(self, **options: Any) -> None:
        self.options = options
        if self.fails:
            raise RuntimeError("You must have either QT or GTK")
        self.open = True
        self.events.shown()
        self.clicks(self)

    def close_button(self) -> None:
        if self.events.closing():
            self.open = False

    destroy = close_button

    def evaluate_js(self, script: str, answer: Callable[[object], None]) -> None:
        self.asked.append(script)
        self.answer = answer
        self.ready.set()

    def answers(self, close: object) -> None:
        assert self.ready.wait(PATIENCE)
        self.ready.clear()
        assert self.answer
        self.answer(close)

    def show(self) -> None:
        self.said.append("show")

    def restore(self) -> None:
        self.said.append("restore")


def opened(
    tmp_path: Path, clicks: Callable[[Library], None], question: str = ""
) -> tuple[WebView, Library]:
    library = Library(clicks)
    window = WebView(tmp_path, lambda: question, library)
    window.open("http://127.0.0.1:1/")
    return window, library


def test_it_closes_if_nothing_trains(tmp_path: Path) -> None:
    _, library = opened(tmp_path, lambda library: library.close_button())
    assert not library.open
    assert not library.asked
    assert library.said == ["LesionLab", "http://127.0.0.1:1/"]
    assert library.settings["ALLOW_DOWNLOADS"], "the report is one"
    assert library.options["private_mode"] is False, "answers to quizzes are known by a cookie"
    assert library.options["icon"].endswith("icon.ico" if os.name == "nt" else "icon.png")


def test_while_it_trains_the_window_asks_and_stays(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        library.close_button()
        assert library.open
        library.answers(False)
        assert library.open, "kept open"
        library.close_button()
        assert library.open, "asked once more"
        library.answers(True)

    _, library = opened(tmp_path, clicks, "It trains. Close?")
    assert not library.open
    assert library.asked == [asking("It trains. Close?")] * 2


def test_who_closes_it_again_while_it_is_asked_means_it(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        library.close_button()
        assert library.ready.wait(PATIENCE)
        library.close_button()

    _, library = opened(tmp_path, clicks, "It trains. Close?")
    assert not library.open


def test_a_question_goes_with_its_page(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        library.close_button()
        assert library.ready.wait(PATIENCE)
        library.ready.clear()
        library.events.loaded()
        library.close_button()
        assert library.open
        library.answers(True)

    _, library = opened(tmp_path, clicks, "It trains. Close?")
    assert not library.open
    assert len(library.asked) == 2


def test_it_ends_without_a_question_when_it_is_told_to(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        window.close()

    library = Library(clicks)
    window = WebView(tmp_path, lambda: "It trains. Close?", library)
    window.close()
    window.open("http://127.0.0.1:1/")
    assert not library.open
    assert not library.asked


def test_it_is_unfolded_only_if_it_was_folded(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        window.show()
        library.events.minimized()
        window.show()

    library = Library(clicks)
    window = WebView(tmp_path, str, library)
    window.show()  # before there is one
    window.open("http://127.0.0.1:1/")
    assert library.said[2:] == ["show", "restore", "show"]


def test_a_web_view_that_does_not_work_here_leaves_it_to_others(tmp_path: Path) -> None:
    with pytest.raises(CannotOpenError, match="QT or GTK"):
        WebView(tmp_path, str, Library(lambda _: None, fails=True)).open("http://x/")


def test_what_fails_in_an_open_window_is_no_reason_for_another(tmp_path: Path) -> None:
    def clicks(library: Library) -> None:
        raise RuntimeError("lost")

    with pytest.raises(RuntimeError, match="lost"):
        opened(tmp_path, clicks)


@pytest.mark.skipif(sys.platform != "linux", reason="Qt is Linux' web view")
def test_a_library_that_ends_its_process_leaves_it_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Qt does without libxcb-cursor0."""
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho xcb-cursor0 is needed >&2\necho more >&2\nkill -ABRT $$\n")
    python.chmod(0o755)
    assert trouble(str(python)) == "xcb-cursor0 is needed"
    python.write_text("#!/bin/sh\nexit 0\n")
    assert trouble(str(python)) == ""
    monkeypatch.setattr(webview, "trouble", lambda: "xcb-cursor0 is needed")
    with pytest.raises(CannotOpenError, match="xcb-cursor0"):
        WebView(tmp_path, str).open("http://127.0.0.1:1/")


@pytest.mark.skipif(sys.platform != "linux", reason="Qt is Linux' web view")
def test_what_is_tried_is_what_pywebview_has(tmp_path: Path) -> None:
    """Its package hides its module of the same name: only what it hands on can be called."""
    package = tmp_path / "webview"
    package.mkdir()
    (package / "guilib.py").write_text("import sys\ndef initialize(): sys.exit('no screen')\n")
    (package / "__init__.py").write_text("from webview.guilib import initialize\nguilib = None\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\ncd "{tmp_path}" && exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    assert trouble(str(python)) == "no screen"
