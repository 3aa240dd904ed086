"""How a server's memory goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

ARENAS = 2
MAPPED_BYTES = 256 * 1024
"""Arrays of this size or more, such as photos, get pages of their own."""


@cache
def give_back_freed_memory() -> None:
    """Make glibc give back what is freed. By default each of many short threads fills a heap of its
    own, up to eight a core, with gaps that nobody else uses: a server then grows by some fifty
    megabytes with each round of a visitor, and never shrinks. Call it before there are many
    threads. Other systems and C libraries stay as they are."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        arena_max, mmap_threshold = -8, -3  # M_… of malloc.h
        mallopt(arena_max, ARENAS)
        mallopt(mmap_threshold, MAPPED_BYTES)
