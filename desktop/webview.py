"""A window with the system's own web view, by pywebview (https://pywebview.flowrl.com), where it is
installed: `pip install -r requirements-desktop.txt`. It asks before it closes if there is a
question."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from desktop.windows import SIZE, TITLE, CannotOpenError

_HERE = Path(__file__).resolve().parent
_ASK = (_HERE / "question.js").read_text(encoding="utf-8")
_ICON = _HERE / ("icon.ico" if os.name == "nt" else "icon.png")


def installed() -> bool:
    """Whether pywebview is there; whether it also works shows when it opens."""
    return find_spec("webview") is not None


def trouble(python: str = sys.executable) -> str:
    """Why a web view cannot be made on Linux; empty if it can, and elsewhere.

    Tried in a process of its own: where a library of the system is missing, Qt ends the process
    that asks it.
    """
    if sys.platform != "linux":
        return ""
    tried = subprocess.run(
        [python, "-c", "from webview.guilib import initialize; initialize()"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    lines = [line for line in tried.stderr.splitlines() if line.strip()]
    said = next((line for line in lines if "needed" in line), lines[-1] if lines else "")
    return (said or f"status {tried.returncode}") if tried.returncode else ""


def asking(question: str) -> str:
    """JavaScript that asks in the page: a promise of whether to close."""
    return f"({_ASK.strip()})({json.dumps(question)})"


class WebView:
    """Such a window.

    Args:
        profile: what it keeps is in a folder in it; made if it is not there.
        question: what to ask before the window is closed; empty if it just closes.
        library: pywebview; imported, if it is not given.
    """

    def __init__(self, profile: Path, question: Callable[[], str], library: Any = None) -> None:
        self._profile, self._question, self._library = profile / "webview", question, library
        self._window: Any = None
        self._asked = self._agreed = self._folded = False

    def open(self, url: str) -> None:
        """See `Window.open`."""
        shown = threading.Event()
        try:
            if self._library is None:
                if said := trouble():
                    raise CannotOpenError(f"The web view does not open here: {said}")
                import webview

                logging.getLogger("pywebview").setLevel(logging.ERROR)
                self._library = webview
            self._library.settings["ALLOW_DOWNLOADS"] = True
            self._profile.mkdir(parents=True, exist_ok=True)
            self._window = self._library.create_window(
                TITLE, url, width=SIZE[0], height=SIZE[1], text_select=True
            )
            events = self._window.events
            events.shown += shown.set
            events.closing += self._closing
            events.loaded += self._loaded
            events.minimized += self._fold
            events.restored += self._unfold
            self._library.start(
                private_mode=False, storage_path=str(self._profile), icon=str(_ICON)
            )
        except CannotOpenError:
            raise
        except Exception as error:
            # Each system's web view fails in ways of its own, before anything is to be seen.
            if shown.is_set():
                raise
            raise CannotOpenError(f"The web view does not open here ({error})") from error

    def show(self) -> None:
        """See `Window.show`."""
        if self._window is None:
            return
        if self._folded:
            self._window.restore()
        self._window.show()

    def close(self) -> None:
        """See `Window.close`."""
        self._agreed = True
        if self._window is not None:
            self._window.destroy()

    def _closing(self) -> bool:
        """Whether the window may close now; called by the window itself, which must not wait."""
        # Who closes it again, while it is asked, means it; also if the page cannot ask any more.
        if self._agreed or self._asked or not (question := self._question()):
            return True
        self._asked = True
        threading.Thread(target=self._ask, args=(question,), name="question", daemon=True).start()
        return False

    def _ask(self, question: str) -> None:
        self._window.evaluate_js(asking(question), self._answered)

    def _answered(self, close: object) -> None:
        self._asked = False
        if close is True:
            self.close()

    def _loaded(self) -> None:
        """Another page is there: a question of the last one is gone with it."""
        self._asked = False

    def _fold(self) -> None:
        self._folded = True

    def _unfold(self) -> None:
        self._folded = False
