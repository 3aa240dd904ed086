"""Chrome, told what to do through a pipe that no other program can reach.

The DevTools protocol (https://chromedevtools.github.io/devtools-protocol/), with the option
`--remote-debugging-pipe`: messages of JSON, each with a zero byte behind it; Chrome reads them from
file 3 and writes to file 4. It ends by itself when this process, and so the pipe, is gone.
"""

import fcntl
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

ANSWER_SECONDS = 5.0
_FIRST_FREE = 10
"""Numbers of our ends of the pipes are from here on: 3 and 4 are for Chrome's."""
_TRAMPOLINE = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); "
    "os.execv(sys.argv[3], sys.argv[3:])"
)


class DevToolsError(Exception):
    """Chrome does not answer, or has no pipe (an administrator may forbid it)."""


class DevTools:
    """A Chrome with a pipe to it.

    Args:
        command: its program and options.

    Attributes:
        process: the program that was started.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        its_in, self._to = _pipe()
        self._from, its_out = _pipe()
        words = [str(its_in), str(its_out), *command]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-c", _TRAMPOLINE, *words],
                pass_fds=(its_in, its_out),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            os.close(self._to)
            os.close(self._from)
            raise
        finally:
            os.close(its_in)
            os.close(its_out)
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._turn = threading.Lock()
        self._count = 0
        threading.Thread(target=self._read, name="devtools", daemon=True).start()

    def pages(self) -> list[str]:
        """Ids of the open pages. Raises DevToolsError."""
        found = self._ask("Target.getTargets")["targetInfos"]
        return [target["targetId"] for target in found if target["type"] == "page"]

    def show(self) -> None:
        """Bring the first page's window to the front, unfolded. Raises DevToolsError."""
        for page in self.pages()[:1]:
            window = self._ask("Browser.getWindowForTarget", targetId=page)
            if window["bounds"].get("windowState") == "minimized":
                bounds = {"windowState": "normal"}
                self._ask("Browser.setWindowBounds", windowId=window["windowId"], bounds=bounds)
            self._ask("Target.activateTarget", targetId=page)

    def close(self) -> None:
        """Have Chrome close as its menu does. Raises DevToolsError."""
        self._ask("Browser.close")

    def _ask(self, method: str, **given: Any) -> dict[str, Any]:
        with self._turn:
            self._count += 1
            asked = {"id": self._count, "method": method, "params": given}
            try:
                os.write(self._to, json.dumps(asked).encode() + b"\0")
                answer: dict[str, Any] = {}
                while answer.get("id") != asked["id"]:
                    answer = self._answers.get(timeout=ANSWER_SECONDS)
            except (OSError, queue.Empty) as error:
                raise DevToolsError(f"{method}: no answer") from error
        if "result" not in answer:
            raise DevToolsError(f"{method}: {answer.get('error')}")
        return dict(answer["result"])

    def _read(self) -> None:
        """Keep the answers, not the news, until Chrome closes its end."""
        rest = b""
        with suppress(OSError):
            while chunk := os.read(self._from, 65_536):
                *whole, rest = (rest + chunk).split(b"\0")
                for message in whole:
                    with suppress(ValueError):
                        found = json.loads(message)
                        if "id" in found:
                            self._answers.put(found)
        with self._turn:
            os.close(self._from)
            os.close(self._to)
            self._to = -1


def _pipe() -> tuple[int, int]:
    """To read from and to write to, with numbers that are out of Chrome's way."""
    ends = os.pipe()
    moved = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for end in ends]
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
