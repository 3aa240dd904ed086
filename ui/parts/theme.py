"""Charts are drawn in the theme that was chosen: at once, and not only at the next click."""

from ui.figures import is_dark
from ui.parts.files import part

_PART = part("theme", "<span></span>")


def follow_theme() -> None:
    """Have the page run again once the browser shows it in another theme. To be drawn on every
    page."""
    _PART(key="theme", data={"dark": is_dark()}, height="content", on_other_change=lambda: None)
