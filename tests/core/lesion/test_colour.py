"""The six colours are told apart, whatever the light; white only beside darker skin."""

import cv2
import numpy as np
import pytest

from core.lesion.colour import COLOURS, shares, to_lab

SKIN = (70.0, 11.0, 15.0)


def photo(
    lesion: tuple[float, float, float], skin: tuple[float, float, float] = SKIN
) -> np.ndarray:
    """A square of one CIELAB colour on another, sRGB uint8."""
    lab = np.full((60, 60, 3), skin, np.float32)
    lab[20:40, 20:40] = lesion
    return np.uint8(np.rint(255 * cv2.cvtColor(lab, cv2.COLOR_Lab2RGB)))


LESION = np.zeros((60, 60), bool)
LESION[20:40, 20:40] = True


def told(rgb: np.ndarray, around: bool = True) -> dict[str, float]:
    found = shares(rgb, to_lab(rgb), LESION, np.uint8(~LESION & around))
    assert found is not None
    return found


@pytest.mark.parametrize("colour", COLOURS, ids=lambda c: c.key)
def test_each_reference_is_named(colour) -> None:
    assert told(photo(colour.lab))[colour.key] == 1
    level = np.array([[[int(colour.hex[i : i + 2], 16) for i in (1, 3, 5)]]], np.uint8)
    assert to_lab(level)[0, 0] == pytest.approx(colour.lab, abs=1)


@pytest.mark.parametrize("colour", COLOURS, ids=lambda c: c.key)
@pytest.mark.parametrize("light", [(1.0, 0.85, 0.9), (0.9, 1.0, 0.75), (0.85, 0.95, 1.0)], ids=str)
def test_the_tint_of_the_light_does_not_matter(colour, light: tuple[float, float, float]) -> None:
    """The photo taken under another light: each channel of linear light gets its own factor."""
    rgb = photo(colour.lab)
    linear = (rgb / 255) ** 2.2 * light
    tinted = np.uint8(np.rint(255 * linear ** (1 / 2.2)))
    assert told(tinted)[colour.key] == 1


def test_white_is_lighter_than_the_skin() -> None:
    pale = (62.0, 8.7, -5.0)
    assert told(photo(pale, (50.0, 11.0, 15.0)))["white"] == 1
    beside_lighter_skin = told(photo(pale, (80.0, 11.0, 15.0)))
    assert beside_lighter_skin["white"] == 0
    assert sum(beside_lighter_skin.values()) == 0, "pale, but no colour of the rule"


def test_shares_are_of_the_lesion() -> None:
    rgb = photo(COLOURS[3].lab)
    rgb[20:25, 20:40] = photo(COLOURS[5].lab)[20:25, 20:40]
    found = told(rgb)
    assert found["dark_brown"] == 0.75
    assert found["black"] == 0.25


def test_without_skin_nothing_is_white() -> None:
    assert told(photo(COLOURS[0].lab), around=False)["white"] == 0
    assert told(photo(COLOURS[3].lab), around=False)["dark_brown"] == 1


def test_grey_photo_has_none() -> None:
    grey = np.uint8(np.where(LESION, 60, 180))[..., None].repeat(3, axis=2)
    assert shares(grey, to_lab(grey), LESION, np.uint8(~LESION)) is None


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_blown_out_photos_do_not_break_it(level: int) -> None:
    flat = np.full((60, 60, 3), level, np.uint8)
    assert shares(flat, to_lab(flat), LESION, np.uint8(~LESION)) is None
    flat[LESION] = (200, 40, 40)
    assert sum(told(flat).values()) <= 1


def test_lab_is_that_of_the_exact_formula() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    exact = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    assert np.abs(to_lab(rgb) - exact).max() < 2
