"""A bounded queue in front of something that few may use at once: first come, first served."""

from __future__ import annotations

import threading
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
        self.at_once, self.waiting = at_once, waiting
        self.turns: list[Turn] = []  # in the order they came; the first `at_once` run
        self.moved = threading.Condition()

    def take(self) -> Turn:
        """A place in the queue, to be used in a `with` block, which gives it back.

        Raises:
            BusyError: too many wait already.
        """
        with self.moved:
            waiting = len(self.turns) - self.at_once
            if waiting >= self.waiting:
                raise BusyError(
                    f"{waiting} photos wait to be analysed already. Try again in a minute."
                )
            turn = Turn(self)
            self.turns.append(turn)
        return turn


class Turn:
    """One caller's place; see `FairQueue.take`."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue

    @property
    def ahead(self) -> int:
        """How many come before; 0 once it is this one's turn."""
        with self._queue.moved:
            place = self._queue.turns.index(self) if self in self._queue.turns else 0
        return place if place >= self._queue.at_once else 0

    def wait(self, seconds: float) -> bool:
        """Wait for the turn; false if it has not come in that time."""
        with self._queue.moved:
            running = self._queue.turns
            return self._queue.moved.wait_for(
                lambda: self in running[: self._queue.at_once], seconds
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._queue.moved:
            if self in self._queue.turns:
                self._queue.turns.remove(self)
            self._queue.moved.notify_all()
