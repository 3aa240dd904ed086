"""Axes are found, and asymmetry of shape and colour is what it must be, however the lesion lies."""

import numpy as np
import pytest

from core.lesion.symmetry import Symmetry, symmetry

Y, X = np.mgrid[:120, :120] - 59.5


def along(angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates on axes turned by an angle from x towards y."""
    return X * np.cos(angle) + Y * np.sin(angle), Y * np.cos(angle) - X * np.sin(angle)


def found(lesion: np.ndarray, lightness: np.ndarray | float = 50.0) -> Symmetry:
    rows, columns = np.nonzero(lesion)
    centre = np.array([columns.mean(), rows.mean()])
    reach = np.hypot(columns - centre[0], rows - centre[1]).max() + 2
    lab = np.zeros((120, 120, 3), np.float32)
    lab[..., 0] = lightness
    return symmetry(lesion.astype(np.uint8), lab, centre, reach)


TURNS = np.deg2rad([0, 13, 45, 77, 120, 200])


@pytest.mark.parametrize("turn", TURNS)
def test_ellipse(turn: float) -> None:
    u, v = along(turn)
    result = found((u / 45) ** 2 + (v / 25) ** 2 < 1)
    assert result.shape < 0.02
    assert result.colour == 0
    off = (result.angle - turn + np.pi / 4) % (np.pi / 2) - np.pi / 4
    assert abs(np.rad2deg(off)) < 3


@pytest.mark.parametrize("turn", TURNS)
def test_disc_with_a_dark_half(turn: float) -> None:
    """Symmetric about one axis; about the other all places differ by 20: 20/√2 over both."""
    u, _ = along(turn)
    result = found(np.hypot(X, Y) < 40, np.where(u > 0, 40.0, 60.0))
    assert result.shape < 0.02
    assert result.colour == pytest.approx(20 / np.sqrt(2), rel=0.07)


@pytest.mark.parametrize("turn", TURNS)
def test_half_disc(turn: float) -> None:
    """Mirrored at its centroid, 4/(3π) above the cut, 18.5 % differ; nothing about the other."""
    u, _ = along(turn)
    assert found((np.hypot(X, Y) < 50) & (u > 0)).shape == pytest.approx(0.185 / 2, abs=0.012)


def test_two_halves_are_not_symmetric() -> None:
    """An S of two displaced half discs has no mirror axis."""
    u, v = along(0.4)
    upper = (np.hypot(u - 15, v) < 30) & (v > 0)
    lower = (np.hypot(u + 15, v) < 30) & (v <= 0)
    assert found(upper | lower).shape > 0.08


def test_colour_decides_where_shape_does_not() -> None:
    """The axes of a disc follow its pattern."""
    u, v = along(0.5)
    spots = (np.hypot(u - 20, v) < 8) | (np.hypot(u + 20, v) < 8)
    result = found(np.hypot(X, Y) < 40, np.where(spots, 20.0, 60.0))
    assert result.angle == pytest.approx(0.5, abs=0.05)
    assert result.colour < 2


def test_one_pixel() -> None:
    lesion = np.zeros((120, 120), bool)
    lesion[60, 60] = True
    result = found(lesion)
    assert 0 <= result.shape <= 1
    assert result.colour == 0
