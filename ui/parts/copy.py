"""A button that copies the page's address, without the key of a visitor's own photo."""

from ui.analyse import address
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
    _PART(key="copy_link", data={"leaveOut": list(address.SECRET)}, height="content")
