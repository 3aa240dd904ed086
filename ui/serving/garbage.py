"""Garbage is collected beside the pages, not after each run of one.

Streamlit's way (`runner.postScriptGC`) looks through everything that lives after every click of
every visitor, and no other page moves meanwhile: with thirty visitors that took half as long as
both networks. What most runs leave behind goes by itself, by counting references; for the rest,
what was made lately is looked through every few seconds, and everything once a minute, also when
nobody clicks. So is what belonged to visitors who left: Streamlit keeps it for two minutes, but
looks at the clock only when the next one leaves.
"""

from __future__ import annotations

import gc
import threading
import time
from contextlib import suppress
from functools import cache

from streamlit.runtime import exists, get_instance
from streamlit.runtime.memory_session_storage import MemorySessionStorage

from core.system.allocator import give_back_now

SECONDS = 5.0
"""From a run of a page to the collection that clears up behind it and all others until then."""
MADE = 10_000
"""Objects that may be made before Python's own collector looks at the youngest, in place of 700:
so it takes a third of the time."""
WHOLE_SECONDS = 60.0
"""From one look through everything to the next; what was found alive in between is left alone
until then. With thirty visitors such a look takes half a second."""
_ran = threading.Event()


def collect_later() -> None:
    """A page is run: collect within `SECONDS`."""
    _collector()
    _ran.set()


@cache
def _collector() -> threading.Thread:
    gc.set_threshold(MADE, *gc.get_threshold()[1:])
    thread = threading.Thread(target=_collect, name="garbage", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    whole = time.monotonic()
    while True:
        if _ran.wait(WHOLE_SECONDS):
            time.sleep(SECONDS)
            _ran.clear()
        entire = time.monotonic() - whole >= WHOLE_SECONDS
        if entire:
            whole = time.monotonic()
            _forget_who_left()
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if entire:
            give_back_now()


def _forget_who_left() -> None:
    """Streamlit's own way to do so, on the thread that it does so on."""
    if not exists():
        return
    runtime = get_instance()
    manager = getattr(runtime, "_session_mgr", None)  # of another Streamlit, or of a test: none
    storage = getattr(manager, "_session_storage", None)
    if isinstance(storage, MemorySessionStorage):
        with suppress(RuntimeError):  # the server ends
            loop = runtime._get_async_objs().eventloop
            loop.call_soon_threadsafe(storage._cache.expire)  # type: ignore[attr-defined]
