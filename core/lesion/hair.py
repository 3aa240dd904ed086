"""Dark hair in dermoscopy: where it is, and the photo without it.

After DullRazor (Lee et al., "DullRazor: a software approach to hair removal from images", Computers
in Biology and Medicine 27, 1997): black-hat filters along lines of several directions find what is
dark and thin, a check of length keeps what is long, and what lies under it is filled in from beside
(here by Telea, "An image inpainting technique based on the fast marching method", Journal of
Graphics Tools 9, 2004). White hair is not found, and whatever else is dark, thin and long
(vessels, a pen's strokes, a crack) is taken for hair.
"""

from functools import lru_cache

import cv2
import numpy as np

from core.imaging.image import resize, scaled

SEARCHED_PX = 200
"""Hair is looked for in the photo reduced to this longest side, as HAM10000 is: finer, scales and
skin lines look like hair too."""

CONTRAST, DARKER = 10, 6
"""Grey levels by which hair is darker than what lies to its sides, and than most around it."""
WIDEST, STRAIGHT, LONG = 1 / 60, 1 / 12, 1 / 8
"""Shares of the longest side: hair is thinner than the first, straight over the second, and a tuft
longer than the third. All five values were chosen by eye on validation photos, and by how much is
found of the hair that somebody removed from 150 photos (see the tests)."""


def hair_mask(rgb: np.ndarray) -> np.ndarray:
    """Where dark hair is.

    Args:
        rgb: uint8 H×W×3.

    Returns:
        bool H×W, true on hair.

    Raises:
        ValueError: another dtype or shape.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"Expected uint8 pixels (H, W, 3), got {rgb.dtype} {rgb.shape}.")
    height, width = rgb.shape[:2]
    longest = min(SEARCHED_PX, max(height, width))
    small = rgb if longest == max(height, width) else resize(rgb, scaled(width, height, longest))
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    widest = _odd(longest * WIDEST)
    # The second condition: on a steep edge, steps of the slanting lines would count as thin.
    around = cv2.medianBlur(grey, _odd(4 * widest))
    thin = (_thin(grey, widest) > CONTRAST) & (cv2.subtract(around, grey) > DARKER)
    straight = _along_lines(thin.astype(np.uint8), _odd(longest * STRAIGHT), 12, cv2.MORPH_OPEN)
    strands = np.maximum.reduce(straight)
    _, tufts, facts, _ = cv2.connectedComponentsWithStats(strands, connectivity=8)
    extent = np.hypot(facts[:, cv2.CC_STAT_WIDTH], facts[:, cv2.CC_STAT_HEIGHT])
    long = extent >= longest * LONG
    long[0] = False  # what is no tuft at all
    found = long[tufts]
    if found.shape == (height, width):
        return found
    return cv2.resize(found.astype(np.uint8) * 255, (width, height)) > 127


def remove_hair(rgb: np.ndarray) -> np.ndarray:
    """The photo with dark hair filled in from beside.

    Args:
        rgb: uint8 H×W×3.

    Returns:
        A new uint8 H×W×3; the same pixels where there is no hair.

    Raises:
        ValueError: another dtype or shape.
    """
    found = hair_mask(rgb)
    if not found.any():
        return rgb.copy()
    grown = max(1, round(max(rgb.shape) / SEARCHED_PX))  # the soft edge of the hair as well
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grown + 1, 2 * grown + 1))
    covered = cv2.dilate(found.astype(np.uint8), brush)
    return cv2.inpaint(np.ascontiguousarray(rgb), covered, 3, cv2.INPAINT_TELEA)


def _thin(grey: np.ndarray, length: int) -> np.ndarray:
    """How much darker than its surroundings each pixel is, if it lies on a thin dark line.

    A closing along a line fills in a hair that it crosses, and not one that it follows; a dot is
    filled in along every line, a dark area along none. So the closings' greatest difference tells
    lines from both.
    """
    filled = _along_lines(grey, length, 8, cv2.MORPH_CLOSE)
    return np.maximum.reduce(filled) - np.minimum.reduce(filled)


def _along_lines(grey: np.ndarray, by: int, count: int, operation: int) -> list[np.ndarray]:
    """Closings or openings along so many lines `by` pixels long."""
    # Replicated: else the dark corners of a round picture would end, thin as a hair, at the frame.
    padded = cv2.copyMakeBorder(grey, by, by, by, by, cv2.BORDER_REPLICATE)
    done = (cv2.morphologyEx(padded, operation, line) for line in _lines(by, count))
    return [whole[by:-by, by:-by] for whole in done]


@lru_cache(maxsize=8)
def _lines(length: int, count: int) -> tuple[np.ndarray, ...]:
    """Lines of one length through the middle of a square, in evenly spread directions."""
    middle = length // 2
    made = []
    for angle in np.arange(count) * np.pi / count:
        x, y = round(middle * np.cos(angle)), round(middle * np.sin(angle))
        square = np.zeros((length, length), np.uint8)
        cv2.line(square, (middle - x, middle - y), (middle + x, middle + y), 1)
        made.append(square)
    return tuple(made)


def _odd(pixels: float) -> int:
    """The nearest odd number of pixels, at least 3."""
    return max(3, 2 * round(pixels / 2) + 1)
