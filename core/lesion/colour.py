"""Colours of a lesion in CIELAB, and which of the six of the ABCD rule it shows.

The rule (Stolz et al., Eur. J. Dermatol. 4, 1994; Nachbar et al., J. Am. Acad. Dermatol. 30, 1994)
counts white, red, light brown, dark brown, blue-grey and black; white only where the lesion is
lighter than the skin around it. Each pixel gets the name of the nearest reference colour.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np


@dataclass(frozen=True)
class Named:
    """A colour of the ABCD rule.

    Attributes:
        key: as in `core.lesion.measure.Measurements`.
        name: for people.
        lab: its reference in CIELAB (D65): L* 0…100, a*, b*.
    """

    key: str
    name: str
    lab: tuple[float, float, float]

    @property
    def hex(self) -> str:
        """The reference as sRGB, `#rrggbb`."""
        rgb = cv2.cvtColor(np.array([[self.lab]], np.float32), cv2.COLOR_Lab2RGB)[0, 0]
        return "#" + bytes(np.rint(255 * rgb).astype(np.uint8)).hex()


COLOURS = (
    Named("white", "White", (77.7, 8.7, -13.3)),
    Named("red", "Red", (45.1, 58.9, 33.2)),
    Named("light_brown", "Light brown", (59.8, 28.4, 42.3)),
    Named("dark_brown", "Dark brown", (31.0, 17.0, 26.9)),
    Named("blue_grey", "Blue-grey", (47.0, 8.9, -16.5)),
    Named("black", "Black", (20.0, 15.3, 11.1)),
)
"""Reference colours, approximate. White and blue-grey as public code gives them after Kasmi and
Mokrani (IET Image Process. 10, 2016, doi 10.1049/iet-ipr.2015.0385); the browns and black are
middles of ranges in use that probably go back to Ali, Li and O'Shea (PLoS ONE 15, 2020, doi
10.1371/journal.pone.0234352). Neither paper itself was at hand. Red is our own choice, sRGB
(204, 51, 51): the dark red of the former, (118, 21, 17), is next to dark brown and was found in 43
of 80 naevi of HAM10000's validation split; the pure red of the latter is more vivid than any
skin."""

LEAST_SHARE = 0.05
"""A colour counts as present from this share of the lesion on. The rule gives no number."""

LEAST_CHROMA = 4.0
"""Where the mean a* and b* are nearer to grey than this, the photo is taken for a grey one."""

_SKIN_AB = (11.0, 15.0)
"""Roughly the a* and b* of human skin, which differ little beside L* (compare Xiao et al., Skin
Res. Technol. 23, 2017): what the surrounding skin is shifted to, so that the tint of the light is
not taken for the lesion's. L*, by which people differ most, stays."""

_GAIN = (0.5, 2.0)
"""Bounds of that shift, per channel: beyond them it is no tint of a light."""


_LAB_ZERO = np.array([0, 128, 128], np.float32)  # how OpenCV keeps CIELAB in bytes
_LAB_UNIT = np.array([100 / 255, 1, 1], np.float32)


def to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB uint8 h×w×3 to CIELAB (D65) float32 h×w×3, in steps of 0.4 (L*) and 1 (a*, b*)."""
    lab = np.subtract(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), _LAB_ZERO, dtype=np.float32)
    return np.multiply(lab, _LAB_UNIT, out=lab)


def shares(
    rgb: np.ndarray, lab: np.ndarray, lesion: np.ndarray, skin: np.ndarray
) -> dict[str, float] | None:
    """The share of a lesion's pixels that is nearest to each of the six colours.

    Args:
        rgb: uint8 h×w×3.
        lab: the same in CIELAB, see `to_lab`.
        lesion: bool h×w, true on the lesion; not empty.
        skin: uint8 h×w, not 0 on the skin around it. If there is none, the tint of the light is
            left as it is and no pixel counts as white.

    Returns:
        Shares 0…1 by `Named.key`; their sum is below 1 where the lesion is pale but no lighter than
        the skin, which is no colour of the rule. None if the photo has no colours.
    """
    if np.hypot(*cv2.mean(lab)[1:3]) < LEAST_CHROMA:
        return None
    pixels = rgb[lesion][None]
    brightness = np.inf
    if skin.any():
        typical = _median(rgb, skin)
        brightness = float(cv2.cvtColor(typical[None, None] / 255, cv2.COLOR_RGB2Lab)[0, 0, 0])
        pixels = cv2.LUT(pixels, _untinting(typical, brightness))
    inside = to_lab(pixels)[0]
    references = np.array([colour.lab for colour in COLOURS], np.float32)
    # |colour - reference|² without |colour|², which is the same for all references
    nearest = (inside @ (-2 * references.T) + (references**2).sum(axis=1)).argmin(axis=1)
    nearest[(nearest == 0) & (inside[:, 0] <= brightness)] = len(COLOURS)
    counts = np.bincount(nearest, minlength=len(COLOURS))
    return {c.key: float(n) / len(inside) for c, n in zip(COLOURS, counts, strict=False)}


def _median(rgb: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Median of each channel where the mask is not 0, float32 3, between levels too; from
    histograms, which is quick."""
    found = []
    for channel in range(3):
        counts = cv2.calcHist([rgb], [channel], where, [256], [0, 256]).ravel()
        below = np.cumsum(counts)
        found.append(np.interp(below[-1] / 2, below, np.arange(256) + 0.5))
    return np.array(found, np.float32)


def _untinting(skin: np.ndarray, brightness: float) -> np.ndarray:
    """A table uint8 1×256×3 that makes the skin (sRGB 0…255) as bright as it is, with the
    a* and b* of skin: one factor a channel on linear light (von Kries)."""
    wanted = np.array([[[brightness, *_SKIN_AB]]], np.float32)
    linear = cv2.cvtColor(wanted, cv2.COLOR_Lab2LRGB)[0, 0]
    light = _linear()
    gains = linear / np.maximum(np.interp(skin, np.arange(256), light), 1e-4)
    table = light[:, None] * np.clip(gains, *_GAIN)
    levels = np.where(table <= 0.0031308, 12.92 * table, 1.055 * table ** (1 / 2.4) - 0.055)
    return np.rint(255 * np.clip(levels, 0, 1)).astype(np.uint8)[None]


@cache
def _linear() -> np.ndarray:
    """Linear light 0…1 of the 256 levels of sRGB (IEC 61966-2-1)."""
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
