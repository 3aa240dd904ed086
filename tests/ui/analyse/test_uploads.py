"""Visitors' photos in memory."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import pytest

from core.system.idle_cache import IdleCache
from tests.waiting import wait_for
from ui.analyse import uploads
from ui.analyse.uploads import Upload, store


def photo(size: int = 10) -> Upload:
    return Upload("upload", "a.jpg", bytes(size), "")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[IdleCache[str, Upload]]:
    """A store of 10 kB, made anew."""
    monkeypatch.setattr(uploads, "KEPT_BYTES", 10_000)
    store.clear()
    yield store()
    store.clear()


def test_room_is_bounded_and_the_oldest_goes_first(kept: IdleCache[str, Upload]) -> None:
    kept.put("a", photo(3000))
    kept.put("b", photo(3000))
    assert kept.get("a") is not None  # looked at again: now the newest
    kept.put("c", photo(3000))
    assert [kept.get(key) is not None for key in "abc"] == [True, False, True]
    assert kept.size <= 10_000
    kept.put("large", photo(20_000))
    assert kept.get("large") is None


def test_photos_get_keys_that_nobody_guesses(kept: IdleCache[str, Upload]) -> None:
    session = uploads.st.session_state
    keys = []
    for size in (10, 20):
        uploads.keep(photo(size))
        keys.append(session["upload_key"])
    assert [len(key) >= 32 for key in keys] == [True, True]
    assert keys[0] != keys[1]
    assert kept.get(keys[0]) is None, "the one before is gone"
    assert kept.get(keys[1][:-1]) is None
    assert kept.get(keys[1]) == photo(20)


def test_a_photo_goes_when_its_time_is_over_though_nobody_asks_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "KEPT_SECONDS", 0)
    monkeypatch.setattr(uploads, "LATE_SECONDS", 0.01)
    store.clear()
    mine = photo()
    gone = weakref.ref(mine)
    store().put("a", mine)
    del mine
    wait_for(lambda: gone() is None)
    assert store().get("a") is None
    store.clear()
