"""How glibc's memory allocator serves a server, and a training. Other systems and C libraries stay
as they are."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache

# M_… of malloc.h
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -2, -3, -4, -8

ARENAS = 2
MAPPED_BYTES = 256 * 1024
"""Arrays of this size or more, such as photos, get pages of their own."""


@cache
def give_back_freed_memory() -> None:
    """Give back what is freed. By default each of many short threads fills a heap of its own, up to
    eight a core, with gaps that nobody else uses: a server then grows by some fifty megabytes with
    each round of a visitor, and never shrinks. Call it before there are many threads."""
    _set({ARENA_MAX: ARENAS, MMAP_THRESHOLD: MAPPED_BYTES})


def give_back_now() -> None:
    """Give back the free pages between what is in use as well, in some ten milliseconds."""
    if trim := _of_glibc("malloc_trim"):
        trim(0)


def keep_freed_memory() -> None:
    """Keep what is freed for the next step of a training. By default big tensors are handed back to
    the system, which then has to clear all their pages again, tens of thousands in each step on a
    CPU."""
    _set({MMAP_MAX: 0, TRIM_THRESHOLD: -1, TOP_PAD: 256 * 1024**2})


def _set(options: dict[int, int]) -> None:
    if mallopt := _of_glibc("mallopt"):
        for name, value in options.items():
            mallopt(name, value)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc; None where it is not there."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
