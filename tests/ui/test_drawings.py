"""Drawings are found again, bounded, and keep nothing alive."""

from __future__ import annotations

import gc
import threading
import weakref

import plotly.graph_objects as go
import pytest

from ui.drawings import FIGURE_BYTES, Drawings


class Thing:
    """Something to draw."""


def test_made_once_for_each_key_and_owner() -> None:
    drawings, made = Drawings(), []

    def make() -> bytes:
        made.append(1)
        return b"x" * len(made)

    one, other = Thing(), Thing()
    assert drawings.of((one,), "a", make) == drawings.of((one,), "a", make) == b"x"
    assert drawings.of((one,), "b", make) == b"xx"
    assert drawings.of((other,), "a", make) == b"xxx"
    assert drawings.of((one, other), "a", make) == b"xxxx"
    assert drawings.of((other, one), "a", make) == b"xxxxx"


def test_what_was_drawn_is_not_kept_alive_and_its_id_may_come_again() -> None:
    drawings = Drawings()
    thing = Thing()
    drawings.of((thing,), "a", lambda: b"old")
    gone = weakref.ref(thing)
    del thing
    gc.collect()
    assert gone() is None
    for _ in range(100):  # one of these mostly has the address of the first
        assert drawings.of((Thing(),), "a", lambda: b"new") == b"new"


def test_drawings_go_with_what_was_drawn() -> None:
    drawings = Drawings()
    one, other = Thing(), Thing()
    drawings.of((one,), "a", lambda: bytes(1000))
    drawings.of((one, other), "a", lambda: bytes(100))
    drawings.of((other,), "a", lambda: bytes(10))
    del one
    gc.collect()
    assert drawings.nbytes == 10


def test_memory_is_bounded() -> None:
    drawings = Drawings(10_000)
    things = [Thing() for _ in range(50)]
    for thing in things:
        assert drawings.of((thing,), "a", lambda: bytes(1000)) == bytes(1000)
    assert drawings.nbytes == 10_000
    assert len(drawings.of((things[0],), "large", lambda: bytes(20_000))) == 20_000
    assert drawings.nbytes <= 10_000


def test_figures_count_with_their_data() -> None:
    drawings, thing = Drawings(), Thing()
    drawings.of((thing,), "a", lambda: go.Figure(go.Scatter(x=list(range(100_000)))))
    assert drawings.nbytes > FIGURE_BYTES + 500_000
    with pytest.raises(TypeError):
        drawings.of((thing,), "b", lambda: object())


def test_many_threads_at_once() -> None:
    drawings, things, problems = Drawings(5_000), [Thing() for _ in range(30)], []

    def work() -> None:
        try:
            for n in range(2000):
                thing = things[n % 30]
                assert drawings.of((thing,), n % 7, lambda n=n: bytes(100 + n % 7))
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert drawings.nbytes <= 5_000


def test_figures_of_an_analysis_do_not_keep_it(monkeypatch) -> None:
    """Of no chart and picture: memory is what `REMEMBERED_BYTES` says, and no more."""
    from ui import figures
    from ui.sections import charts

    class Views:
        """Stands for an analysis: what is drawn of it is not looked at here."""

    figure, drawings = go.Figure(), Drawings()
    drawn = ((figures, "spread_bars"), (charts, "colour_bars"))
    for module, name in drawn:
        monkeypatch.setattr(module, f"_{name}", lambda *_: figure)
        monkeypatch.setattr(module, "drawings", drawings)
        thing = Views()
        assert getattr(module, name)(thing) is figure
        assert drawings.nbytes > 0, name
        gone = weakref.ref(thing)
        del thing
        gc.collect()
        assert gone() is None, name
        assert drawings.nbytes == 0, name
