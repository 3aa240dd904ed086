"""What a network sees of a photo: squeezed to its square, without the black around a round field of
view, as many dermatoscopes' photos have it.

Nearly all training photos fill their frame, so that a small round picture on black is taken for no
dermoscopy every second time; with the black painted over it never is (`python -m
benchmarks.black_frame`, figures in benchmarks/README.md).
"""

import cv2
import numpy as np

from core.imaging.image import resize

BLACK = 40
"""A pixel no brighter than that in any channel (0 to 255) may be frame: room for stray light and
for JPEG's noise."""
LEAST_SHARE, MOST_SHARE = 0.01, 0.8
"""Of the photo. Less is not worth painting over; more leaves no photo of skin."""
EDGE = 0.015
"""Of the side: how far the frame's soft edge reaches."""
NEAR = 0.06
"""Of the side: how far away the skin is, about, that the frame is painted with."""


PAINTED_OVER = (
    "The black around the picture is painted over before the networks look: they have learned from "
    "photos that fill their frame."
)
"""For whoever's photo has a black frame."""


def network_input(rgb: np.ndarray, size: int) -> np.ndarray:
    """A photo as a network sees it: uint8 H×W×3 of any size → size×size×3."""
    return seen_by_network(rgb, size)[0]


def seen_by_network(rgb: np.ndarray, size: int) -> tuple[np.ndarray, bool]:
    """`network_input`, and whether a black frame was painted over in it."""
    pixels = resize(rgb, (size, size))
    frame = black_frame(pixels)
    return (pixels, False) if frame is None else (painted_over(pixels, frame), True)


def black_frame(rgb: np.ndarray) -> np.ndarray | None:
    """Where a photo shows the black around its field of view.

    That is black that reaches at least two of the photo's corners: a round picture has four of them
    dark, a bar at one side two. A lesion does not.

    Args:
        rgb: uint8 H×W×3.

    Returns:
        bool H×W; None if there is none.
    """
    corners = [0, 0, -1, -1], [0, -1, 0, -1]
    if (rgb[corners].max(1) <= BLACK).sum() < 2:  # of nearly all photos: no need to look further
        return None
    _, parts = cv2.connectedComponents((rgb.max(2) <= BLACK).astype(np.uint8), connectivity=4)
    reached = parts[corners]
    frame = np.isin(parts, reached[reached > 0])
    if not LEAST_SHARE <= frame.mean() <= MOST_SHARE:
        return None
    reach = 2 * round(EDGE * max(frame.shape)) + 1
    return cv2.dilate(frame.astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0


def painted_over(rgb: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """A photo (uint8 H×W×3) with soft skin in place of its frame (bool H×W): at each pixel the
    average of the skin nearby (normalised convolution: Knutsson and Westin, CVPR 1993), farther out
    that of the whole photo."""
    skin = (~frame).astype(np.float32)[..., None]
    lit = rgb * skin
    sigma = NEAR * max(frame.shape)
    weight = cv2.GaussianBlur(skin, (0, 0), sigma)[..., None]
    far = lit.sum((0, 1)) / max(skin.sum(), 1)
    trust = 1e-3
    soft = (cv2.GaussianBlur(lit, (0, 0), sigma) + trust * far) / (weight + trust)
    return np.where(frame[..., None], soft, rgb).round().astype(np.uint8)
