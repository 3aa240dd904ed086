"""Photos side by side: sizes that can be compared by eye."""

from collections.abc import Sequence

import numpy as np

Size = tuple[int, int]
"""Width and height in pixels, the order Pillow uses."""


def aligned(sizes: Sequence[Size], spans: Sequence[float]) -> list[Size]:
    """Sizes at which one unit is equally long on all photos, the largest that enlarge none.

    Args:
        sizes: of the photos as they are, at least one.
        spans: how much the width of each spans, above 0, in a unit that all share: pixels of the
            original photos, millimetres of skin.
    """
    scale = min(width / span for (width, _), span in zip(sizes, spans, strict=True))
    return [
        (max(1, round(span * scale)), max(1, round(height * span * scale / width)))
        for (width, height), span in zip(sizes, spans, strict=True)
    ]


def centred(rgb: np.ndarray, frame: Size, background: tuple[int, int, int]) -> np.ndarray:
    """A photo (uint8 H×W×3) in the middle of a frame at least as large, a new uint8 array."""
    height, width = rgb.shape[:2]
    left, top = (frame[0] - width) // 2, (frame[1] - height) // 2
    canvas = np.full((frame[1], frame[0], 3), background, np.uint8)
    canvas[top : top + height, left : left + width] = rgb
    return canvas
