"""What a window of LesionLab is; and the kind that is always there, the default browser."""

import time
import webbrowser
from collections.abc import Callable
from threading import Event
from typing import Protocol

TITLE = "LesionLab"
SIZE = 1360, 900
"""Of a new window, in the screen's pixels: answer and photo beside each other, and the links to
all pages."""
LOOK_SECONDS = 0.2
AWAY_SECONDS = 600.0
"""Where a window's end can only be told by its pages: none is open for so long. A browser may put
a page to sleep that nobody looks at."""


class CannotOpenError(Exception):
    """This kind of window does not open here; another may."""


class Window(Protocol):
    """A window, from its opening to its end."""

    def open(self, url: str) -> None:
        """Show an address, until the window is closed; from the main thread.

        Raises:
            CannotOpenError: it does not open here, and nobody has seen it.
        """

    def show(self) -> None:
        """Bring it to the front; from any thread, while it is open."""

    def close(self) -> None:
        """End it without a question; from any thread."""


class DefaultBrowser:
    """A tab of the default browser, of which nobody tells when it is closed.

    Args:
        visited: whether a page of LesionLab is open.
        say: tells a person.
    """

    def __init__(self, visited: Callable[[], bool], say: Callable[[str], None]) -> None:
        self._visited, self._say = visited, say
        self._url = ""
        self._ended = Event()

    def open(self, url: str) -> None:
        """See `Window.open`."""
        self._url = url
        if not webbrowser.open(url):
            self._say(f"No browser could be opened. Open this address in one: {url}")
        self._say(
            "Neither a web view nor a window of Chrome, Chromium or Edge opens here, so LesionLab "
            "is a page of your browser. It ends some minutes after its last page was closed, or "
            "with Ctrl+C."
        )
        seen = time.monotonic()
        while not self._ended.wait(LOOK_SECONDS):
            if self._visited():
                seen = time.monotonic()
            elif time.monotonic() - seen > AWAY_SECONDS:
                return

    def show(self) -> None:
        """Another tab, as none can be brought to the front."""
        webbrowser.open(self._url)

    def close(self) -> None:
        """The tab stays; LesionLab ends."""
        self._ended.set()
