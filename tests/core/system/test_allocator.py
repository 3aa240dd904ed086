"""How the memory allocator serves."""

from __future__ import annotations

import sys

import pytest

from core.system import allocator


def test_freed_memory_is_kept_only_where_glibc_is(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, name: int, value: int) -> int:
            calls.append((name, value))
            return 1

    for platform, library in (("darwin", Library()), ("linux", object())):
        monkeypatch.setattr(sys, "platform", platform)
        monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _, library=library: library)
        allocator.keep_freed_memory()
    assert not calls
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: Library())
    allocator.keep_freed_memory()
    assert len(calls) == 3
