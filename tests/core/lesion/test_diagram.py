"""Axes and segments are drawn where they were measured, abrupt ones not by colour alone."""

import numpy as np
import pytest

from core.imaging.overlay import OUTLINE
from core.lesion.diagram import ABRUPT_LINE, draw_anatomy
from core.lesion.measure import measure

Y, X = np.mgrid[:450, :600]
MASK = ((X - 300) / 150) ** 2 + ((Y - 225) / 80) ** 2 < 1


def photo(mask: np.ndarray = MASK) -> np.ndarray:
    """Sharp on the right, faded on the left."""
    reach = np.hypot((X - 300) / 150, (Y - 225) / 80)
    cover = np.where(X > 300, mask, np.clip((1.4 - reach) / 0.8, 0, 1))[..., None]
    rgb = np.uint8(215 - cover * (100, 110, 115))
    rgb.setflags(write=False)
    return rgb


def drawn(**options: bool) -> np.ndarray:
    _, anatomy = measure(MASK, photo())
    return draw_anatomy(photo(), anatomy, **options)


def has(rgb: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (rgb == colour).all(axis=2)


def test_nothing_to_draw() -> None:
    plain = drawn(axes=False, segments=False)
    assert (plain == photo()).all()
    assert not np.shares_memory(plain, photo())


def test_axes_lie_on_the_lesion_and_reach_beyond_it() -> None:
    cyan = has(drawn(segments=False), OUTLINE)
    assert cyan[225, 140:460].mean() > 0.9
    assert cyan[140:310, 300].mean() > 0.9
    ys, xs = np.nonzero(cyan)
    assert (xs.min(), xs.max(), ys.min(), ys.max()) == pytest.approx((127, 473, 133, 317), abs=6)


def test_abrupt_border_is_thick_and_unbroken_the_other_thin_and_dashed() -> None:
    picture = drawn(axes=False)
    amber = has(picture, ABRUPT_LINE)
    assert amber[:, 320:].any(axis=0)[:120].all()
    assert not amber[:, 140:280].any()
    touched = (picture != photo()).any(axis=2)
    band = (np.abs(np.hypot((X - 300) / 150, (Y - 225) / 80) - 1) < 0.08) & (np.abs(X - 300) > 40)
    right, left = touched & band & (X > 300), touched & band & (X < 300)
    assert right.sum() > 1.5 * left.sum() > 0


@pytest.mark.parametrize("scale", [0.5, 2])
def test_photo_at_another_scale(scale: float) -> None:
    _, anatomy = measure(MASK, photo())
    canvas = np.full((int(450 * scale), int(600 * scale), 3), 200, np.uint8)
    cyan = has(draw_anatomy(canvas, anatomy, segments=False), OUTLINE)
    ys, xs = np.nonzero(cyan)
    assert xs.mean() / scale == pytest.approx(300, abs=4)
    assert ys.mean() / scale == pytest.approx(225, abs=4)
    assert (xs.max() - xs.min()) / scale == pytest.approx(345, abs=10)


@pytest.mark.parametrize("lesion", ["one pixel", "whole frame"])
def test_odd_lesions_can_be_drawn(lesion: str) -> None:
    mask = np.ones((450, 600), bool)
    if lesion == "one pixel":
        mask[:] = False
        mask[7, 590] = True
    _, anatomy = measure(mask, photo())
    assert (draw_anatomy(photo(), anatomy) != photo()).any()
