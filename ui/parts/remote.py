"""A presenter's remote for the buttons of a projected page."""

from ui.parts.files import part

_PART = part("remote", "<span></span>")


def forward(button: str) -> None:
    """Page Down, which a remote sends for the next slide, presses the button of that key, beside
    the one key that Streamlit gives it.

    Args:
        button: its key.
    """
    _PART(key=f"remote_{button}", data={"button": button}, height="content")
