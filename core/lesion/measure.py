"""Measurements of the outlined lesion, in pixels of the photo and as shares without unit.

They follow the first three letters of the ABCD rule of dermoscopy (Stolz et al., Eur. J. Dermatol.
4, 1994) as far as a mask and the photo's colours allow. They are no score of that rule: its fourth
letter, the structures, cannot be read from a mask. Without a ruler there are no millimetres.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.imaging.image import scaled
from core.lesion.colour import COLOURS, LEAST_SHARE
from core.lesion.geometry import Anatomy, read


@dataclass(frozen=True)
class Measurements:
    """One lesion. Area and diameter are those of the whole mask; all else is of its largest
    connected part.

    Attributes:
        area_share: lesion pixels / all pixels, 0…1.
        equivalent_diameter_px: diameter of the disc of equal area, √(4·area/π), in pixels.
        asymmetry: of shape, mean over the two axes at a right angle about which the lesion is least
            asymmetric: (pixels not matched by the mirrored mask) / (2·area); 0 symmetric … 1.
        colour_asymmetry: root mean square colour difference, CIELAB ΔE*ab, between lesion pixels
            and their mirror images about the same axes; 0 symmetric.
        compactness: perimeter² / (4π·area) of the outline, smoothed over an eightieth of its
            length; 1 a disc, larger the more ragged (1 also for a lesion too small to tell).
        solidity: area / area of the convex hull, 0…1; lower for notched borders.
        abrupt_segments: of eight equal sectors, those whose colour ends abruptly at the border
            (`core.lesion.border.ABRUPT`), 0…8.
        colours: how many of the six colours are present (`core.lesion.colour.LEAST_SHARE`), 0…6.
        white, red, light_brown, dark_brown, blue_grey, black: share of the lesion that is nearest
            to that colour, 0…1; their sum may be below 1 (see `core.lesion.colour.shares`).
        in_colour: the photo has colours; if not, all shares and `colours` are 0.
        touches_border: the lesion reaches the frame, so it may be cut off.
    """

    area_share: float
    equivalent_diameter_px: float
    asymmetry: float
    colour_asymmetry: float
    compactness: float
    solidity: float
    abrupt_segments: int
    colours: int
    white: float
    red: float
    light_brown: float
    dark_brown: float
    blue_grey: float
    black: float
    in_colour: bool
    touches_border: bool


MAX_SIDE = 512
"""Shape is measured on a mask no larger than this (the result is scale-free, and faster)."""


def largest_part(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask (bool or 0/1, H×W), its holes filled, as bool H×W."""
    return _largest(mask)[0].view(bool)


def _largest(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same as uint8, and its border pixels, int32 N×1×2; none if the mask is empty."""
    area = mask.astype(np.uint8)
    outlines, _ = cv2.findContours(area, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(outlines, key=cv2.contourArea, default=np.zeros((0, 1, 2), np.int32))
    area[:] = 0
    if len(largest):
        cv2.drawContours(area, [largest], -1, 1, cv2.FILLED)
    return area, largest


def measure(
    mask: np.ndarray, rgb: np.ndarray, full_width: int | None = None
) -> tuple[Measurements, Anatomy] | tuple[None, None]:
    """Measure a lesion.

    Args:
        mask: bool h×w that spans the photo, at any scale.
        rgb: the photo, uint8 H×W×3.
        full_width: of the photo in pixels, if `rgb` is a reduced copy of it.

    Returns:
        The figures, and what is needed to draw them; None twice if the mask is empty.

    Raises:
        ValueError: not a bool h×w array, or not a photo.
    """
    if mask.dtype != bool or mask.ndim != 2:
        raise ValueError(f"Expected a bool H×W mask, got {mask.dtype} {mask.shape}.")
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(f"Expected a uint8 H×W×3 photo, got {rgb.dtype} {rgb.shape}.")
    if not mask.any():
        return None, None
    area_share = cv2.countNonZero(mask.view(np.uint8)) / mask.size
    part, contour = _largest(_reduced(mask))
    outline = _smooth(contour[:, 0].astype(np.float32))
    symmetry, shown, anatomy = read(part, outline, rgb)
    hull_area, area = cv2.contourArea(cv2.convexHull(contour)), cv2.contourArea(contour)
    perimeter = cv2.arcLength(outline, True)
    height, width = rgb.shape[:2]
    diameter = float(np.sqrt(4 * area_share * height * width / np.pi))
    return Measurements(
        area_share=area_share,
        equivalent_diameter_px=diameter * (full_width or width) / width,
        asymmetry=symmetry.shape,
        colour_asymmetry=symmetry.colour,
        compactness=max(1.0, perimeter**2 / (4 * np.pi * area)) if area else 1.0,
        solidity=area / hull_area if hull_area else 1.0,
        abrupt_segments=int(anatomy.abrupt.sum()),
        colours=sum(share >= LEAST_SHARE for share in shown.values()) if shown else 0,
        **(shown or {colour.key: 0.0 for colour in COLOURS}),
        in_colour=shown is not None,
        touches_border=bool(
            mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any()
        ),
    ), anatomy


def _reduced(mask: np.ndarray) -> np.ndarray:
    """A mask no larger than MAX_SIDE; what is there does not vanish."""
    height, width = mask.shape
    if max(height, width) <= MAX_SIDE:
        return mask
    size = scaled(width, height, MAX_SIDE)
    share = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return share > (0.5 if (share > 0.5).any() else 0)


def _smooth(points: np.ndarray) -> np.ndarray:
    """A closed line (float32 N×2) averaged over an eightieth of its points, five at the least: the
    pixel staircase adds no length, and a finer photo of the same lesion none either."""
    if len(points) < 8:
        return points
    reach = max(2, round(len(points) / 160))
    around = np.concatenate([points[-reach:], points, points[:reach]])
    return cv2.blur(around, (1, 2 * reach + 1))[reach:-reach]
