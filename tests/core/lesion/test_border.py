"""Sharp and faded borders, all around or on one side, are told apart."""

import cv2
import numpy as np
import pytest

from core.lesion.border import ABRUPT, segment_of, steepness

CENTRE, RADIUS = np.array([60.0, 60.0]), 32.0
ANGLES = np.linspace(0, 2 * np.pi, 128, endpoint=False)
OUTLINE = CENTRE + RADIUS * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


def disc(softness: float, contrast: float = 40.0, tinted: bool = False) -> np.ndarray:
    """CIELAB of a dark disc that fades over so many radii."""
    y, x = np.mgrid[:120, :120]
    depth = 1 - np.hypot(x - CENTRE[0], y - CENTRE[1]) / RADIUS
    cover = np.clip(depth / softness + 0.5, 0, 1)
    lab = np.full((120, 120, 3), (70, 12, 14), np.float32)
    lab[..., 2 if tinted else 0] -= contrast * cover
    return lab


def steep(lab: np.ndarray, outline: np.ndarray = OUTLINE, angle: float = 0.0) -> np.ndarray:
    return steepness(lab, outline, segment_of(outline, CENTRE, angle), RADIUS)


def test_segments_are_eighths_from_the_axis_on() -> None:
    for angle in (0.0, 0.3):
        segment = segment_of(OUTLINE, CENTRE, angle)
        assert np.bincount(segment).tolist() == pytest.approx([16] * 8, abs=1)
        assert segment[np.searchsorted(ANGLES, angle + 0.1)] == 0
        assert segment[np.searchsorted(ANGLES, angle + 1.0)] == 1


@pytest.mark.parametrize("tinted", [False, True])
def test_a_sharp_border_is_abrupt_all_around(tinted: bool) -> None:
    found = steep(disc(0.03, tinted=tinted))
    assert found == pytest.approx(40, rel=0.05)
    assert (found >= ABRUPT).all()


def test_a_fading_border_is_nowhere_abrupt() -> None:
    """Forty units over six tenths of the radius: seven over each tenth."""
    found = steep(disc(0.6))
    assert found == pytest.approx(40 / 6, rel=0.1)
    assert (found < ABRUPT).all()


def test_no_contrast_no_border() -> None:
    assert steep(disc(0.03, contrast=5)) == pytest.approx(5, rel=0.1)
    assert not steep(disc(0.03, contrast=0)).any()


@pytest.mark.parametrize("flip", [1, -1])
def test_half_sharp_half_faded(flip: int) -> None:
    """Whichever way round the outline is given."""
    lab = disc(0.6)
    lab[60:] = disc(0.03)[60:]
    found = steep(lab, OUTLINE[::flip]) >= ABRUPT
    assert found.tolist() == [True] * 4 + [False] * 4  # y points down


def test_an_outline_slightly_off_does_not_hide_a_sharp_border() -> None:
    outline = CENTRE + 1.08 * (OUTLINE - CENTRE)
    assert (steep(disc(0.03), outline) >= ABRUPT).all()


def test_hairs_do_not_make_a_border_abrupt() -> None:
    lab = disc(0.6)
    for x in (40, 75):
        cv2.line(lab, (x, 0), (x + 20, 119), (15, 5, 5), 1)
    assert (steep(lab) >= ABRUPT).sum() <= 1


def test_what_the_frame_cuts_off_is_not_judged() -> None:
    lab = disc(0.03)[:, :85]
    found = steep(lab)
    assert (found[[0, 7]] == 0).all()
    assert (found[[3, 4]] >= ABRUPT).all()


@pytest.mark.parametrize("points", [0, 1, 8])
def test_too_small_to_tell(points: int) -> None:
    outline = OUTLINE[:points]
    found = steepness(disc(0.03), outline, segment_of(outline, CENTRE, 0.0), 1.0)
    assert found.tolist() == [0] * 8
