"""Work killed at a few of its steps; `python -m tests.hostile.kill` does it 200 times."""

from __future__ import annotations

import os

import pytest

from tests.hostile.kill import JOBS, killed, once

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="it forks")


@pytest.mark.parametrize("name", JOBS)
def test_nothing_is_lost_and_it_can_be_done_again(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", "")
    assert once(JOBS[name], 2)
    once(JOBS[name], 5)
    once(JOBS[name], 11)


def test_a_half_file_is_noticed(tmp_path) -> None:
    """What the others rely on: the process really ends at its step."""
    path = tmp_path / "half"

    def work() -> None:
        path.write_text("one")
        path.write_text("two")

    assert killed(work, 2)
    assert path.read_text() == "one"
    assert not killed(work, 3)
