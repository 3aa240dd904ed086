"""A button that copies the page's address."""

from ui.parts.files import part

_PART = part(
    "copy",
    """
<button type="button"></button>
<p role="status"></p>
""",
)


def copy_link() -> None:
    """Draw it."""
    _PART(key="copy_link", height="content")
