"""How abruptly the colour changes across a lesion's border, in eight segments.

The B of the ABCD rule (Stolz et al., Eur. J. Dermatol. 4, 1994): the lesion is cut into eight equal
sectors, and those are counted in which its pigment ends abruptly rather than fading into the skin.
The steepness of a border as the sharpness of its colour profile follows Day (Comput. Med. Imaging
Graph. 24, 2000, "How blurry is that border?"); here colour is CIELAB.
"""

import cv2
import numpy as np

SEGMENTS = 8

ABRUPT = 10.0
"""A segment is abrupt whose colour changes by this much, ΔE*ab, over a tenth of the lesion's
radius. The rule, read by eye, gives no number."""

_OFFSETS = np.arange(-10, 11) / 40
"""Where colours are read along the border's normal, in radii; inside is negative."""
_STEP = 4
"""Readings apart that are compared: a tenth of the radius."""


def segment_of(points: np.ndarray, centre: np.ndarray, angle: float) -> np.ndarray:
    """The segment 0…7 that each point (N×2) is in: sectors of 45° about the centre, the first of
    which begins at the axis (radians from x towards y)."""
    away = points - centre
    turn = (np.arctan2(away[:, 1], away[:, 0]) - angle) % (2 * np.pi)
    return np.minimum(turn * SEGMENTS / (2 * np.pi), SEGMENTS - 1).astype(np.intp)


def steepness(
    lab: np.ndarray, outline: np.ndarray, segment: np.ndarray, radius: float
) -> np.ndarray:
    """How much the mean colour of each segment's border changes over a tenth of the radius, where
    it changes most within a quarter of the radius on either side of the outline.

    Args:
        lab: CIELAB float32 h×w×3.
        outline: float32 N×2, x, y.
        segment: N numbers 0…7.
        radius: of the disc of the lesion's area, in pixels of `lab`.

    Returns:
        float 8, ΔE*ab ≥ 0; 0 for a segment whose border is mostly at the frame or not there.
    """
    if len(outline) < 2 * SEGMENTS:
        return np.zeros(SEGMENTS)
    reach = max(1, len(outline) // 64)
    along = np.roll(outline, -reach, axis=0) - np.roll(outline, reach, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    outward = np.stack([along[:, 1], -along[:, 0]], axis=1)
    if cv2.contourArea(outline.astype(np.float32), oriented=True) < 0:
        outward = -outward
    places = outline[:, None] + outward[:, None] * (radius * _OFFSETS[:, None])
    places = places.astype(np.float32)
    height, width = lab.shape[:2]
    seen = np.all((places >= 0) & (places <= (width - 1, height - 1)), axis=(1, 2))
    colours = cv2.remap(lab, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    of = np.eye(SEGMENTS, dtype=np.float32)[segment]  # N×8
    of_seen = of * np.reshape(seen, (-1, 1))
    all_points, seen_points = of.sum(axis=0), of_seen.sum(axis=0)
    sums = of_seen.T @ colours.reshape(len(outline), -1)
    profile = (sums / np.maximum(seen_points, 1)[:, None]).reshape(SEGMENTS, len(_OFFSETS), 3)
    change = np.linalg.norm(profile[:, _STEP:] - profile[:, :-_STEP], axis=2).max(axis=1)
    return np.where(seen_points >= np.maximum(all_points / 2, 1), change, 0.0)
