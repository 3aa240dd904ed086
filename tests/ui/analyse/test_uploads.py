"""Visitors' photos in memory."""

from __future__ import annotations

import weakref

import pytest

from tests.waiting import wait_for
from ui.analyse import uploads
from ui.analyse.uploads import Upload, Uploads


def photo(size: int = 10, name: str = "a.jpg") -> Upload:
    return Upload("upload", name, bytes(size), "")


def test_a_photo_is_found_by_its_key_alone_until_it_is_forgotten() -> None:
    kept = Uploads()
    key, other = kept.keep(photo(name="a.jpg")), kept.keep(photo(name="b.jpg"))
    assert len(key) >= 32
    assert key != other
    found = kept.get(key)
    assert found is not None
    assert found.name == "a.jpg"
    assert kept.get(key[:-1]) is None
    kept.forget(key)
    kept.forget(key)
    assert kept.get(key) is None
    assert kept.get(other) is not None


def test_room_and_time_are_bounded_and_the_oldest_goes_first() -> None:
    kept = Uploads(most_bytes=10_000)
    keys = [kept.keep(photo(3000)) for _ in range(2)]
    assert kept.get(keys[0]) is not None  # looked at again: now the newest
    keys.append(kept.keep(photo(3000)))
    assert [kept.get(key) is not None for key in keys] == [True, False, True]
    assert kept.nbytes <= 10_000
    assert kept.get(kept.keep(photo(20_000))) is None
    assert Uploads(seconds=0).get("") is None
    gone = Uploads(seconds=0)
    assert gone.get(gone.keep(photo())) is None


def test_a_photo_goes_when_its_time_is_over_though_nobody_asks_for_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(uploads, "LATE_SECONDS", 0.01)
    kept = Uploads(seconds=0)
    mine = photo()
    gone = weakref.ref(mine)
    kept.keep(mine)
    del mine
    wait_for(lambda: gone() is None)
