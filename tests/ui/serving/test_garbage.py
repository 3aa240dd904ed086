"""What runs of pages leave behind is cleared up, a few seconds later and for all at once."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import streamlit as st
from streamlit.runtime import Runtime
from streamlit.runtime.memory_session_storage import MemorySessionStorage
from streamlit.runtime.websocket_session_manager import WebsocketSessionManager

from tests.waiting import wait_for
from ui.serving import garbage


class Ring:
    """Refers to itself, so counting references never frees it."""

    def __init__(self) -> None:
        self.ring = self


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "SECONDS", 0.2)


@pytest.mark.usefixtures("soon")
def test_what_a_run_leaves_behind_goes_by_itself() -> None:
    gc.disable()
    try:
        left = weakref.ref(Ring())
        assert left() is not None
        garbage.collect_later()
        wait_for(lambda: left() is None)
    finally:
        gc.enable()


@pytest.mark.usefixtures("soon")
def test_what_outlived_a_collection_goes_with_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "WHOLE_SECONDS", 0.5)
    kept = Ring()
    left, young = weakref.ref(kept), weakref.ref(Ring())
    garbage.collect_later()
    wait_for(lambda: young() is None)
    del kept  # and nobody clicks any more
    wait_for(lambda: left() is None)


@pytest.mark.usefixtures("soon")
def test_a_visitor_who_left_goes_when_nobody_else_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hasattr(Runtime, "_get_async_objs")
    storage = MemorySessionStorage(ttl_seconds=1)
    manager = WebsocketSessionManager(storage, Mock(), Mock(), Mock())
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runtime = SimpleNamespace(
        _session_mgr=manager, _get_async_objs=lambda: SimpleNamespace(eventloop=loop)
    )
    monkeypatch.setattr(garbage, "exists", lambda: True)
    monkeypatch.setattr(garbage, "get_instance", lambda: runtime)
    monkeypatch.setattr(garbage, "WHOLE_SECONDS", 0.5)
    visitor = Ring()
    left = weakref.ref(visitor)
    storage.save(SimpleNamespace(session=SimpleNamespace(id="1"), visitor=visitor))
    del visitor
    garbage.collect_later()
    wait_for(lambda: left() is None)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


@pytest.mark.usefixtures("soon")
def test_many_runs_share_one_collection(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    monkeypatch.setattr(garbage.gc, "collect", lambda: done.append(len(runs)))
    runs: list[int] = []
    for number in range(1000):
        garbage.collect_later()
        runs.append(number)
    wait_for(lambda: 1000 in done)
    assert len(done) < 10


def test_streamlit_itself_collects_nothing() -> None:
    assert st.get_option("runner.postScriptGC") is False


def test_a_runtime_without_sessions_does_not_end_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(garbage, "exists", lambda: True)
    monkeypatch.setattr(garbage, "get_instance", object)
    garbage._forget_who_left()
