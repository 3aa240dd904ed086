"""Processes that go on without the one that started them."""

import subprocess
import sys
from typing import Any


def apart() -> dict[str, Any]:
    """Options of `subprocess.Popen` for a process that outlives this one and its terminal: a
    session of its own, on Windows a console of its own that nobody sees."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
