from __future__ import annotations

import subprocess
import sys

import pytest

from core.settings import REPOSITORY
from train.jobs.states import Outcome, State, derive


@pytest.mark.parametrize(
    ("living", "waits", "outcome", "stop_asked", "state"),
    [
        (False, True, None, False, "queued"),
        (True, True, None, False, "running"),  # it has just begun
        (True, False, None, False, "running"),
        (True, False, None, True, "stopping"),
        (True, False, "finished", False, "running"),  # said, but not gone yet
        (False, False, "finished", False, "finished"),
        (False, False, "failed", False, "failed"),
        (False, False, "stopped", True, "stopped"),
        (False, False, "finished", True, "finished"),  # it was quicker than the wish
        (False, False, None, False, "interrupted"),
        (False, False, None, True, "stopped"),  # ended by force, as a person wanted
        (False, True, "failed", False, "queued"),  # resumed
    ],
)
def test_state(
    living: bool, waits: bool, outcome: Outcome | None, stop_asked: bool, state: State
) -> None:
    assert derive(living, waits, outcome, stop_asked) == state


def test_pages_may_import_all_of_it() -> None:
    code = (
        "import sys, train.jobs, train.jobs.cli, train.jobs.__main__;"
        "print([m for m in ('torch', 'streamlit', 'pandas', 'cv2') if m in sys.modules])"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], cwd=REPOSITORY, text=True)
    assert printed.strip() == "[]"
