"""A card that leads through a few steps, one at a time."""

from collections.abc import Callable, Sequence

import streamlit as st

from ui.parts.files import part

_HTML = """
<section class="card" aria-label="First visit" tabindex="-1">
  <div class="words" aria-live="polite">
    <p class="where"></p>
    <h2></h2>
    <p class="text"></p>
  </div>
  <div class="tools">
    <button type="button" class="skip">Skip</button>
    <button type="button" class="back">Back</button>
    <button type="button" class="next">Next step</button>
    <span class="offers"></span>
  </div>
</section>
"""
_PART = part("tour", _HTML)


def tour(
    stops: Sequence[tuple[str, str]],
    offers: dict[str, str],
    cookie: str,
    on_left: Callable[[str], None],
) -> None:
    """Draw it.

    Args:
        stops: the steps in their order: title, and what it says.
        offers: what the last one offers to do: keys with the words of the buttons.
        cookie: name of one that this browser gets, to remember that it has seen this.
        on_left: told the key of what was chosen; empty if it was only closed.
    """

    def tell() -> None:
        if left := st.session_state["tour"].get("left"):
            on_left(str(left.get("to", "")) if isinstance(left, dict) else "")

    _PART(
        key="tour",
        data={
            "stops": [{"title": title, "text": text} for title, text in stops],
            "offers": [{"to": key, "words": words} for key, words in offers.items()],
            "cookie": cookie,
        },
        height="content",
        on_left_change=tell,
    )
