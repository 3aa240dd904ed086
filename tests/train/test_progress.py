"""What a training tells of how far it is."""

from __future__ import annotations

import pytest

from train import progress
from train.progress import Meter, Progress, Stopped, Watch


class Kept(Watch):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Progress] = []
        self.stop = False

    def progress(self, progress: Progress) -> None:
        self.told.append(progress)

    def stop_wanted(self) -> bool:
        return self.stop


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds, as its one entry."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_speed_and_time_left_are_of_the_source_at_hand(clock: list[float]) -> None:
    watch = Kept()
    tick = Meter(watch, 0, 5, "Stopped.")
    clock[0] += 10
    tick(100, 100)
    clock[0] += 0.5
    tick(1, 40)  # another source
    clock[0] += 2
    tick(20, 40)
    first, second = watch.told
    assert (first.images_per_second, first.seconds_left) == (10, 0)
    assert (second.step, second.steps) == (20, 40)
    assert (second.images_per_second, second.seconds_left) == (10, 2)


def test_it_tells_once_a_second_and_stops_when_that_is_wanted(clock: list[float]) -> None:
    watch = Kept()
    tick = Meter(watch, 0, 5, "Stopped.")
    for done in range(10):
        clock[0] += 0.3
        tick(done, 20)
    assert len(watch.told) == 2
    watch.stop = True
    with pytest.raises(Stopped, match=r"^Stopped\.$"):
        tick(10, 20)
