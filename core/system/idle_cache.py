"""A cache of bounded size whose entries also go when nobody has asked for them for a while, so that
a server's memory comes back after a class has left."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from cachetools import TTLCache

K = TypeVar("K")
V = TypeVar("V")


class IdleCache(Generic[K, V]):
    """Safe to use from several threads.

    Args:
        most: what all values may take together; those not asked for longest go first.
        seconds: how long one stays after it was last asked for, …
        late: … and by how much later it may go.
        size: of a value, in the unit of `most`.
    """

    def __init__(
        self,
        most: float,
        seconds: float,
        late: float,
        size: Callable[[V], float],
    ) -> None:
        self._kept: TTLCache[K, V] = TTLCache(most, seconds, getsizeof=size)
        self._late = late
        self._lock = threading.Lock()
        self._expiring: threading.Timer | None = None

    def put(self, key: K, value: V) -> None:
        """Keep a value, unless it alone is larger than all may be."""
        with self._lock:
            if self._kept.getsizeof(value) <= self._kept.maxsize:
                self._kept[key] = value
                self._expire_later()

    def get(self, key: K) -> V | None:
        """The value of that key, which then stays for as long as a new one; None: gone."""
        with self._lock:
            found = self._kept.pop(key, None)
            if found is not None:
                self._kept[key] = found
        return found

    def pop(self, key: K) -> None:
        """Let go of the value of that key, if it is still there."""
        with self._lock:
            self._kept.pop(key, None)

    def forget(self, which: Callable[[K], bool]) -> None:
        """Let go of the values of such keys."""
        with self._lock:
            for key in [k for k in self._kept if which(k)]:
                self._kept.pop(key, None)

    def __len__(self) -> int:
        """How many there are."""
        with self._lock:
            return len(self._kept)

    @property
    def size(self) -> float:
        """What they take now."""
        with self._lock:
            return float(self._kept.currsize)

    def _expire_later(self) -> None:
        """The cache alone would let go of a value only when somebody asks for another one."""
        if self._expiring is None and self._kept:
            self._expiring = threading.Timer(self._late, self._expire)
            self._expiring.daemon = True
            self._expiring.start()

    def _expire(self) -> None:
        with self._lock:
            self._kept.expire()
            self._expiring = None
            self._expire_later()
