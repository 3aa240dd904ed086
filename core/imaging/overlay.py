"""Drawing the models' answer onto the photo."""

import math

import cv2
import numpy as np

from core.imaging.heatmaps import rescale
from core.imaging.image import resize, scaled

OUTLINE = (0, 229, 255)
"""Outline colour (RGB): cyan, which neither skin nor lesions have."""


def canvas_for(rgb: np.ndarray, least: int, most: int) -> np.ndarray:
    """The photo at a size to draw on: its longest side at least `least` pixels (a fine outline
    needs room) and at most `most`."""
    height, width = rgb.shape[:2]
    longest = max(height, width)
    wanted = min(max(longest, least), most)
    if wanted == longest:
        return rgb
    size = scaled(width, height, wanted)
    return cv2.resize(rgb, size) if wanted > longest else resize(rgb, size)


def draw(
    rgb: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    outline: bool = True,
    fill: float = 0.0,
    heatmap: np.ndarray | None = None,
    heat: float = 0.0,
    colour: tuple[int, int, int] = OUTLINE,
) -> np.ndarray:
    """Draw mask and heatmap onto a photo.

    Args:
        rgb: uint8 H×W×3.
        mask: bool of any size that spans the same frame.
        outline: draw the mask's border.
        fill: opacity of the mask's area, 0…1.
        heatmap: float h×w spanning the same frame; stretched to 0…1.
        heat: opacity of the heatmap where it is hottest, 0…1; it fades with the heat, so that the
            photo stays visible where there is no evidence.
        colour: of outline and area, RGB.

    Returns:
        uint8 H×W×3.
    """
    height, width = rgb.shape[:2]
    canvas = rgb.copy()
    if heatmap is not None and heat > 0:
        canvas = _warm(canvas, heatmap, heat)
    if mask is not None and (outline or fill > 0):
        area = mask.astype(np.uint8)
        if mask.shape != (height, width):
            smooth = cv2.resize(area * 255, (width, height), interpolation=cv2.INTER_LINEAR)
            area = (smooth > 127).astype(np.uint8)
        if fill > 0:
            paint = np.full_like(canvas, colour)
            cv2.copyTo(cv2.addWeighted(canvas, 1 - fill, paint, fill, 0), area, canvas)
        if outline:
            contours = _contours(area)
            thickness = max(2, round(max(height, width) / 300))
            cv2.drawContours(canvas, contours, -1, (0, 0, 0), thickness + 2, cv2.LINE_AA)
            cv2.drawContours(canvas, contours, -1, colour, thickness, cv2.LINE_AA)
    return canvas


def _contours(area: np.ndarray, holes: bool = False) -> list[np.ndarray]:
    which = cv2.RETR_LIST if holes else cv2.RETR_EXTERNAL
    found, _ = cv2.findContours(area, which, cv2.CHAIN_APPROX_NONE)
    # Within a pixel of the staircase, with half its corners: smoother, and quicker to draw.
    return [cv2.approxPolyDP(points, 0.8, closed=True) for points in found]


def outline_path(mask: np.ndarray, holes: bool = False) -> str:
    """A mask's border, and with `holes` also that of each hole in it, as the path of an SVG whose
    view box is `0 0 W H`, so that it stays sharp at any zoom; empty where the mask is. `mask` is
    bool H×W."""
    lines = []
    for points in _contours(mask.astype(np.uint8), holes):
        corners = (f"{x + 0.5:g} {y + 0.5:g}" for x, y in points.reshape(-1, 2).tolist())
        lines.append(f"M{'L'.join(corners)}Z")
    return "".join(lines)


_LEVELS = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
_SHADES = cv2.applyColorMap(np.rint(255 * _LEVELS**2).astype(np.uint8), cv2.COLORMAP_VIRIDIS)
_SHADES = cv2.cvtColor(_SHADES, cv2.COLOR_BGR2RGB)[:, 0].astype(np.float32)


def _warm(canvas: np.ndarray, heatmap: np.ndarray, heat: float) -> np.ndarray:
    """Blend the heatmap in, with opacity heat·√warmth: tables of 256 levels of √warmth, in bytes.
    Levels of the warmth itself would show an edge where it begins.

    The map is so coarse that a quarter of the photo's size holds all its bends; the rest of the way
    it is enlarged as levels, in a third of the time (off by 0.1 of 255 on average)."""
    height, width = canvas.shape[:2]
    levels = cv2.merge([cv2.resize(_levels(heatmap, width, height), (width, height))] * 3)
    opacity = heat * _LEVELS
    keep, add = (1 - opacity) * np.full(3, 255, np.float32), opacity * _SHADES
    kept, added = (cv2.LUT(levels, np.rint(t).astype(np.uint8)[None]) for t in (keep, add))
    return cv2.add(cv2.multiply(canvas, kept, scale=1 / 255), added)


def _levels(heatmap: np.ndarray, width: int, height: int) -> np.ndarray:
    """√warmth in 256 levels, uint8, at a quarter of a photo's width and height."""
    quarter = (math.ceil(width / 4), math.ceil(height / 4))
    warmth = cv2.resize(rescale(heatmap), quarter, interpolation=cv2.INTER_CUBIC)
    return cv2.convertScaleAbs(cv2.sqrt(np.maximum(warmth, 0)), alpha=255)


def heat_layer(heatmap: np.ndarray, width: int, height: int) -> np.ndarray:
    """A heatmap to lay over a photo of width × height pixels: uint8 h×w×4 (RGB, opacity), a quarter
    of the photo's size, as it is to be stretched over it. Where it is hottest it is opaque; `draw`
    looks the same with its opacity scaled by `heat`."""
    levels = _levels(heatmap, width, height)
    return np.dstack([np.rint(_SHADES).astype(np.uint8)[levels], levels])
