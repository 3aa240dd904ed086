"""A bounded queue in front of something that few may use at once: first come, first served."""

from __future__ import annotations

import threading
from collections import deque
from typing import Self


class BusyError(RuntimeError):
    """The queue is full; the message says so to a student."""


class FairQueue:
    """Hands out turns.

    Args:
        at_once: turns that may run at the same time.
        waiting: callers that may wait; a further one is refused.
    """

    def __init__(self, at_once: int = 1, waiting: int = 100) -> None:
        self._at_once, self._waiting = at_once, waiting
        self._lock = threading.Lock()
        self._running: set[Turn] = set()
        self._queue: deque[Turn] = deque()

    def take(self) -> Turn:
        """A place in the queue, to be used in a `with` block, which gives it back.

        Raises:
            BusyError: too many wait already.
        """
        turn = Turn(self)
        with self._lock:
            if len(self._running) < self._at_once:
                self._start(turn)
            elif len(self._queue) < self._waiting:
                self._queue.append(turn)
            else:
                raise BusyError(
                    f"{len(self._queue)} photos wait to be analysed already. Try again in a minute."
                )
        return turn

    def _start(self, turn: Turn) -> None:
        self._running.add(turn)
        turn._started.set()

    def _ahead(self, turn: Turn) -> int:
        with self._lock:
            if turn not in self._queue:
                return 0
            return len(self._running) + self._queue.index(turn)

    def _give_back(self, turn: Turn) -> None:
        with self._lock:
            if turn in self._running:
                self._running.remove(turn)
            elif turn in self._queue:
                self._queue.remove(turn)
            while self._queue and len(self._running) < self._at_once:
                self._start(self._queue.popleft())


class Turn:
    """One caller's place; see `FairQueue.take`."""

    def __init__(self, turns: FairQueue) -> None:
        self._turns = turns
        self._started = threading.Event()

    @property
    def ahead(self) -> int:
        """How many come before; 0 once it is this one's turn."""
        return self._turns._ahead(self)

    def wait(self, seconds: float) -> bool:
        """Wait for the turn; false if it has not come in that time."""
        return self._started.wait(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._turns._give_back(self)
