"""What a screen reader says by itself once the page has changed; nobody sees it."""

from ui.parts.files import part

_PART = part("status", '<p role="status"></p>')


def say(words: str) -> None:
    """Have it said whenever it is something else than before. To be drawn always."""
    _PART(key="status", data={"words": words}, height="content")
