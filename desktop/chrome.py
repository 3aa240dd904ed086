"""A window of Chrome, Chromium or Edge without tabs and address (`--app`), with a profile of its
own. Its closing cannot be held up: a page may not ask in words of its own."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

from desktop.server import END_SECONDS, end
from desktop.windows import AWAY_SECONDS, LOOK_SECONDS, SIZE, CannotOpenError

if sys.platform != "win32":
    from desktop.devtools import DevTools, DevToolsError
else:
    from desktop.front import to_front

NAMES = (
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
)
MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS = (
    r"Google\Chrome\Application\chrome.exe",
    r"Chromium\Application\chrome.exe",
    r"Microsoft\Edge\Application\msedge.exe",
)
FIRST_SECONDS = 15.0
"""So long after the program's end, a Chrome that was running already may take to open the page."""
CLOSED_SECONDS = 4.0
"""The program is gone, and no page was there for so long: the window was closed."""
SNAP = "/snap/"
"""In the path of programs that may not keep a profile where we want it."""


def programs() -> list[str]:
    """Those found, the one that LESIONLAB_CHROMIUM names first."""
    named = os.environ.get("LESIONLAB_CHROMIUM", "").strip()
    found = [shutil.which(name) for name in ((named,) if named else ()) + NAMES]
    if sys.platform == "darwin":
        for folder in (Path("/Applications"), Path.home() / "Applications"):
            found += [str(folder / f"{n}.app" / "Contents" / "MacOS" / n) for n in MAC]
    if os.name == "nt":
        for variable in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData"):
            if base := os.environ.get(variable):
                found += [str(Path(base) / path) for path in WINDOWS]
    usable = (path for path in found if path and os.path.isfile(path) and not _is_snap(path))
    return list(dict.fromkeys(usable))


def _is_snap(path: str) -> bool:
    """Whether it is a snap, or Ubuntu's script that starts one."""
    whole = os.path.realpath(path)
    if SNAP in path or whole.endswith("/snap"):
        return True
    with contextlib.suppress(OSError), open(whole, "rb") as file:
        return file.read(2) == b"#!" and SNAP.encode() in file.read(4000)
    return False


class Chrome:
    """Such a window.

    Args:
        program: path of Chrome, Chromium or Edge.
        profile: each program has a folder of its own in it; made if it is not there.
        visited: whether a page of LesionLab is open.
    """

    def __init__(self, program: str, profile: Path, visited: Callable[[], bool]) -> None:
        self._program, self._profile = program, profile / Path(program).stem
        self._visited = visited
        self._ended = Event()
        self._url = ""
        self.others: list[subprocess.Popen[bytes]] = []
        """Programs that opened further windows; by themselves, they hand them on and end."""

    def open(self, url: str) -> None:
        """See `Window.open`."""
        self._url = url
        try:
            self._process = self._start(self._command(url))
        except OSError as error:
            raise CannotOpenError(f"{self._program}: {error}") from error
        opened, seen, gone = False, time.monotonic(), 0.0
        while not self._ended.wait(LOOK_SECONDS):
            now = time.monotonic()
            if self._visited():
                opened, seen = True, now
            code = self._process.poll()
            gone = gone or (now if code is not None else 0.0)
            if not gone:
                if opened and (now - seen > AWAY_SECONDS or self._pages() == 0):
                    break
            elif opened and now - max(seen, gone) > CLOSED_SECONDS:
                return
            elif not opened and (code != 0 or now - gone > FIRST_SECONDS):
                raise CannotOpenError(f"{self._program} ended (status {code})")
        self._end()

    def show(self) -> None:
        """See `Window.show`. Where its window cannot be found, another one opens."""
        if not self._bring_up():
            self.others.append(
                subprocess.Popen(
                    self._command(self._url),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )

    def close(self) -> None:
        """See `Window.close`."""
        self._ended.set()

    def _command(self, url: str) -> list[str]:
        return [
            self._program,
            f"--app={url}",
            f"--user-data-dir={self._profile}",
            f"--window-size={SIZE[0]},{SIZE[1]}",
            "--class=LesionLab",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-mode",
            "--hide-crash-restore-bubble",
            "--disable-sync",
        ]

    if sys.platform == "win32":

        def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
            return subprocess.Popen(command)

        def _pages(self) -> int | None:
            """How many are open; None if that cannot be told."""
            return None

        def _bring_up(self) -> bool:
            return to_front(self._process.pid)

        def _end(self) -> None:
            end(self._process)

    else:

        def _start(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
            self._tools = DevTools([*command, "--remote-debugging-pipe"])
            return self._tools.process

        def _pages(self) -> int | None:
            """How many are open; None if that cannot be told."""
            try:
                return len(self._tools.pages())
            except DevToolsError:
                return None

        def _bring_up(self) -> bool:
            try:
                self._tools.show()
            except DevToolsError:
                return False
            return True

        def _end(self) -> None:
            try:
                self._tools.close()
                self._process.wait(END_SECONDS)
            except (DevToolsError, subprocess.TimeoutExpired):
                end(self._process)
