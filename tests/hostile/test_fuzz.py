"""A few damaged inputs for every reader, the same each time; `python -m tests.hostile.fuzz` gives
them thousands."""

from __future__ import annotations

import pytest

from tests.hostile.fuzz import fuzz, main, targets


@pytest.mark.parametrize("name", sorted(targets()))
def test_every_reader_is_right_or_says_why_not(name: str) -> None:
    assert fuzz(name, examples=8, seed=1) >= 8


def test_a_fault_is_found(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def check(data: bytes, _: object) -> None:
        assert b"\0" not in data

    strategy, _ = targets()["labels"]
    monkeypatch.setitem(targets(), "labels", (strategy, check))
    assert main(["--only", "labels", "--examples", "200"]) == 1
    assert "1 faults" in capsys.readouterr().out
