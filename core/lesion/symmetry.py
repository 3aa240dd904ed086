"""The axes of a lesion about which it is least asymmetric, and how asymmetric it is about them.

As in the ABCD rule (Stolz et al., Eur. J. Dermatol. 4, 1994), two axes at a right angle are laid
through the lesion so that asymmetry is least. The mirror image of a point at angle φ about an axis
at angle α is at 2α - φ: on a map with a column for each angle, all axes are tried at once by one
convolution, which is a product of Fourier transforms.
"""

from dataclasses import dataclass

import cv2
import numpy as np

_ANGLES, _RINGS = 256, 24
_SAMPLING = cv2.INTER_LINEAR | cv2.WARP_FILL_OUTLIERS
_CONTRAST = 20.0
"""When the axes are chosen, a colour difference of so many ΔE*ab weighs as much as a place without
its mirror image; it is about that between light and dark brown."""

_TIE = 0.005
"""Pairs of axes whose likeness differs by less than about this share of the lesion are as good:
their figures are averaged, so that these do not jump when another of them happens to be best."""


@dataclass(frozen=True)
class Symmetry:
    """The asymmetry of a lesion about the two axes on which it is least.

    Attributes:
        angle: of one axis, radians 0…π/2 from the x axis towards y (down); the other is at a right
            angle to it.
        shape: mean over both axes of (area not matched by the mirrored lesion) / (2·area), 0…1.
        colour: root mean square CIELAB difference ΔE*ab, over both axes, between places in the
            lesion and their mirror images that are also in it, ≥ 0.
    """

    angle: float
    shape: float
    colour: float


def symmetry(lesion: np.ndarray, lab: np.ndarray, centre: np.ndarray, reach: float) -> Symmetry:
    """Find the axes through the centre and measure the asymmetry about them.

    Args:
        lesion: uint8 h×w, 1 on the lesion.
        lab: CIELAB float32 h×w×3.
        centre: x, y of the lesion's centroid.
        reach: how far from it the lesion goes, in pixels.
    """
    polar = _unrolled(lesion, lab, centre, reach)
    rings = np.sqrt(np.arange(_RINGS, dtype=np.float32))[:, None]  # samples are denser inside
    inside = (polar[3] > 0.5) * rings
    area = float((inside**2).sum())
    if not area:
        return Symmetry(0.0, 0.0, 0.0)
    colour = polar[:3]
    colour = colour - (colour.reshape(3, -1) @ (inside**2).ravel() / area)[:, None, None]
    planes = np.concatenate(
        [inside[None], (inside * (colour**2).sum(axis=0))[None], inside * colour]
    )
    place, square, *shades = np.fft.rfft(planes, axis=2)
    # Sums over all places and their mirror images, for each axis: of places in both, of the square
    # of both colours, of their product
    both, squares, products = np.fft.irfft(
        [
            (place**2).sum(axis=0),
            2 * (place * square).sum(axis=0),
            sum((shade**2).sum(axis=0) for shade in shades),
        ],
        _ANGLES,
    )
    shape = 1 - both / area
    difference = np.maximum(squares - 2 * products, 0) / np.maximum(both, 1)
    likeness = _paired(both + products / _CONTRAST**2)
    best = int(likeness.argmax())
    weight = np.exp((likeness - likeness[best]) / (_TIE * area))
    weight /= weight.sum()
    return Symmetry(
        best * np.pi / _ANGLES,
        max(0.0, float(weight @ _paired(shape))),
        float(np.sqrt(weight @ _paired(difference))),
    )


def _paired(values: np.ndarray) -> np.ndarray:
    """Mean of what is found about each axis and the one at a right angle to it."""
    half = _ANGLES // 2
    return (values[:half] + values[half:]) / 2


def _unrolled(lesion: np.ndarray, lab: np.ndarray, centre: np.ndarray, reach: float) -> np.ndarray:
    """L*, a*, b* and lesion on a map of rings (rows) and angles (columns), float32 4×R×A."""
    field = cv2.merge([*cv2.split(cv2.blur(lab, (3, 3))), lesion.astype(np.float32)])
    place = (float(centre[0]), float(centre[1]))
    polar = cv2.warpPolar(field, (_RINGS, _ANGLES), place, reach, _SAMPLING)
    return np.ascontiguousarray(polar.transpose(2, 1, 0))
