"""Drawing the axes and the eight segments of a lesion onto the photo."""

import cv2
import numpy as np

from core.imaging.overlay import OUTLINE
from core.lesion.border import SEGMENTS
from core.lesion.geometry import Anatomy

ABRUPT_LINE = (255, 176, 0)
"""Colour (RGB) of an abrupt border: amber. It is thick and unbroken, too, and its number is on a
disc; a border that fades is thin and dashed. So colour is not the only sign."""

_DARK, _LIGHT = (0, 0, 0), (255, 255, 255)
_SHIFT = 4  # OpenCV draws at sixteenths of a pixel


def draw_anatomy(
    rgb: np.ndarray, anatomy: Anatomy, *, axes: bool = True, segments: bool = True
) -> np.ndarray:
    """Draw what was measured onto a photo.

    Args:
        rgb: uint8 H×W×3, the photo at any scale.
        anatomy: of that photo.
        axes: draw the two axes of least asymmetry.
        segments: draw the eight segments, numbered 1 to 8, and how the border ends in each.

    Returns:
        uint8 H×W×3.
    """
    canvas = rgb.copy()
    scale = rgb.shape[1] / anatomy.width
    centre, edges, outline = (
        (np.asarray(points) + 0.5) * scale - 0.5
        for points in (anatomy.centre, anatomy.edges, anatomy.outline)
    )
    unit = max(2, round(max(rgb.shape[:2]) / 300))
    if segments:
        for edge in edges:
            _line(canvas, centre, edge, _LIGHT, unit // 2)
        _border(canvas, outline, anatomy, unit)
    if axes:
        for first, last in ((0, 4), (2, 6)):
            start, end = (centre + 1.15 * (edges[which] - centre) for which in (first, last))
            _line(canvas, start, end, OUTLINE, unit)
    if segments:
        _numbers(canvas, centre, edges, anatomy, unit)
    return canvas


def _border(canvas: np.ndarray, outline: np.ndarray, anatomy: Anatomy, unit: int) -> None:
    """The outline, piece by piece: thick where abrupt, thin and dashed elsewhere."""
    following = np.roll(outline, -1, axis=0)
    abrupt = anatomy.abrupt[anatomy.segment]
    for edging, thick, thin in ((2, _DARK, _DARK), (0, ABRUPT_LINE, _LIGHT)):
        for i in range(len(outline)):
            if abrupt[i]:
                _stroke(canvas, outline[i], following[i], thick, 3 * unit // 2 + 1 + edging)
            elif i % 4 < 2:
                _stroke(canvas, outline[i], following[i], thin, unit - 1 + edging)


def _numbers(
    canvas: np.ndarray, centre: np.ndarray, edges: np.ndarray, anatomy: Anatomy, unit: int
) -> None:
    """The number of each segment, two thirds of the way out; on a disc where it is abrupt."""
    font, size = cv2.FONT_HERSHEY_SIMPLEX, unit / 3.5
    radius = 6 * unit
    for which in range(SEGMENTS):
        middle = (edges[which] + edges[(which + 1) % SEGMENTS]) / 2
        place = np.rint(centre + 0.7 * (middle - centre)).astype(int)
        text = str(which + 1)
        (width, height), _ = cv2.getTextSize(text, font, size, unit // 2)
        corner = (int(place[0] - width // 2), int(place[1] + height // 2))
        if anatomy.abrupt[which]:
            at = (int(place[0]), int(place[1]))
            cv2.circle(canvas, at, radius, _DARK, -1, cv2.LINE_AA)
            cv2.circle(canvas, at, radius - 1, ABRUPT_LINE, -1, cv2.LINE_AA)
            cv2.putText(canvas, text, corner, font, size, _DARK, unit // 2, cv2.LINE_AA)
        else:
            cv2.putText(canvas, text, corner, font, size, _DARK, unit + 2, cv2.LINE_AA)
            cv2.putText(canvas, text, corner, font, size, _LIGHT, unit // 2, cv2.LINE_AA)


def _line(
    canvas: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    """A line with a dark edge, so that it shows on any skin."""
    _stroke(canvas, start, end, _DARK, thickness + 2)
    _stroke(canvas, start, end, colour, thickness)


def _stroke(
    canvas: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    colour: tuple[int, int, int],
    thickness: int,
) -> None:
    first, last = (tuple(map(int, np.rint(p * 2**_SHIFT))) for p in (start, end))
    cv2.line(canvas, first, last, colour, thickness, cv2.LINE_AA, _SHIFT)
