"""What can be read of a lesion from its mask and its colours: axes, segments, symmetry, colours.

All is read from one small copy of the lesion and the skin around it, the patch, at the scale at
which the disc of the lesion's area has a radius of RADIUS pixels. So a lesion's figures do not
depend on its size in the photo, and a large photo takes hardly longer than a small one.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from core.lesion.border import ABRUPT, segment_of, steepness
from core.lesion.colour import shares, to_lab
from core.lesion.symmetry import Symmetry, symmetry

RADIUS = 32
"""Of the disc of the lesion's area, in pixels of the patch."""

_AROUND = 0.35  # radii of skin around the lesion that are looked at
_MOST_SIDE = 512  # of a patch: thin lesions are long
_MOST_POINTS = 128


@dataclass(frozen=True, eq=False)
class Anatomy:
    """What is needed to draw what was measured, in pixels of the photo. Arrays are read-only.

    Attributes:
        width: of the photo that the pixels are of.
        centre: x, y of the lesion's centroid.
        outline: float32 N×2, x, y along the border.
        segment: N numbers 0…7: the segment that each point of the outline is in; the first begins
            at the first axis, then round from x towards y.
        edges: float32 8×2: where the first edge of each segment leaves the lesion.
        steepness: float 8, ΔE*ab over a tenth of the radius (`core.lesion.border.steepness`).
    """

    width: int
    centre: tuple[float, float]
    outline: np.ndarray
    segment: np.ndarray
    edges: np.ndarray
    steepness: np.ndarray

    @property
    def abrupt(self) -> np.ndarray:
        """bool 8: the segments whose border is abrupt."""
        return self.steepness >= ABRUPT


def read(
    part: np.ndarray, outline: np.ndarray, rgb: np.ndarray
) -> tuple[Symmetry, dict[str, float] | None, Anatomy]:
    """Symmetry, colours (`core.lesion.colour.shares`) and anatomy of a lesion.

    Args:
        part: uint8 h×w, 1 on the lesion, one connected part, not empty; it spans the photo.
        outline: float32 N×2, x, y along its border, in its pixels.
        rgb: the photo, uint8 H×W×3.
    """
    height, width = rgb.shape[:2]
    per_pixel = np.array([width / part.shape[1], height / part.shape[0]])
    left, top, across, along = cv2.boundingRect(part)
    moments = cv2.moments(part[top : top + along, left : left + across], binaryImage=True)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"] + (left + 0.5, top + 0.5)
    middle *= per_pixel
    radius = float(np.sqrt(moments["m00"] * per_pixel.prod() / np.pi))
    first = np.array([left, top]) * per_pixel
    last = first + np.array([across, along]) * per_pixel
    origin = np.maximum(first - _AROUND * radius, 0)
    span = np.minimum(last + _AROUND * radius, (width, height)) - origin
    scale = min(RADIUS / radius, _MOST_SIDE / span.max())
    size = np.maximum(np.rint(span * scale), 1).astype(int)

    def to_patch(points: np.ndarray) -> np.ndarray:
        return (points - origin) * scale - 0.5

    def to_photo(points: np.ndarray) -> np.ndarray:
        placed = ((points + 0.5) / scale + origin - 0.5).astype(np.float32)
        placed.setflags(write=False)
        return placed

    pixels = _cut(rgb, origin, size, 1 / scale, np.ones(2))
    share = _cut(part * np.uint8(255), origin, size, 1 / scale, 1 / per_pixel)
    lesion = (share > 127).astype(np.uint8)
    if not lesion.any():
        lesion[:] = 1
    lab = to_lab(pixels)
    centre = to_patch(middle)
    x, y = map(float, to_photo(centre))
    radius *= scale
    if len(outline) > _MOST_POINTS:
        outline = outline[np.arange(_MOST_POINTS) * len(outline) // _MOST_POINTS]
    border = to_patch((outline + 0.5) * per_pixel)
    reach = float(np.linalg.norm(border - centre, axis=1).max()) + 2
    symmetric = symmetry(lesion, lab, centre, reach)
    segment = segment_of(border, centre, symmetric.angle)
    steep = steepness(lab, border, segment, radius)
    for array in (segment, steep):
        array.setflags(write=False)
    distance = cv2.distanceTransform(1 - lesion, cv2.DIST_L2, 3)
    skin = cv2.inRange(distance, 0.1 * radius, _AROUND * radius)
    anatomy = Anatomy(
        width=width,
        centre=(x, y),
        outline=to_photo(border),
        segment=segment,
        edges=to_photo(_edges(border, centre, symmetric.angle)),
        steepness=steep,
    )
    return symmetric, shares(pixels, lab, lesion.view(bool), skin), anatomy


def _cut(
    image: np.ndarray, origin: np.ndarray, size: np.ndarray, step: float, scale: np.ndarray
) -> np.ndarray:
    """A part of an image at another scale, averaged over the source pixels where it gets smaller.

    Args:
        image: uint8 h×w or h×w×3.
        origin: x, y of the part's corner in the photo.
        size: width and height of what is returned.
        step: pixels of the photo for each of what is returned.
        scale: pixels of the image for each of the photo, in x and y.
    """
    shrink = 1 << max(0, int(np.log2(step * scale.min())))  # by whole factors first: quick
    limit = np.array(image.shape[1::-1])
    first = np.floor(origin * scale).astype(int)
    last = np.minimum(np.ceil((origin + size * step) * scale).astype(int) + 2, limit)
    few = np.maximum((last - first) // shrink, 1)
    left, top = first
    right, bottom = np.minimum(first + few * shrink, limit)
    part = image[top:bottom, left:right]
    if shrink > 1:
        part = cv2.resize(part, tuple(map(int, few)), interpolation=cv2.INTER_AREA)
    ratio = step * scale / shrink
    shift = ((origin + step / 2) * scale - first) / shrink - 0.5
    matrix = np.array([[ratio[0], 0, shift[0]], [0, ratio[1], shift[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(
        part, matrix, tuple(map(int, size)), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _edges(outline: np.ndarray, centre: np.ndarray, angle: float) -> np.ndarray:
    """Where the eight rays from the centre, the first along the axis, leave the lesion for good."""
    away = outline - centre
    rays = angle + np.arange(8) * np.pi / 4
    directions = np.arctan2(away[:, 1], away[:, 0])
    off = np.abs((directions - rays[:, None] + np.pi) % (2 * np.pi) - np.pi)
    near = off <= np.maximum(0.05, off.min(axis=1, keepdims=True))
    distance = np.where(near, np.linalg.norm(away, axis=1), 0).max(axis=1)
    return centre + distance[:, None] * np.stack([np.cos(rays), np.sin(rays)], axis=1)
