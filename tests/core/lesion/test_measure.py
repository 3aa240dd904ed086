"""Measurements of shapes whose figures are known, whichever way they lie in the photo."""

import math
from dataclasses import asdict, replace
from functools import cache, partial

import cv2
import numpy as np
import pytest

from core.imaging.image import LesionImage
from core.lesion.colour import COLOURS
from core.lesion.measure import Measurements, measure
from core.lesion.phantom import KINDS, make_phantom
from tests.effort import cost


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


def painted(mask: np.ndarray) -> np.ndarray:
    """Brown where the mask is, skin elsewhere."""
    rgb = np.full((*mask.shape, 3), (215, 175, 155), np.uint8)
    rgb[mask] = (120, 80, 55)
    return rgb


def measured(mask: np.ndarray, rgb: np.ndarray | None = None) -> Measurements:
    result, anatomy = measure(mask, painted(mask) if rgb is None else rgb)
    assert result is not None
    assert anatomy is not None
    assert 0 <= result.abrupt_segments == anatomy.abrupt.sum() <= 8
    assert 0 <= result.colours <= 6
    assert 0 <= sum(getattr(result, c.key) for c in COLOURS) <= 1 + 1e-9
    assert result.colour_asymmetry >= 0
    assert np.isfinite(anatomy.outline).all()
    assert anatomy.outline.shape == (len(anatomy.segment), 2)
    assert anatomy.edges.shape == (8, 2)
    assert 0 < result.area_share <= 1
    assert 0 <= result.asymmetry <= 1
    assert result.compactness >= 1
    assert 0 < result.solidity <= 1
    assert all(type(value) in (float, int, bool) for value in asdict(result).values())
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


def turned(photo: np.ndarray, degrees: float) -> np.ndarray:
    """A photo or mask turned about its middle; it grows to hold all, skin beyond its edges."""
    height, width = photo.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), degrees, 1)
    cos, sin = np.abs(matrix[0, :2])
    size = int(height * sin + width * cos), int(height * cos + width * sin)
    matrix[:, 2] += np.subtract(size, (width, height)) / 2
    if photo.dtype == bool:
        return cv2.warpAffine(photo * np.uint8(255), matrix, size) > 127
    edges = cv2.BORDER_REFLECT_101
    return cv2.warpAffine(photo, matrix, size, flags=cv2.INTER_CUBIC, borderMode=edges)


def scaled(photo: np.ndarray, factor: float) -> np.ndarray:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    size = (round(photo.shape[1] * factor), round(photo.shape[0] * factor))
    if photo.dtype == bool:
        return cv2.resize(photo * np.uint8(255), size, interpolation=how) > 127
    return cv2.resize(photo, size, interpolation=how)


CHANGES = {
    "a quarter turn": lambda p: np.ascontiguousarray(np.rot90(p)),
    "half a turn": lambda p: np.ascontiguousarray(np.rot90(p, 2)),
    "33 degrees": lambda p: turned(p, 33),
    "-70 degrees": lambda p: turned(p, -70),
    "flipped": lambda p: np.ascontiguousarray(p[:, ::-1]),
    "flipped and turned": lambda p: turned(p[::-1], 20),
    "half the size": lambda p: scaled(p, 0.5),
    "twice the size": lambda p: scaled(p, 2),
}

phantom = cache(partial(make_phantom, 2))

FLOORS = {
    "asymmetry": 0.015,
    "colour_asymmetry": 0.5,  # ΔE*ab
    "white": 0.02,
    "red": 0.02,
    "light_brown": 0.02,
    "dark_brown": 0.02,
    "blue_grey": 0.02,
    "black": 0.02,
    "abrupt_segments": 1,  # one may lie just at the limit
    "colours": 1,  # as may the share of one
}
"""Beside 5 % of the value, this is how far a figure may be off."""


def assert_alike(photo: np.ndarray, mask: np.ndarray, change: str) -> None:
    before = asdict(measured(mask, photo))
    after = asdict(measured(CHANGES[change](mask), CHANGES[change](photo)))
    for name in ("compactness", "solidity", *FLOORS):
        expected = pytest.approx(before[name], rel=0.05, abs=FLOORS.get(name, 0))
        assert after[name] == expected, name


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
def test_same_photo_same_figures(kind: str, change: str) -> None:
    lesion = phantom(kind)
    assert_alike(lesion.image.rgb, lesion.mask, change)


def test_same_real_photo_same_figures(samples) -> None:
    """Of photos that show the skin around the lesion too: turning cannot bring it back."""
    seen = 0
    for name in list(samples.masks)[::6]:
        mask = LesionImage.from_bytes(samples.masks[name]).rgb[..., 0] > 127
        ys, xs = np.nonzero(mask)
        free = min(ys.min(), xs.min(), 449 - ys.max(), 599 - xs.max())
        if free > 0.4 * math.sqrt(mask.sum() / math.pi):
            change = list(CHANGES)[seen % len(CHANGES)]
            assert_alike(LesionImage.from_bytes(samples.images[name]).rgb, mask, change)
            seen += 1
    assert seen >= len(CHANGES)


def test_the_scale_of_the_mask_does_not_matter() -> None:
    lesion = make_phantom(3, "melanoma")
    whole = asdict(measured(lesion.mask, lesion.image.rgb))
    small = asdict(measured(scaled(lesion.mask, 0.5), lesion.image.rgb))
    assert small["equivalent_diameter_px"] == pytest.approx(
        whole["equivalent_diameter_px"], rel=0.01
    )
    for name, floor in FLOORS.items():
        assert small[name] == pytest.approx(whole[name], rel=0.05, abs=floor), name


@pytest.mark.parametrize("angle", range(0, 90, 7))
def test_asymmetry_of_an_even_shape_does_not_depend_on_how_it_lies(angle: float) -> None:
    """No long and no short axis: a disc and a square."""
    square = np.array([[-90, -90], [90, -90], [90, 90], [-90, 90]], float)
    for shape in (square, arc(0, 360, 100)):
        assert measured(polygon(shape, angle=angle)).asymmetry < 0.02


def test_quick() -> None:
    """The budget is 4 ms on an idle machine; this only guards against a slow way of doing it."""
    lesion = make_phantom(1, "melanoma")
    assert cost(lambda: measure(lesion.mask, lesion.image.rgb), 15) < 1.5


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
    nothing = np.zeros((450, 600), bool)
    assert measure(nothing, painted(nothing)) == (None, None)


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
        measure(mask, np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize(
    "photo", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))]
)
def test_not_a_photo(photo: np.ndarray) -> None:
    with pytest.raises(ValueError, match="Expected a uint8 H×W×3 photo"):
        measure(np.ones((4, 4), bool), photo)


# Colours and border, as far as they show in the figures


def test_grey_photo_has_no_colours() -> None:
    mask = polygon(NOTCHED)
    grey = np.where(mask[..., None], np.uint8(70), np.uint8(190)).repeat(3, axis=2)
    figures = measured(mask, grey)
    assert not figures.in_colour
    assert figures.colours == 0
    assert not any(getattr(figures, c.key) for c in COLOURS)
    assert figures.abrupt_segments == 8
    assert measured(mask).in_colour


def test_lesion_that_fills_the_frame_has_no_border() -> None:
    figures = measured(np.ones((450, 600), bool))
    assert figures.abrupt_segments == 0
    assert figures.white == 0
    assert figures.colours >= 1


def test_anatomy_is_in_pixels_of_the_photo() -> None:
    mask = polygon(arc(0, 360, 150, 70), angle=20, centre=(280.0, 200.0))
    for scale in (1, 3):
        _, anatomy = measure(mask, scaled(painted(mask), scale))
        assert anatomy.width == 600 * scale
        assert (np.array(anatomy.centre) + 0.5) / scale == pytest.approx((280.5, 200.5), abs=0.6)
        outline = (anatomy.outline + 0.5) / scale - 0.5
        inner = cv2.erode(mask.view(np.uint8), None)
        distance = cv2.distanceTransform(1 - (mask.view(np.uint8) - inner), cv2.DIST_L2, 5)
        at = np.rint(outline).astype(int)
        assert distance[at[:, 1], at[:, 0]].max() < 2.5
        x, y = anatomy.edges[0] - anatomy.centre
        assert np.rad2deg(np.arctan2(y, x)) == pytest.approx(20, abs=2)
        reaches = np.linalg.norm(anatomy.edges - anatomy.centre, axis=1) / scale
        assert sorted(reaches[::2]) == pytest.approx([70, 70, 150, 150], rel=0.06)
        assert not anatomy.outline.flags.writeable


def test_a_reduced_copy_has_the_pixels_of_the_full_photo() -> None:
    mask = np.pad(np.ones((60, 80), bool), 70)
    rgb = np.full((*mask.shape, 3), 120, np.uint8)
    small, full = (measure(mask, rgb, width)[0] for width in (None, 4 * mask.shape[1]))
    assert small
    assert full
    assert full.equivalent_diameter_px == pytest.approx(4 * small.equivalent_diameter_px)
    assert replace(full, equivalent_diameter_px=small.equivalent_diameter_px) == small
