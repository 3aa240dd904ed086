"""The queue before the models: fair, bounded, and never stuck."""

import threading
import time

import pytest

from core.system.fair_queue import BusyError, FairQueue
from tests.waiting import PATIENCE


def test_first_come_first_served() -> None:
    turns = FairQueue()
    first, second, third = (turns.take() for _ in range(3))
    assert [t.ahead for t in (first, second, third)] == [0, 1, 2]
    assert first.wait(0)
    assert not second.wait(0.01)
    with first:
        pass
    assert second.wait(0)
    assert [t.ahead for t in (second, third)] == [0, 1]
    with second:
        pass
    assert third.wait(0)


def test_several_at_once() -> None:
    turns = FairQueue(at_once=2)
    taken = [turns.take() for _ in range(3)]
    assert [t.wait(0) for t in taken] == [True, True, False]
    assert taken[2].ahead == 2


def test_who_leaves_or_fails_gives_the_place_back() -> None:
    turns = FairQueue()
    first, second, third = (turns.take() for _ in range(3))
    with second:  # leaves without ever having had the turn
        pass
    assert third.ahead == 1
    with pytest.raises(ZeroDivisionError), first:
        raise ZeroDivisionError
    assert third.wait(0)
    assert not first.wait(0), "its turn is over"
    with first:  # leaves once more
        pass
    assert third.wait(0)


def test_a_full_queue_refuses_in_words() -> None:
    turns = FairQueue(at_once=1, waiting=2)
    taken = [turns.take() for _ in range(3)]
    with pytest.raises(BusyError, match=r"^2 photos wait .* Try again in a minute\.$"):
        turns.take()
    with taken[0]:
        pass
    turns.take()


def test_many_threads_never_more_at_once_than_allowed() -> None:
    turns, running, most, served = FairQueue(at_once=2), [], [], []

    def person() -> None:
        for _ in range(20):
            with turns.take() as turn:
                assert turn.wait(PATIENCE)
                running.append(1)
                most.append(len(running))
                time.sleep(0.0005)
                running.pop()
                served.append(1)

    people = [threading.Thread(target=person) for _ in range(12)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(PATIENCE)
    assert len(served) == 240
    assert max(most) == 2
    assert turns.take().wait(0), "the queue is empty again"
