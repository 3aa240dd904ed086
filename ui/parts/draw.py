"""A photo on which a student draws an outline or paints an area, by mouse, pen, touch or keys."""

import hashlib
from collections.abc import Callable

import numpy as np
import streamlit as st

from core.imaging.image import to_jpeg
from core.learning.outlines import GRID, LEAST_AREA, MOST_POINTS, MOST_RUNS, painted_grid
from ui.parts.files import data_url, part

_HTML = """
<div class="whole">
<div class="main">
<div class="area" tabindex="0" role="application" aria-describedby="how">
  <img class="photo" draggable="false">
  <svg class="of-outline" aria-hidden="true" viewBox="0 0 1 1" preserveAspectRatio="none">
    <path class="inside"/><path class="under"/><path class="line"/><path class="closing"/>
  </svg>
  <div class="points of-outline" aria-hidden="true"></div>
  <span class="cursor of-outline" aria-hidden="true" hidden></span>
  <canvas class="of-brush" aria-hidden="true"></canvas>
  <span class="ring of-brush" aria-hidden="true" hidden></span>
</div>
<p class="status" role="status"></p>
<div class="tools">
  <button type="button" class="undo">Undo</button>
  <button type="button" class="clear">Clear</button>
  <button type="button" class="confirm">Confirm my outline</button>
</div>
</div>
<div class="choices">
  <div role="radiogroup" aria-label="Tool">
    <label><input type="radio" name="tool" value="outline">Outline</label>
    <label><input type="radio" name="tool" value="brush">Brush</label>
  </div>
  <div role="radiogroup" aria-label="What the brush does" class="of-brush">
    <label><input type="radio" name="does" value="paint">Paint</label>
    <label><input type="radio" name="does" value="erase">Erase</label>
  </div>
  <div role="radiogroup" aria-label="Size of the brush" class="of-brush">
    <label><input type="radio" name="size" value="small">Small</label>
    <label><input type="radio" name="size" value="medium">Medium</label>
    <label><input type="radio" name="size" value="large">Large</label>
  </div>
</div>
<p id="how"><span class="of-outline">Click or tap to set points around the lesion, or draw around it
in one go. Drag a point to move it; a point set on the line goes in between. Keys: arrows move the
cursor (with Shift in small steps), Enter sets a point, or takes up the one that is there and sets
it down again, N goes to the next point, Backspace undoes.</span><span class="of-brush">Paint over
the whole lesion, not only its border. Keys: arrows move the brush (with Shift in small steps),
Space puts it down to paint and lifts it again, [ and ] change its size, E turns between painting
and erasing, Backspace undoes.</span>
<span class="fingers">Two fingers zoom the page.</span></p>
</div>
"""
_PART = part("draw", _HTML, "polygon", "brush")


def draw(rgb: np.ndarray, alt: str, draft: str, on_confirmed: Callable[[object], None]) -> None:
    """Draw it.

    Args:
        rgb: the photo, uint8 H×W×3.
        alt: what it is, for screen readers.
        draft: tells this outline from others; what was drawn so far comes back under it when the
            page is reloaded.
        on_confirmed: told what `core.learning.outlines.read_drawing` reads with the photo's
            `painted_grid`, as far as the browser is to be believed.
    """
    # Not as it is: Streamlit takes two underscores in a key for a separator of its own.
    key = f"draw_{hashlib.sha256(draft.encode()).hexdigest()[:16]}"

    def tell() -> None:
        on_confirmed(st.session_state[key].get("outline"))

    _PART(
        key=key,
        data={
            "photo": data_url(to_jpeg(rgb), "jpeg"),
            "width": rgb.shape[1],
            "height": rgb.shape[0],
            "alt": alt,
            "draft": draft,
            "most": MOST_POINTS,
            "grid": GRID,
            "least": LEAST_AREA,
            "canvas": painted_grid(rgb.shape[1], rgb.shape[0]),
            "runs": MOST_RUNS,
        },
        height="content",
        on_outline_change=tell,
    )
