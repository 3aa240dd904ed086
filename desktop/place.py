"""The folder that a window keeps, and how a second start finds the first.

    <window>/lock           held by the process that has the window, while it lives
    <window>/window.json    of the last one: its port, and which installation it is
    <window>/show           made by a second start; the first brings its window up and removes it
    <window>/server.log     what the app printed
    <window>/browser/       the profile of Chrome or of the web view: cookies, the theme chosen

A lock is held by a living process or by nobody, so one of a crash is in nobody's way.
"""

import json
import sys
import time
from pathlib import Path

from core.errors import UserError
from core.settings import REPOSITORY
from core.system import ownership
from core.system.json_files import is_number, read_object
from core.system.storage import WINDOW

ANSWER_SECONDS = 15.0
"""So long a second start waits for the first to bring its window up."""


class PlaceError(UserError):
    """The folder cannot be used, or another window holds it; the message says what to do."""


class Place:
    """Such a folder, made if it is not there.

    Raises:
        PlaceError: it holds something else, or cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        try:
            ownership.claim(folder, WINDOW)
        except ownership.ForeignFolderError as error:
            raise PlaceError(f"{error} LESIONLAB_WINDOW names it.") from error
        except OSError as error:
            raise PlaceError(
                f"{folder} cannot be written ({error.strerror or error}). Set LESIONLAB_WINDOW to "
                "a folder that can."
            ) from error
        self.lock = folder / "lock"
        self.log = folder / "server.log"
        self.profile = folder / "browser"
        self._record = folder / "window.json"
        self._show = folder / "show"

    @property
    def port(self) -> int:
        """That of the last server, which the next one takes again if it can: a browser keeps what
        it was told, such as the theme, for one port. 0 if there was none."""
        port = self._read().get("port")
        return int(port) if is_number(port) and 1024 <= port < 65_536 else 0

    def begin(self, port: int) -> None:
        """Note who has the window now, and forget what was asked of an earlier one. Raises
        OSError."""
        self._show.unlink(missing_ok=True)
        content = json.dumps({"port": port, "installation": str(REPOSITORY)})
        ownership.write(self._record, content.encode())

    def asked_to_show(self) -> bool:
        """Whether a second start asks for the window, since this was asked last."""
        try:
            self._show.unlink()
        except OSError:
            return False
        return True

    def ask_to_show(self) -> None:
        """Have the window brought up that another process has.

        Raises:
            PlaceError: it is another installation's, or does not answer.
        """
        installation = self._read().get("installation", str(REPOSITORY))
        if installation != str(REPOSITORY):
            raise PlaceError(
                f"LesionLab is open already, from another folder: {installation}. Close that "
                "window first, or set LESIONLAB_WINDOW to another folder."
            )
        if sys.platform == "win32":
            from desktop.front import let_others

            let_others()
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            self._show.touch()
            while self._show.exists():
                if time.monotonic() >= deadline:
                    raise PlaceError(
                        "LesionLab is open already, but its window does not answer. Close it, or "
                        "end its process, and start LesionLab again."
                    )
                time.sleep(0.05)
        except OSError as error:
            raise PlaceError(f"The window cannot be brought up ({error}).") from error

    def _read(self) -> dict[str, object]:
        try:
            return read_object(self._record)
        except (OSError, ValueError):
            return {}
