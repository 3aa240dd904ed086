"""One case on the whole screen, for a hall: photo, outline, heatmap, bars and truth in steps."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from ui.parts.files import part

_HTML = """
<dialog tabindex="-1">
  <div class="scene">
    <div class="picture">
      <img class="photo">
      <img class="heat" alt="">
      <svg class="outline" aria-hidden="true" preserveAspectRatio="none">
        <path class="under"/><path class="line"/>
      </svg>
    </div>
    <div class="words">
      <p class="before"></p>
      <h2 class="main"></h2>
      <div class="bars"></div>
      <p class="truth"></p>
    </div>
  </div>
  <div class="foot">
    <button type="button" class="back">Back</button>
    <span class="where" role="status"></span>
    <button type="button" class="on">Next</button>
    <span class="note"></span>
    <button type="button" class="full">Full screen (F)</button>
    <button type="button" class="leave">Close (Esc)</button>
  </div>
</dialog>
"""
_PART = part("stage", _HTML, "groups")


def stage(
    data: dict[str, Any], on_move: Callable[[int], None], on_leave: Callable[[], None]
) -> None:
    """Draw it over the whole window.

    Args:
        data: the layers as of `ui.parts.photo.layers_of`, with `id`, `alt`, `groups` (see
            `ui.parts.bars.rows`), `before` and `main` (the headline), `truth`, perhaps empty,
            `note`, and `bars_note`, which takes its place beside the bars.
        on_move: told 1 for the next case and -1 for the one before.
        on_leave: told when it is closed.
    """

    def moved() -> None:
        if step := st.session_state["stage"].get("move"):
            on_move(1 if step["by"] > 0 else -1)

    _PART(key="stage", data=data, on_move_change=moved, on_leave_change=on_leave)
