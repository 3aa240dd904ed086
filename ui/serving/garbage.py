"""Garbage is collected beside the pages, not after each run of one.

Streamlit's way (`runner.postScriptGC`) looks through everything that lives after every click of
every visitor, and no other page moves meanwhile: with thirty visitors that took half as long as
both networks. What most runs leave behind goes by itself, by counting references; for the rest,
what was made lately is looked through every few seconds, and everything once a minute, also when
nobody clicks.
"""

from __future__ import annotations

import gc
import threading
import time
from functools import cache

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
        # Visitors who left are forgotten later, when perhaps nobody clicks any more.
        if _ran.wait(WHOLE_SECONDS):
            time.sleep(SECONDS)
            _ran.clear()
        entire = time.monotonic() - whole >= WHOLE_SECONDS
        if entire:
            whole = time.monotonic()
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if entire:
            give_back_now()
