"""What visitors write about a photo for its report, kept in memory so that it outlives a reload of
the page: by their browser and the photo."""

import streamlit as st

from core.system.idle_cache import IdleCache
from ui.browser import KEPT_SECONDS, LATE_SECONDS, browser_key

KEPT_CHARACTERS = 10_000_000
"""What all notes may hold together; those kept for longest go first."""
WRITTEN = "notes"
"""Of the session: what stands in the field, by the photo's digest."""
LENGTH = 3000
"""Characters that the notes on a photo may have."""


@st.cache_resource
def _kept() -> IdleCache[tuple[str, str], str]:
    """All notes, one store for all sessions; by a browser's key and a photo's digest."""
    return IdleCache(
        most=KEPT_CHARACTERS,
        seconds=KEPT_SECONDS,
        late=LATE_SECONDS,
        size=lambda words: len(words) + 100,
    )


def read(digest: str) -> str:
    """This visitor's notes on a photo; empty if there are none."""
    return _kept().get((browser_key(), digest)) or ""


def write(digest: str, words: str) -> None:
    """Keep them instead of those before."""
    if words:
        _kept().put((browser_key(), digest), words)
    else:
        forget(digest)


def forget(digest: str) -> None:
    """Let go of them."""
    _kept().pop((browser_key(), digest))
