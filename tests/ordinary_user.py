"""What an ordinary user may not do, also where the tests run as root, who may do everything."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


def for_an_ordinary_user(holds: Callable[[], bool]) -> bool:
    """Whether that holds for somebody who is not root: asked in a fork that gives up root's rights.
    What it imports has to be imported before."""
    if os.geteuid() != 0:
        return holds()
    child = os.fork()
    if child == 0:
        status = 2
        try:
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            status = 0 if holds() else 1
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@contextmanager
def readable_folder() -> Iterator[Path]:
    """A folder that everybody may look into, as those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
