"""A cache whose entries go when nobody asks for them."""

from __future__ import annotations

import weakref

import pytest

from core.system.idle_cache import IdleCache
from tests.waiting import wait_for


class Value:
    """Can be watched until it is gone."""


def cache(most: float = 10, seconds: float = 60, late: float = 60) -> IdleCache[str, object]:
    return IdleCache(most, seconds, late, lambda _: 1)


def test_values_are_found_by_their_keys_until_they_are_forgotten() -> None:
    kept = cache()
    for key in ("a1", "a2", "b"):
        kept.put(key, key.upper())
    kept.forget(lambda key: key.startswith("a"))
    assert [kept.get(key) for key in ("a1", "a2", "b")] == [None, None, "B"]
    assert (len(kept), kept.size) == (1, 1)


def test_those_not_asked_for_longest_make_room() -> None:
    kept = cache(most=2)
    kept.put("a", 1)
    kept.put("b", 2)
    kept.get("a")
    kept.put("c", 3)
    assert [kept.get(key) for key in "abc"] == [1, None, 3]


def test_what_is_too_large_is_not_kept() -> None:
    kept = cache(most=0.5)
    kept.put("a", 1)
    assert kept.get("a") is None


@pytest.mark.parametrize("more", [0, 2])
def test_a_value_goes_when_its_time_is_over_though_nobody_asks_for_another(more: int) -> None:
    kept = cache(seconds=0.05, late=0.01)
    value = Value()
    gone = weakref.ref(value)
    kept.put("a", value)
    for number in range(more):
        kept.put(str(number), number)
    del value
    wait_for(lambda: gone() is None and len(kept) == 0)
