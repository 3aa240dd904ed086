"""Drawing the models' answer onto the photo."""

from __future__ import annotations

import cv2
import numpy as np

from core.explain import rescale
from core.imaging import resize

OUTLINE = (0, 229, 255)
"""Outline colour (RGB): cyan, which neither skin nor lesions have."""


def fit(rgb: np.ndarray, longest: int) -> np.ndarray:
    """The photo scaled down so that no side is longer than `longest` pixels; never scaled up."""
    height, width = rgb.shape[:2]
    scale = min(1.0, longest / max(height, width))
    if scale == 1:
        return rgb
    return resize(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))


def draw(
    rgb: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    outline: bool = True,
    fill: float = 0.0,
    heatmap: np.ndarray | None = None,
    heat: float = 0.0,
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

    Returns:
        uint8 H×W×3.
    """
    height, width = rgb.shape[:2]
    canvas = rgb.astype(np.float32)
    if heatmap is not None and heat > 0:
        warm = rescale(heatmap)
        warm = cv2.resize(warm, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
        colours = cv2.applyColorMap((warm * 255).astype(np.uint8), cv2.COLORMAP_VIRIDIS)[..., ::-1]
        alpha = (heat * np.sqrt(warm))[..., None]
        canvas = canvas * (1 - alpha) + colours * alpha
    if mask is not None and (outline or fill > 0):
        area = mask.astype(np.uint8)
        if mask.shape != (height, width):
            area = cv2.resize(area, (width, height), interpolation=cv2.INTER_NEAREST)
        if fill > 0:
            inside = area.astype(bool)
            canvas[inside] = canvas[inside] * (1 - fill) + np.float32(OUTLINE) * fill
        if outline:
            contours, _ = cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            thickness = max(2, round(max(height, width) / 300))
            canvas = np.ascontiguousarray(canvas)
            cv2.drawContours(canvas, contours, -1, (0, 0, 0), thickness + 2, cv2.LINE_AA)
            cv2.drawContours(canvas, contours, -1, OUTLINE, thickness, cv2.LINE_AA)
    return canvas.clip(0, 255).astype(np.uint8)
