"""What visitors write about a photo for its report, kept in memory so that it outlives a reload of
the page: by their browser and the photo."""

import streamlit as st

from core.system.idle_cache import IdleCache
from ui.browser import browser_key

KEPT_SECONDS = 2 * 60 * 60
"""How long what a visitor brought or wrote is kept after it was last looked at, …"""
LATE_SECONDS = 60
"""… and by how much later it may go."""
KEPT_CHARACTERS = 10_000_000
"""What all notes may hold together; those kept for longest go first."""
LENGTH = 3000
"""Characters that the notes on a photo may have."""

Place = tuple[str, str]
"""A browser's key and a photo's digest."""


@st.cache_resource
def _kept() -> IdleCache[Place, str]:
    """All notes, one store for all sessions."""
    return IdleCache(
        most=KEPT_CHARACTERS,
        seconds=KEPT_SECONDS,
        late=LATE_SECONDS,
        size=lambda words: len(words) + 100,
    )


def place_of(digest: str) -> Place:
    """Where this visitor's notes on a photo are."""
    return browser_key(), digest


def read(place: Place) -> str:
    """The notes; empty if there are none. Needs no session."""
    return _kept().get(place) or ""


def write(place: Place, words: str) -> None:
    """Keep them instead of those before."""
    _kept().put(place, words)


def forget(digest: str) -> None:
    """Let go of this visitor's notes on a photo."""
    _kept().pop(place_of(digest))
