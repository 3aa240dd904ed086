"""Random changes to training photos: one affine map in OpenCV, one colour matrix, then sharpness.

All geometry is one warp straight from the stored frame to the network's square, and all colour one
3×4 matrix, so that a sample costs about a millisecond: below a tenth of a training step on a CPU.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from core.imaging.image import resize
from train.choices import AUGMENTATIONS

LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue in luminance (ITU-R BT.601)."""
RING = 0.12
"""Width of the frame's edge that is taken for skin, as a share of its sides."""
DARK = 25
"""A pixel darker than that in every channel (0 to 255) is a black frame, not skin."""


@dataclass(frozen=True)
class Look:
    """How a camera shows skin.

    Attributes:
        skin: median red, green and blue of the photo's edge, 1 to 255.
        contrast: standard deviation of the photo's luminance, at least 1.
    """

    skin: tuple[float, float, float]
    contrast: float

    @classmethod
    def of(cls, image: np.ndarray) -> Look:
        """The look of a photo, uint8 H×W×3."""
        small = image[:: max(1, image.shape[0] // 48), :: max(1, image.shape[1] // 48)]
        height, width = small.shape[:2]
        y, x = max(1, round(RING * height)), max(1, round(RING * width))
        parts = (small[:y], small[-y:], small[y:-y, :x], small[y:-y, -x:])
        edge = np.concatenate([part.reshape(-1, 3) for part in parts])
        lit = edge[(edge > DARK).any(1)]
        skin = np.median(lit if len(lit) else edge, axis=0).clip(1)
        inside = small.reshape(-1, 3)
        inside = inside[(inside > DARK).any(1)]
        contrast = float((inside @ LUMA).std()) if len(inside) else 1.0
        return cls((float(skin[0]), float(skin[1]), float(skin[2])), max(contrast, 1.0))


class Augmentation:
    """Random changes to a photo (and its mask) that end at size × size.

    Args:
        size: of the result, in pixels.
        names: which changes, keys of `train.choices.AUGMENTATIONS`.
    """

    def __init__(self, size: int, names: tuple[str, ...] = tuple(AUGMENTATIONS)) -> None:
        self.size, self.names = size, frozenset(names)

    def __call__(
        self, image: np.ndarray, mask: np.ndarray | None = None, other: Look | None = None
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """One sample; its randomness is drawn from torch's global state.

        Args:
            image: uint8 H×W×3.
            mask: uint8 H×W, 0 to 255.
            other: the look of another camera; without it `camera` changes only the light.

        Returns:
            uint8 S×S×3, and the mask as uint8 S×S (None if there is none).
        """
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        look = Look.of(image)
        image, mask = self._placed(image, mask, look, rng)
        if "cutout" in self.names and mask is None and rng.random() < 0.3:
            image = _cut(image, look, rng)
        image = self._coloured(image, look, other, rng)
        if "camera" in self.names:
            image = _lit(image, rng)
        image = self._focused(image, rng)
        return np.ascontiguousarray(image), mask

    def _placed(
        self, image: np.ndarray, mask: np.ndarray | None, look: Look, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray | None]:
        """Zoom and stretch, turn, shift and shear, flip: one warp."""
        size = self.size
        if not self.names & {"zoom", "turn", "flip"}:
            mask = None if mask is None else cv2.resize(mask, (size, size))
            return resize(image, (size, size)), mask
        linear, centre = np.eye(2), np.zeros(2)
        if "flip" in self.names:
            linear = np.diag(rng.choice([-1.0, 1.0], 2))
        if "turn" in self.names:
            angle, shear = rng.uniform(-math.pi, math.pi), rng.uniform(-0.12, 0.12)
            cos, sin = math.cos(angle), math.sin(angle)
            linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[1, shear], [0, 1]]) @ linear
        if "zoom" in self.names:
            # Outside of the frame only if it turns anyway: a turn has empty corners to fill.
            widest = 1.15 if "turn" in self.names else 1.0
            zoom = math.exp(rng.uniform(math.log(0.5), math.log(widest)))
            stretch = math.exp(rng.uniform(-0.25, 0.25) / 2)
            sides = np.array([zoom * stretch, zoom / stretch])
            if "turn" not in self.names:
                sides = np.minimum(sides, 1)
            linear = linear @ np.diag(sides)
            centre = rng.uniform(-1, 1, 2) * np.maximum(0, 1 - sides) * 0.4
        if "turn" in self.names:
            centre = centre + rng.uniform(-0.08, 0.08, 2)
        height, width = image.shape[:2]
        scale = math.sqrt(abs(np.linalg.det(linear)) * width * height) / size
        if scale > 1.5:  # linear interpolation would skip pixels
            shrunk = (round(1.2 * width / scale), round(1.2 * height / scale))
            image = cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA)
            mask = None if mask is None else cv2.resize(mask, shrunk, interpolation=cv2.INTER_AREA)
            width, height = shrunk
        # Pixel p of the sample lies at (p + 1/2) / size - 1/2 of a unit square around its centre.
        frame = np.diag([width, height])
        step = frame @ linear / size
        start = frame @ (centre + 0.5 + linear @ np.full(2, 0.5 / size - 0.5)) - 0.5
        matrix = np.column_stack([step, start])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        fill = (0, 0, 0) if rng.random() < 0.15 else tuple(look.skin)
        placed = cv2.warpAffine(image, matrix, (size, size), flags=flags, borderValue=fill)
        if mask is not None:
            mask = cv2.warpAffine(mask, matrix, (size, size), flags=flags)
        return placed, mask

    def _coloured(
        self, image: np.ndarray, look: Look, other: Look | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Another camera's skin and contrast, then brightness, contrast, saturation and hue: one
        matrix."""
        matrix, shift = np.eye(3), np.zeros(3)
        if "camera" in self.names and other is not None:
            matrix, shift = _as_other(look, other, rng.uniform(0.4, 1))
        if "colour" in self.names:
            light, contrast, saturation = rng.uniform(0.75, 1.25, 3)
            hue = rng.uniform(-0.1, 0.1)
            grey = np.tile(LUMA, (3, 1))
            tint = light * contrast * (grey + saturation * (_hue(hue) - grey @ _hue(hue)))
            middle = (1 - contrast) * light * float(LUMA @ (matrix @ np.array(look.skin) + shift))
            matrix, shift = tint @ matrix, tint @ shift + middle
        if self.names & {"camera", "colour"}:
            image = cv2.transform(image, np.column_stack([matrix, shift]))
        return image

    def _focused(self, image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Blur as a poorer camera's, sharpening, JPEG."""
        size = self.size
        if "blur" in self.names and rng.random() < 0.3:
            small = max(8, round(size * rng.uniform(0.4, 1)))
            image = cv2.resize(image, (small, small), interpolation=cv2.INTER_AREA)
            image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
        if "sharpen" in self.names and rng.random() < 0.2:
            soft = cv2.GaussianBlur(image, (0, 0), 1.0)
            image = cv2.addWeighted(image, 2.0, soft, -1.0, 0)
        if "jpeg" in self.names and rng.random() < 0.2:
            quality = int(rng.integers(40, 96))
            coded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
            image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))[..., ::-1]
        return image


def _as_other(look: Look, other: Look, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Matrix and shift that give a photo another look, by `share` (0: none, 1: all of it).

    Each channel is multiplied so that skin becomes the other's skin (von Kries' adaptation), and
    luminance spreads about the skin as widely as there (Reinhard et al., "Color transfer between
    images", IEEE CG&A 21(5), 2001, of mean and deviation). Skin is read off the edge, so that the
    lesion's own colours are not made those of another lesion.
    """
    skin = np.array(look.skin)
    gains = np.clip(np.array(other.skin) / skin, 0.55, 1.8) ** share
    bright = float(LUMA @ (gains * skin) / (LUMA @ skin))
    spread = np.clip(other.contrast / (look.contrast * bright), 0.7, 1.4) ** share
    grey = np.tile(LUMA, (3, 1)) @ np.diag(gains)
    # luminance ← skin's + spread · (luminance - skin's); the colour beside it stays.
    matrix = np.diag(gains) + (spread - 1) * grey
    return matrix, (1 - spread) * grey @ skin


def _hue(angle: float) -> np.ndarray:
    """Rotation of colours about the grey axis by an angle in radians, 3×3."""
    axis = np.full(3, 1 / math.sqrt(3))
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    cos, sin = math.cos(angle), math.sin(angle)
    return cos * np.eye(3) + sin * cross + (1 - cos) * np.outer(axis, axis)


def _lit(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Now and then, a lamp that leaves the corners darker, or a dermatoscope's round edge."""
    chance = rng.random()
    if chance > 0.35:
        return image
    size = image.shape[0]
    at = (np.arange(size) + 0.5) / size - 0.5
    x, y = at - rng.uniform(-0.1, 0.1), at - rng.uniform(-0.1, 0.1)
    radius = np.sqrt(x[None] ** 2 + y[:, None] ** 2)
    if chance < 0.12:
        image = image.copy()
        image[radius > rng.uniform(0.46, 0.62)] = rng.integers(0, DARK)
        return image
    dim = (1 - rng.uniform(0.1, 0.5) * (radius / 0.7) ** 2).clip(0, 1).astype(np.float32)
    return cv2.multiply(image, cv2.merge([dim] * 3), dtype=cv2.CV_8U)


def _cut(image: np.ndarray, look: Look, rng: np.random.Generator) -> np.ndarray:
    """A rectangle of skin over a part of the photo (DeVries and Taylor, "Improved regularization of
    convolutional neural networks with cutout", arXiv 1708.04552)."""
    size = image.shape[0]
    high, wide = rng.integers(max(1, size // 10), max(2, size // 3), 2)
    y, x = rng.integers(0, size - high), rng.integers(0, size - wide)
    image = image.copy()
    image[y : y + high, x : x + wide] = look.skin
    return image
