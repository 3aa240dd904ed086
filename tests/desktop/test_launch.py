"""Server and window together, with stand-ins for both."""

from __future__ import annotations

import json
import os
import signal
import threading
import urllib.request
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UserError
from core.settings import Settings
from core.system.locks import hold
from desktop import launch as launching
from desktop import windows
from desktop.launch import background, launch, question, training_now, windows_here
from desktop.place import Place, PlaceError
from desktop.windows import CannotOpenError, DefaultBrowser
from tests.waiting import PATIENCE, wait_for


class Server:
    """The app: what becomes of it is told from outside."""

    made: list[Server] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, log: Path, settings: object = None, port: int = 0) -> None:
        self.log, self.port, self.url = log, port or 8613, "http://127.0.0.1:8613"
        self.problem, self.answers, self.stopped = "", True, False
        self.made.append(self)

    def ready(self) -> bool:
        return self.answers

    def visited(self) -> bool:
        return False

    def stop(self) -> None:
        self.stopped = True


class FakeWindow:
    """A window in which a person does something."""

    def __init__(self, does: Callable[[FakeWindow], object] = lambda _: None) -> None:
        self.does, self.url = does, ""
        self.shown, self.ended = threading.Event(), threading.Event()

    def open(self, url: str) -> None:
        self.url = url
        self.does(self)

    def show(self) -> None:
        self.shown.set()

    def close(self) -> None:
        self.ended.set()


class Stage:
    """A launch with such windows, and what was said."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.said: list[str] = []
        self.question: Callable[[], str] = str

    def launch(self, *given: FakeWindow) -> int:
        def windows(_: Path, __: object, question: Callable[[], str], *___: object):
            self.question = question
            return given

        return launch(self.settings, self.said.append, windows)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Everything lies below a folder of its own."""
    Server.made.clear()
    monkeypatch.setattr(launching, "Server", Server)
    settings = Settings.from_environment()
    return Stage(replace(settings, window=tmp_path / "window", runs=tmp_path / "runs"))


def test_the_window_goes_from_the_splash_to_the_app_and_its_end_ends_the_server(
    stage: Stage,
) -> None:
    seen = []

    def look(window: FakeWindow) -> None:
        assert window.url.startswith("http://127.0.0.1:")
        wait_for(lambda: _splash(window)["url"] == "http://127.0.0.1:8613")
        seen.append(Server.made[0].stopped)

    assert stage.launch(FakeWindow(look)) == 0
    assert seen == [False], "it ran while the window was open"
    assert Server.made[0].stopped
    assert not stage.said


def _splash(window: FakeWindow) -> dict[str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{window.url}state") as answer:
        return dict(json.loads(answer.read()))


def test_the_first_window_that_opens_is_it(stage: Stage) -> None:
    def cannot(_: FakeWindow) -> None:
        raise CannotOpenError("No screen")

    last = FakeWindow()
    assert stage.launch(FakeWindow(cannot), FakeWindow(), last) == 0
    assert stage.said == ["No screen; another kind of window is tried."]
    assert not last.url


def test_a_server_that_does_not_start_is_told_in_the_window(stage: Stage) -> None:
    def look(window: FakeWindow) -> None:
        Server.made[0].answers = False
        Server.made[0].problem = "The app did not start:\nNo module named streamlit"
        wait_for(lambda: "streamlit" in _splash(window)["problem"])
        assert not window.ended.is_set(), "one can read it"

    original = Server.ready
    try:
        Server.ready = lambda self: False  # type: ignore[method-assign]
        assert stage.launch(FakeWindow(look)) == 1
    finally:
        Server.ready = original  # type: ignore[method-assign]
    assert "streamlit" in stage.said[0]


def test_a_server_that_ends_by_itself_ends_the_window_and_is_told(stage: Stage) -> None:
    def look(window: FakeWindow) -> None:
        wait_for(lambda: _splash(window)["url"])
        Server.made[0].problem = "The app has ended: killed"
        assert window.ended.wait(PATIENCE)

    with pytest.raises(UserError, match="killed"):
        stage.launch(FakeWindow(look))


def test_a_second_start_brings_the_first_window_up(stage: Stage) -> None:
    codes = []

    def look(window: FakeWindow) -> None:
        second = threading.Thread(target=lambda: codes.append(stage.launch(FakeWindow())))
        second.start()
        assert window.shown.wait(PATIENCE)
        second.join()

    assert stage.launch(FakeWindow(look)) == 0
    assert codes == [0]
    assert len(Server.made) == 1
    assert "in front" in stage.said[0]


def test_a_lock_that_a_crash_left_is_nobodys(stage: Stage) -> None:
    stage.settings.window.mkdir(parents=True)
    (stage.settings.window / ".lesionlab").write_text("LesionLab: window\n")
    (stage.settings.window / "lock").write_text("99999")
    (stage.settings.window / "window.json").write_text('{"port": 8700}')
    assert stage.launch(FakeWindow()) == 0
    assert Server.made[0].port == 8700, "the theme chosen is kept for a port"


def test_another_process_that_holds_the_lock_and_has_no_window_is_told(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.launch(FakeWindow()) == 0
    monkeypatch.setattr(Place.ask_to_show, "__defaults__", (0.0,))
    with hold(stage.settings.window / "lock"), pytest.raises(PlaceError, match="does not answer"):
        stage.launch(FakeWindow())
    assert len(Server.made) == 1


@pytest.mark.skipif(os.name == "nt", reason="signals are of Unix")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_request_to_end_closes_the_window(stage: Stage, name: str) -> None:
    before = signal.getsignal(getattr(signal, name))

    def look(window: FakeWindow) -> None:
        os.kill(os.getpid(), getattr(signal, name))
        assert window.ended.wait(PATIENCE)

    assert stage.launch(FakeWindow(look)) == 0
    assert Server.made[0].stopped
    assert signal.getsignal(getattr(signal, name)) == before


def test_no_process_no_window(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError("Cannot allocate memory")

    monkeypatch.setattr(launching, "Server", fails)
    with pytest.raises(UserError, match="Cannot allocate memory"):
        stage.launch(FakeWindow())


def test_what_is_asked_while_it_trains(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["My first"]
    monkeypatch.setattr(launching, "training_now", lambda _: names)
    asked = []
    assert stage.launch(FakeWindow(lambda _: asked.append(stage.question()))) == 0
    assert "“My first”" in asked[0]
    assert "it goes on in the background" in asked[0]
    assert stage.said == [background(names)], "also where closing cannot be held up"
    assert question([]) == ""
    assert "they go on" in question(["a", "b"])


def test_what_trains_is_what_has_a_living_trainer(tmp_path: Path) -> None:
    from train.jobs import Runs
    from train.presets import PRESETS

    assert training_now(tmp_path / "none") == []
    assert not (tmp_path / "none").exists(), "looking makes nothing"
    runs = Runs(tmp_path)
    config = PRESETS[0].config
    waits, trains = runs.create(config, "Waits"), runs.create(config, "Trains")
    assert training_now(tmp_path) == []
    with hold(runs.get(trains).folder / "lock"):
        assert training_now(tmp_path) == ["Trains"]
    assert waits != trains


class Away:
    def __init__(self, visits: int) -> None:
        self.visits = visits

    def __call__(self) -> bool:
        self.visits -= 1
        return self.visits >= 0


def test_the_default_browser_ends_when_no_page_was_open_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: not opened.append(url))
    monkeypatch.setattr(windows, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(windows, "AWAY_SECONDS", 0.2)
    said: list[str] = []
    visits = Away(3)
    browser = DefaultBrowser(visits, said.append)
    browser.open("http://127.0.0.1:1/")
    browser.show()
    assert opened == ["http://127.0.0.1:1/"] * 2
    assert visits.visits < 0
    assert len(said) == 1
    assert "Ctrl+C" in said[0]


def test_without_any_browser_the_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    said: list[str] = []
    browser = DefaultBrowser(lambda: True, said.append)
    browser.close()
    browser.open("http://127.0.0.1:1/")
    assert "http://127.0.0.1:1/" in said[0]


def test_windows_are_tried_from_web_view_to_default_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> list[str]:
        given = windows_here(tmp_path, bool, str, print)
        return [type(window).__name__ for window in given]

    monkeypatch.setattr("desktop.webview.installed", lambda: True)
    monkeypatch.setattr("desktop.chrome.programs", lambda: ["/a/chrome", "/b/msedge"])
    assert found() == ["WebView", "Chrome", "Chrome", "DefaultBrowser"]
    monkeypatch.setattr("desktop.webview.installed", lambda: False)
    monkeypatch.setattr("desktop.chrome.programs", list)
    assert found() == ["DefaultBrowser"]
