"""Measurements of the outlined lesion, in pixels of the photo and as shares without unit.

They follow the first letters of the ABCD rule of dermoscopy (Stolz et al., Eur. J. Dermatol. 4,
1994) as far as a mask allows. Without a ruler in the photo there are no millimetres.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Measurements:
    """One lesion. Area, diameter and border are those of the whole mask; asymmetry, compactness
    and solidity are of its largest connected part.

    Attributes:
        area_share: lesion pixels / all pixels, 0…1.
        equivalent_diameter_px: diameter of the disc of equal area, √(4·area/π), in pixels.
        asymmetry: mean over the two principal axes of (pixels not matched by the mirrored mask) /
            (2·area); 0 symmetric … 1 (Stolz's A, for shape alone).
        compactness: perimeter² / (4π·area) of the outline; 1 a disc, larger the more ragged
            (1 also for a lesion too small to tell).
        solidity: area / area of the convex hull, 0…1; lower for notched borders.
        touches_border: the lesion reaches the frame, so it may be cut off.
    """

    area_share: float
    equivalent_diameter_px: float
    asymmetry: float
    compactness: float
    solidity: float
    touches_border: bool

    def as_dict(self) -> dict[str, float | bool]:
        """Plain data, for CSV and JSON."""
        return asdict(self)


MAX_SIDE = 512
"""Shape is measured on a mask no larger than this (the result is scale-free, and faster)."""


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask (bool or 0/1, H×W), its holes filled, as bool H×W."""
    area = mask.astype(np.uint8)
    outlines, _ = cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(area)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled.astype(bool)


def measure(mask: np.ndarray, photo_width: int | None = None) -> Measurements | None:
    """Measure a mask.

    Args:
        mask: bool H×W.
        photo_width: width in pixels of the photo that the mask spans, if it has another scale.

    Returns:
        None if the mask is empty.

    Raises:
        ValueError: not a bool H×W array.
    """
    if mask.dtype != bool or mask.ndim != 2:
        raise ValueError(f"Expected a bool H×W mask, got {mask.dtype} {mask.shape}.")
    if not mask.any():
        return None
    height, width = mask.shape
    area_share = float(mask.mean())
    scale = min(1.0, MAX_SIDE / max(height, width))
    small = mask.astype(np.uint8)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = (cv2.resize(small * 255, size, interpolation=cv2.INTER_AREA) > 127).astype(np.uint8)
        if not small.any():
            share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
            small = (share > 0).astype(np.uint8)
    small = largest_part(small).astype(np.uint8)
    contours, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contours, key=len)
    hull_area = cv2.contourArea(cv2.convexHull(outline))
    outline_area = cv2.contourArea(outline)
    perimeter = cv2.arcLength(_smooth(outline), True)
    compactness = perimeter**2 / (4 * np.pi * outline_area) if outline_area else 1.0
    return Measurements(
        area_share=area_share,
        equivalent_diameter_px=float(
            np.sqrt(4 * area_share * height * width / np.pi) * (photo_width or width) / width
        ),
        asymmetry=_asymmetry(small),
        compactness=max(1.0, float(compactness)),
        solidity=float(outline_area / hull_area) if hull_area else 1.0,
        touches_border=bool(
            mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        ),
    )


def _smooth(outline: np.ndarray) -> np.ndarray:
    """The outline averaged over five neighbours, so that the pixel staircase adds no length."""
    points = outline[:, 0].astype(np.float32)
    if len(points) < 8:
        return outline
    smooth = np.mean([np.roll(points, shift, axis=0) for shift in range(-2, 3)], axis=0)
    return smooth[:, None].astype(np.float32)


def _asymmetry(mask: np.ndarray) -> float:
    """Turn the lesion onto its principal axes, mirror it about each, count what does not match."""
    moments = cv2.moments(mask, binaryImage=True)
    if moments["m00"] < 3:
        return 0.0
    centre = np.array([moments["m10"], moments["m01"]]) / moments["m00"]
    spread = [[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]
    _, axes = np.linalg.eigh(np.array(spread))
    left, top, width, height = cv2.boundingRect(mask)
    corners = np.array([[left, top], [left + width, top + height]]) - centre
    reach = int(np.ceil(np.linalg.norm(np.abs(corners).max(axis=0)))) + 2
    to_axes = np.hstack([axes.T, (reach - axes.T @ centre)[:, None]])
    side = 2 * reach + 1
    turned = cv2.warpAffine(mask * 255, to_axes, (side, side), flags=cv2.INTER_LINEAR)
    turned = cv2.threshold(turned, 127, 1, cv2.THRESH_BINARY)[1]
    area = max(1, cv2.countNonZero(turned))
    unmatched = [cv2.countNonZero(cv2.absdiff(turned, cv2.flip(turned, axis))) for axis in (0, 1)]
    return sum(unmatched) / (4 * area)
