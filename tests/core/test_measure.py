"""Measurements of shapes whose figures are known, whichever way they lie in the photo."""

import math

import cv2
import numpy as np
import pytest

from core.measure import Measurements, measure


def polygon(
    points: np.ndarray,
    *,
    angle: float = 0,
    scale: float = 1,
    flip: bool = False,
    shape: tuple[int, int] = (450, 600),
    centre: tuple[float, float] | None = None,
) -> np.ndarray:
    """A mask of a filled polygon (N×2 around 0), flipped, turned by degrees, scaled, placed."""
    turn = np.deg2rad(angle)
    points = points * ((-1, 1) if flip else (1, 1)) * scale
    points = points @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    points = points + (centre or (shape[1] / 2, shape[0] / 2))
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(points * 16).astype(np.int32)], 1, shift=4)
    return mask.astype(bool)


def arc(start: float, end: float, across: float, along: float | None = None) -> np.ndarray:
    """Points on an ellipse with the given half axes, from one angle in degrees to another."""
    t = np.deg2rad(np.linspace(start, end, 720))
    return np.stack([across * np.cos(t), (along or across) * np.sin(t)], axis=1)


NOTCHED = np.vstack([arc(25, 335, 100, 70), [[20, 0]]])
"""An ellipse with a wedge cut out at one end."""


def measured(mask: np.ndarray) -> Measurements:
    result = measure(mask)
    assert result is not None
    assert 0 < result.area_share <= 1
    assert 0 <= result.asymmetry <= 1
    assert result.compactness >= 1
    assert 0 < result.solidity <= 1
    assert all(type(value) in (float, bool) for value in result.as_dict().values())
    return result


# Known shapes


@pytest.mark.parametrize("radius", [20, 60, 150])
def test_disc(radius: int) -> None:
    y, x = np.mgrid[:450, :600]
    mask = np.hypot(x - 299.5, y - 224.5) < radius
    disc = measured(mask)
    assert disc.area_share == mask.mean()
    assert disc.equivalent_diameter_px == pytest.approx(2 * radius, abs=0.5)
    assert disc.asymmetry < 0.02
    assert disc.compactness == pytest.approx(1, abs=0.02)
    assert disc.solidity > 0.98
    assert not disc.touches_border


@pytest.mark.parametrize("angle", [0, 30, 45, 90])
def test_ellipse(angle: float) -> None:
    ellipse = measured(polygon(arc(0, 360, 150, 70), angle=angle))
    perimeter = math.pi * (3 * 220 - math.sqrt((3 * 150 + 70) * (150 + 3 * 70)))  # Ramanujan
    assert ellipse.equivalent_diameter_px == pytest.approx(2 * math.sqrt(150 * 70), rel=0.01)
    assert ellipse.asymmetry < 0.02
    assert ellipse.compactness == pytest.approx(
        perimeter**2 / (4 * math.pi * math.pi * 150 * 70), rel=0.03
    )
    assert ellipse.solidity > 0.98


def test_square() -> None:
    mask = np.zeros((450, 600), bool)
    mask[100:300, 200:400] = True
    square = measured(mask)
    assert square.area_share == 200 * 200 / (450 * 600)
    assert square.asymmetry < 0.01
    assert square.compactness == pytest.approx(4 / math.pi, rel=0.03)
    assert square.solidity == pytest.approx(1, abs=0.01)


def test_half_disc() -> None:
    """Symmetric about one axis; mirrored at its centroid, 4/(3π) above the cut, 18.5 % differ."""
    half = measured(polygon(arc(0, 180, 150)))
    assert half.asymmetry == pytest.approx(0.185 / 2, abs=0.01)
    assert half.compactness == pytest.approx((math.pi + 2) ** 2 / (2 * math.pi**2), rel=0.03)
    assert half.solidity > 0.98


def test_notch() -> None:
    whole, notched = measured(polygon(arc(0, 360, 100, 70))), measured(polygon(NOTCHED))
    assert notched.solidity < whole.solidity - 0.05
    assert notched.compactness > whole.compactness + 0.2
    assert notched.asymmetry > whole.asymmetry + 0.03


def test_ragged_border_is_less_compact() -> None:
    t = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    radius = 100 + 8 * np.cos(24 * t)
    ragged = measured(polygon(np.stack([radius * np.cos(t), radius * np.sin(t)], axis=1)))
    assert ragged.compactness > 1.5
    assert ragged.solidity < 0.95
    assert ragged.asymmetry < 0.05


# The same lesion, photographed otherwise


@pytest.mark.parametrize(
    "change",
    [
        {"angle": 17},
        {"angle": 45},
        {"angle": 90},
        {"angle": 203},
        {"flip": True},
        {"flip": True, "angle": 66},
        {"centre": (180.5, 260.25)},
        {"scale": 0.5, "shape": (225, 300)},
        {"scale": 2, "shape": (900, 1200)},
        {"scale": 7, "shape": (3150, 4200), "angle": 30},
    ],
    ids=str,
)
def test_same_lesion_same_figures(change: dict) -> None:
    reference, other = measured(polygon(NOTCHED)), measured(polygon(NOTCHED, **change))
    assert other.area_share == pytest.approx(reference.area_share, rel=0.05)
    assert other.asymmetry == pytest.approx(reference.asymmetry, rel=0.05, abs=0.03)
    assert other.compactness == pytest.approx(reference.compactness, rel=0.05)
    assert other.solidity == pytest.approx(reference.solidity, rel=0.05)
    scale = change.get("scale", 1)
    assert other.equivalent_diameter_px == pytest.approx(
        reference.equivalent_diameter_px * scale, rel=0.03
    )


def test_specks_beside_the_lesion_do_not_change_its_shape() -> None:
    lesion = polygon(NOTCHED)
    specks = lesion.copy()
    specks[20:25, 30:35] = specks[400:404, 570:580] = True
    without, with_them = measured(lesion), measured(specks)
    assert with_them.area_share > without.area_share
    for name in ("asymmetry", "compactness", "solidity"):
        assert getattr(with_them, name) == getattr(without, name)


# Odd masks


def test_empty() -> None:
    assert measure(np.zeros((450, 600), bool)) is None


@pytest.mark.parametrize("shape", [(450, 600), (3000, 4000)])
def test_one_pixel(shape: tuple[int, int]) -> None:
    mask = np.zeros(shape, bool)
    mask[101, 203] = True
    pixel = measured(mask)
    assert pixel.area_share == 1 / mask.size
    assert pixel.equivalent_diameter_px == pytest.approx(2 / math.sqrt(math.pi))
    assert (pixel.asymmetry, pixel.solidity) == (0, 1)


def test_full_frame() -> None:
    full = measured(np.ones((450, 600), bool))
    assert full.area_share == 1
    assert full.asymmetry < 0.01
    assert full.solidity == pytest.approx(1, abs=0.01)
    assert full.touches_border


@pytest.mark.parametrize("radius", range(1, 12))
def test_figures_of_tiny_lesions_stay_in_range(radius: int) -> None:
    assert measured(polygon(arc(0, 360, radius))).compactness < 1.3


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_touches_border(side: str) -> None:
    place = {"left": (59, 225), "right": (540, 225), "top": (300, 59), "bottom": (300, 390)}[side]
    assert measured(polygon(arc(0, 360, 60), centre=place)).touches_border
    inwards = np.sign(np.subtract((300, 225), place)) * 3
    moved = tuple(np.add(place, inwards))
    assert not measured(polygon(arc(0, 360, 60), centre=moved)).touches_border


@pytest.mark.parametrize(
    "mask",
    [np.ones((4, 4), np.uint8), np.ones((4, 4), float), np.ones((4, 4, 1), bool), np.ones(4, bool)],
    ids=["uint8", "float", "three axes", "one axis"],
)
def test_not_a_mask(mask: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Expected a bool H×W mask"):
        measure(mask)
