"""Server and window together, from the double-click to the window's end."""

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from core.errors import UserError
from core.settings import Settings
from core.system.locks import HeldError, hold
from desktop import chrome, webview
from desktop.place import Place, PlaceError
from desktop.server import Server
from desktop.splash import Splash
from desktop.windows import CannotOpenError, DefaultBrowser, Window

TICK_SECONDS = 0.2

Say = Callable[[str], None]
FindWindows = Callable[[Path, Callable[[], bool], Callable[[], str], Say], Sequence[Window]]


def windows_here(
    profile: Path, visited: Callable[[], bool], question: Callable[[], str], say: Say
) -> list[Window]:
    """Windows to try here, the best first.

    Args:
        profile: folder for what a browser keeps.
        visited: whether a page of LesionLab is open.
        question: what to ask before the window is closed; empty if it just closes.
        say: tells a person.
    """
    found: list[Window] = []
    if webview.installed():
        found.append(webview.WebView(profile, question))
    found += [chrome.Chrome(program, profile, visited) for program in chrome.programs()]
    return [*found, DefaultBrowser(visited, say)]


def launch(settings: Settings, say: Say, find_windows: FindWindows = windows_here) -> int:
    """Open LesionLab's window until it is closed, or bring up the one that is open.

    Args:
        say: tells a person something.
        find_windows: gives the windows to try, as `windows_here` does.

    Returns:
        The exit status: 0; 1 if the app did not start, which the window has told.

    Raises:
        UserError: the window's folder cannot be used, or the app ended by itself; the message says
            what to do.
    """
    place = Place(settings.window)
    with ExitStack() as held:
        try:
            held.enter_context(hold(place.lock))
        except HeldError:
            place.ask_to_show()
            say("LesionLab is open already: its window is in front.")
            return 0
        except OSError as error:
            raise PlaceError(
                f"{place.lock} cannot be written ({error.strerror or error}). Set LESIONLAB_WINDOW "
                "to a folder that can."
            ) from error
        try:
            server = Server(place.log, port=place.port)
            held.callback(server.stop)
            place.begin(server.port)
        except OSError as error:
            raise UserError(f"The app cannot be started ({error}).") from error
        splash = held.enter_context(Splash())
        return _Session(place, server, splash, settings.runs, say).run(find_windows)


def training_now(runs: Path) -> list[str]:
    """Names of the trainings at work. Their processes are their own: they outlive the app."""
    from train.jobs import JobError, Runs
    from train.jobs.states import AT_WORK

    if not runs.is_dir():
        return []
    with suppress(JobError):
        return [run.name for run in Runs(runs).all() if run.state in AT_WORK]
    return []


def question(names: Sequence[str]) -> str:
    """What is asked before a window is closed while these train; empty if none does."""
    if not names:
        return ""
    goes = "it goes" if len(names) == 1 else "they go"
    return (
        f"A training is at work: {_listed(names)}. Close LesionLab? Nothing is lost: {goes} on in "
        "the background, and the page Training shows it when you open LesionLab again."
    )


def background(names: Sequence[str]) -> str:
    """What is said after a window was closed while these train."""
    return f"Training goes on in the background: {_listed(names)}."


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)


class _Session:
    """One window and its server."""

    def __init__(self, place: Place, server: Server, splash: Splash, runs: Path, say: Say) -> None:
        self._place, self._server, self._splash = place, server, splash
        self._runs, self._say = runs, say
        self._window: Window | None = None
        self._over = threading.Event()
        self._ready = False

    def run(self, find_windows: FindWindows) -> int:
        watcher = threading.Thread(target=self._watch, name="watch", daemon=True)
        windows = find_windows(self._place.profile, self._visited, self._question, self._say)
        with ended_on_request(self._end):
            watcher.start()
            try:
                self._open(windows)
            finally:
                self._over.set()
                watcher.join()
        problem = self._splash.problem
        if problem and self._ready:
            raise UserError(problem)
        if problem:
            self._say(problem)
        elif names := training_now(self._runs):
            self._say(background(names))
        return 1 if problem else 0

    def _open(self, windows: Sequence[Window]) -> None:
        for window in windows:
            self._window = window
            try:
                window.open(self._splash.url)
            except CannotOpenError as error:
                self._say(f"{error}; another kind of window is tried.")
                continue
            return

    def _visited(self) -> bool:
        return self._splash.visited() or self._server.visited()

    def _question(self) -> str:
        return question(training_now(self._runs))

    def _watch(self) -> None:
        """Lead the page from the splash to the app, and do what a second start asks for."""
        while not self._over.wait(TICK_SECONDS):
            if not self._ready and self._server.ready():
                self._ready = True
                self._splash.goes_to = self._server.url
            elif problem := self._server.problem:
                self._splash.problem = problem
                if self._ready:  # the page in the window is of no use any more
                    self._end()
                    return
            if self._window and self._place.asked_to_show():
                self._window.show()

    def _end(self) -> None:
        if self._window:
            self._window.close()


@contextmanager
def ended_on_request(end: Callable[[], None]) -> Iterator[None]:
    """Within the block, a request to end (Ctrl+C, a terminal that is closed, SIGTERM) calls `end`
    from a thread of its own: a window's loop may not come to handlers of signals."""
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [int(getattr(signal, name)) for name in names if hasattr(signal, name)]
    ours, systems = socket.socketpair()
    systems.setblocking(False)

    def listen() -> None:
        while came := ours.recv(1):
            if came[0] in numbers:
                end()

    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    earlier = signal.set_wakeup_fd(systems.fileno(), warn_on_full_buffer=False)
    listener = threading.Thread(target=listen, name="requests", daemon=True)
    listener.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        for number, handler in before.items():
            signal.signal(number, handler)
        systems.close()
        listener.join()
        ours.close()
