"""A few visitors of every kind at work for some seconds, and what is called wrong."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from benchmarks.crowd import Batch, Memory, beside, mixed_up, report
from benchmarks.visitors import (
    CHART,
    PHOTO,
    QUIZ,
    SECTION,
    TROUBLE,
    Found,
    Seen,
    Visitors,
    shared_out,
)
from desktop.server import running_app

PAUSE = 0.1, 0.2


def test_every_kind_comes_and_most_upload() -> None:
    for count in (6, 60):
        kinds = shared_out(count)
        assert sum(kinds.values()) == count
        assert set(kinds) == {*TROUBLE, Visitors.learner, Visitors.reader, Visitors.uploader}
    assert kinds[Visitors.uploader] == max(kinds.values())


def test_memory_that_stays_is_noticed() -> None:
    assert not Memory(1000, 1500, 1099).grown
    assert Memory(1000, 1500, 1101).grown


def test_report_tells_single_photos_from_the_batch() -> None:
    crowd, single = Found(), Found()
    crowd.times[PHOTO] = [1.0] * 19 + [3.0]
    single.times[PHOTO] = [2.0]
    text = report(60, 10, crowd, single, Batch(50.0, dict.fromkeys(range(100), "nv")))
    assert "| Photo answered | 20 | 1.00 | 1.10 | 3.00 |" in text
    assert "| Photo answered beside the batch | 1 | 2.00 | 2.00 | 2.00 |" in text
    assert "60 visitors for 10 s: 2.0 clicks a second" in text
    assert "100 photos in 50 s, 2.0 a second" in text


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Found, Found, Batch, str]:
    """Seven visitors, then a batch of three photos with two visitors beside it."""
    folder = tmp_path_factory.mktemp("crowd")
    names = ("data", "runs", "learning")
    settings = {f"LESIONLAB_{name.upper()}": str(folder / name) for name in names}
    numbers = itertools.count()
    with running_app(folder / "log", settings) as (url, _):

        async def both() -> tuple[Found, Found, Batch]:
            first = Visitors(url, numbers, 10.0, PAUSE)
            await first.come(shared_out(7))
            single = Visitors(url, numbers, 10.0, PAUSE)
            batch = list(itertools.islice(numbers, 3))
            made = await beside(url, batch, single, 2)
            return first.found, single.found, made

        found = asyncio.run(both())
    return *found, (folder / "log").read_text(errors="replace")


def test_a_small_crowd_sees_its_own_answers(crowd: tuple[Found, Found, Batch, str]) -> None:
    found, single, made, log = crowd
    assert not found.errors
    assert not single.errors
    assert "Traceback" not in log
    assert found.times[PHOTO]
    assert found.times[CHART]
    assert set(found.times) <= {PHOTO, SECTION, CHART, QUIZ}
    assert len(single.times[PHOTO]) == 6
    assert len(made.named) == 3
    assert mixed_up([*found.seen, *single.seen], made) == []


def test_answers_of_others_are_noticed(crowd: tuple[Found, Found, Batch, str]) -> None:
    found, single, made, _ = crowd
    first, *_, second = [seen for seen in single.seen if seen.answer]
    swapped = Seen(first.number, second.answer, second.picture)
    unasked = Seen(second.number, None, b"")
    other = next(key for key in ("mel", "bcc") if key not in made.named.values())
    misnamed = Batch(1.0, {next(iter(made.named)): other})
    wrong = mixed_up([swapped, unasked, *found.seen[:1]], misnamed)
    assert [line.split(":")[0] for line in wrong] == [
        f"photo-{first.number}.jpg", f"photo-{second.number}.jpg",
        f"{next(iter(made.named))} of the batch",
    ]  # fmt: skip
