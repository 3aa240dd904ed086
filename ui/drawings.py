"""Figures and pictures that were made of something lately, such as an analysis."""

import threading
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast

import pandas as pd
import plotly.graph_objects as go
from cachetools import LRUCache

DRAWN_BYTES = 16 * 1024**2
"""What drawings may take; those not shown for longest go first."""
FIGURE_BYTES = 100_000
"""What a Plotly figure takes beside its data, about."""

T = TypeVar("T")


class _Entry(NamedTuple):
    owners: tuple[weakref.ref[Any], ...]
    value: Any
    nbytes: int


class Drawings:
    """Drawings by what they were made of, one for all sessions. What they were made of is not kept
    alive: whoever remembers it decides how long, and its drawings go with it.

    Args:
        most_bytes: what all drawings may take.
    """

    def __init__(self, most_bytes: int = DRAWN_BYTES) -> None:
        self._made: LRUCache[Hashable, _Entry] = LRUCache(most_bytes, lambda e: e.nbytes)
        self._lock = threading.Lock()
        self._orphaned: deque[Hashable] = deque()

    def of(self, owners: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """A drawing of some objects, made if it is not known.

        Args:
            owners: what it is made of, compared by identity.
            key: which drawing of them.
        """
        place = (*map(id, owners), key)
        with self._lock:
            found = self._made.get(place)
        # An id is given again once its object is gone: the references tell.
        if found and all(r() is o for r, o in zip(found.owners, owners, strict=True)):
            return cast(T, found.value)
        value = make()
        gone = partial(self._orphan, place)
        entry = _Entry(tuple(weakref.ref(o, gone) for o in owners), value, _nbytes(value))
        with self._lock:
            if entry.nbytes <= self._made.maxsize:
                self._made[place] = entry
        self._tidy()
        return value

    def _orphan(self, place: Hashable, _: object) -> None:
        """What a drawing was made of is gone. This may come at any moment, also while this very
        thread holds the lock: then the drawing goes with the next one that is made."""
        self._orphaned.append(place)
        self._tidy()

    def _tidy(self) -> None:
        if self._lock.acquire(blocking=False):
            try:
                while self._orphaned:
                    self._made.pop(self._orphaned.popleft(), None)
            finally:
                self._lock.release()

    @property
    def nbytes(self) -> int:
        """What they take now."""
        with self._lock:
            return int(self._made.currsize)


drawings = Drawings()


def _nbytes(value: object) -> int:
    if isinstance(value, tuple):
        return sum(map(_nbytes, value))
    if isinstance(value, go.Figure):
        return FIGURE_BYTES + len(value.to_json())
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(index=True).sum())
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(value, float):
        return 8
    raise TypeError(f"It is not known how large {type(value).__name__} is.")
