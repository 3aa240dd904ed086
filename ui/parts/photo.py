"""A photo whose layers lie over it in the browser: to zoom, and to lift for a moment."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from core.imaging.image import to_jpeg, to_webp
from core.imaging.overlay import heat_layer, outline_path
from ui.drawings import drawings
from ui.parts.files import data_url, part
from ui.state import ShownAnalysis

_HTML = """
<div class="frame" tabindex="0" role="group">
  <div class="layers">
    <img class="photo" draggable="false">
    <img class="heat" alt="" draggable="false">
    <svg class="outline" aria-hidden="true" preserveAspectRatio="none">
      <path class="area"/><path class="under"/><path class="line"/>
    </svg>
  </div>
  <div class="tools">
    <button type="button" class="plain" aria-pressed="false">Hold: photo alone</button>
    <button type="button" class="in" aria-label="Zoom in" title="Zoom in (+)">+</button>
    <button type="button" class="out" aria-label="Zoom out" title="Zoom out (-)">−</button>
    <button type="button" class="whole" aria-label="Whole photo" title="Whole photo (0)">⤢</button>
  </div>
</div>
"""
_PART = part("photo", _HTML)


def layers_of(shown: ShownAnalysis, heatmap: np.ndarray | None, name: str) -> dict[str, Any]:
    """The photo and what may lie over it, as the browser takes them, which enlarges a small photo.

    Args:
        heatmap: float h×w; None: it will not be shown, so it is not sent.
        name: tells the heatmap from others of that photo.
    """
    height, width = shown.mask.shape

    def heat() -> str:
        assert heatmap is not None
        return data_url(to_webp(heat_layer(heatmap, width, height)), "webp")

    return {
        "width": width,
        "height": height,
        "photo": drawings.of((shown,), "jpeg", lambda: data_url(to_jpeg(shown.photo), "jpeg")),
        "outline": drawings.of((shown,), "outline", lambda: outline_path(shown.mask)),
        "heat": "" if heatmap is None else drawings.of((shown,), ("heat", name), heat),
    }


def photo(
    layers: dict[str, Any],
    alt: str,
    *,
    outline: bool,
    fill: float,
    heat: float,
    on_pressed: Callable[[str], None],
) -> None:
    """Draw it.

    Args:
        layers: of `layers_of`.
        alt: the photo in words.
        outline: whether the outline shows.
        fill, heat: opacity of the lesion's area and of the heatmap, 0…1.
        on_pressed: told of a key that means something to the page: `o`, `h` or `p`.
    """

    def tell() -> None:
        if pressed := st.session_state["photo"].get("pressed"):
            on_pressed(str(pressed))

    _PART(
        key="photo",
        data=layers | {"alt": alt, "showOutline": outline, "fill": fill, "heatOpacity": heat},
        height="content",
        on_pressed_change=tell,
    )
