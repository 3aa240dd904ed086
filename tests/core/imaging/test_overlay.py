"""What is drawn lands where it belongs, and nowhere else."""

import numpy as np
import pytest

from core.imaging.image import resize
from core.imaging.overlay import OUTLINE, canvas_for, draw, outline_path

SIZES = [(600, 450), (450, 600), (1000, 200), (333, 417)]


def photo(width: int = 600, height: int = 450, level: int = 120) -> np.ndarray:
    rgb = np.full((height, width, 3), level, np.uint8)
    rgb.setflags(write=False)  # as the pixels of a LesionImage are
    return rgb


def changed(drawn: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    return (drawn != rgb).any(axis=2)


def block(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is true; right and bottom are one beyond it."""
    ys, xs = np.nonzero(mask)
    return int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1


def test_nothing_to_draw() -> None:
    rgb = photo()
    for drawn in (
        draw(rgb),
        draw(rgb, mask=np.ones((450, 600), bool), outline=False),
        draw(rgb, mask=np.zeros((450, 600), bool), fill=0.5),
        draw(rgb, heatmap=np.eye(7), heat=0),
        draw(rgb, heatmap=np.full((7, 7), 0.4), heat=1),  # flat: no evidence anywhere
    ):
        assert drawn.dtype == np.uint8
        assert not np.shares_memory(drawn, rgb)
        assert (drawn == rgb).all()


# Outline and fill


def test_outline_runs_along_the_border_only() -> None:
    mask = np.zeros((450, 600), bool)
    mask[100:300, 200:450] = True
    drawn = draw(photo(), mask=mask)
    touched = changed(drawn, photo())
    assert (drawn[199, 200] == OUTLINE).all()
    assert block(touched) == pytest.approx((200, 100, 450, 300), abs=4)
    assert not touched[110:290, 210:440].any()


def test_outline_is_smooth() -> None:
    y, x = np.mgrid[:450, :600]
    disc = (x - 300) ** 2 + (y - 225) ** 2 < 100**2
    shades = np.unique(draw(photo(), mask=disc).reshape(-1, 3), axis=0)
    assert len(shades) > 10  # not just photo, black and cyan: the edges blend


def test_fill() -> None:
    mask = np.zeros((450, 600), bool)
    mask[100:300, 200:450] = True
    opaque = draw(photo(), mask=mask, outline=False, fill=1)
    assert (opaque[mask] == OUTLINE).all()
    assert (opaque[~mask] == 120).all()
    half = draw(photo(), mask=mask, outline=False, fill=0.5)
    assert np.abs(half[mask] - (np.add(OUTLINE, 120) / 2)).max() <= 0.5


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("mask_size", [(40, 30), (256, 256), (1200, 900)])
def test_mask_of_another_size(width: int, height: int, mask_size: tuple[int, int]) -> None:
    columns, rows = mask_size
    mask = np.zeros((rows, columns), bool)
    mask[rows // 5 : rows // 2, columns // 4 : columns * 9 // 10] = True
    rgb = photo(width, height)
    drawn = draw(rgb, mask=mask, outline=False, fill=1)
    left, top, right, bottom = np.array(block(mask)) / np.array([columns, rows] * 2)
    expected = (left * width, top * height, right * width, bottom * height)
    assert block(changed(drawn, rgb)) == pytest.approx(expected, abs=1)


# Heatmap


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("grid", [(7, 7), (8, 6)])
def test_heat_lies_on_its_cell(width: int, height: int, grid: tuple[int, int]) -> None:
    columns, rows = grid
    for column, row in ((2, 2), (columns - 3, 2), (3, rows - 3)):  # its glow stays inside
        heatmap = np.zeros((rows, columns), np.float32)
        heatmap[row, column] = 5
        heat = draw(photo(width, height, 0), heatmap=heatmap, heat=1).astype(float).sum(axis=2)
        y, x = np.mgrid[:height, :width] + 0.5
        assert (x * heat).sum() / heat.sum() == pytest.approx(
            (column + 0.5) * width / columns, abs=1
        )
        assert (y * heat).sum() / heat.sum() == pytest.approx((row + 0.5) * height / rows, abs=1)


@pytest.mark.parametrize("corner", [(0, 0), (0, 6), (6, 0), (6, 6)])
def test_heat_in_a_corner(corner: tuple[int, int]) -> None:
    heatmap = np.zeros((7, 7))
    heatmap[corner] = 1
    touched = changed(draw(photo(), heatmap=heatmap, heat=1), photo())
    assert touched[corner[0] and -1, corner[1] and -1]
    assert not touched[::-1, ::-1][corner[0] and -1, corner[1] and -1]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_a_network_sees_in_a_place_is_drawn_on_that_place(width: int, height: int) -> None:
    """A white patch, squeezed to a square as for the network, averaged per cell, drawn back."""
    rgb = np.zeros((height, width, 3), np.uint8)
    left, top, right, bottom = width // 2, height // 5, width * 4 // 5, height * 3 // 5
    rgb[top:bottom, left:right] = 255
    cells = resize(rgb, (224, 224))[..., 0].reshape(28, 8, 28, 8).mean(axis=(1, 3))
    drawn = draw(photo(width, height, 0), heatmap=cells, heat=1)
    hot = drawn.sum(axis=2) > drawn.sum(axis=2).max() / 2
    found = block(hot)
    half_a_cell = np.array([width, height] * 2) / 28 / 2
    assert (np.abs(np.subtract(found, (left, top, right, bottom))) <= 1 + half_a_cell).all()


def test_cold_places_keep_the_photo() -> None:
    heatmap = np.zeros((7, 7))
    heatmap[3, 3] = 1
    drawn = draw(photo(), heatmap=heatmap, heat=0.6)
    assert not changed(drawn, photo())[:90].any()  # a cell and a half away
    hottest = draw(photo(), heatmap=heatmap, heat=1)[225, 300]
    assert hottest == pytest.approx((253, 231, 37), abs=8)  # the yellow end of viridis
    faint, strong = (np.abs(draw(photo(), heatmap=heatmap, heat=h) - 120.0).sum() for h in (0.2, 1))
    assert 0 < faint < strong


# Size


@pytest.mark.parametrize(
    ("size", "least", "most", "expected"),
    [
        ((600, 450), 100, 300, (300, 225)),
        ((450, 600), 100, 300, (225, 300)),
        ((600, 450), 300, 900, (600, 450)),
        ((600, 450), 300, 600, (600, 450)),
        ((200, 150), 800, 800, (800, 600)),
        ((200, 150), 800, 1200, (800, 600)),
        ((5000, 40), 50, 100, (100, 1)),
    ],
)
def test_canvas(size: tuple[int, int], least: int, most: int, expected: tuple[int, int]) -> None:
    assert canvas_for(photo(*size), least, most).shape == (expected[1], expected[0], 3)


def test_heatmap_fades_in_without_an_edge() -> None:
    """From cold to hot, no neighbouring columns differ by more than a few grey levels."""
    grey = np.full((300, 900, 3), 200, np.uint8)
    ramp = np.linspace(0, 1, 6, dtype=np.float32)[None].repeat(4, axis=0)
    warm = draw(grey, heatmap=ramp, heat=0.6).astype(int)
    assert np.abs(np.diff(warm[150], axis=0)).max() <= 4
    assert np.abs(warm - 200).max() > 60


def test_another_colour_for_a_second_mask() -> None:
    mask = np.zeros((60, 80), bool)
    mask[20:40, 20:60] = True
    drawn = draw(np.zeros((60, 80, 3), np.uint8), mask=mask, fill=1.0, colour=(255, 176, 0))
    assert tuple(drawn[30, 40]) == (255, 176, 0)
    assert not (drawn == OUTLINE).all(axis=-1).any()


def test_the_border_of_a_hole_is_drawn_where_holes_count() -> None:
    mask = np.ones((30, 40), bool)
    mask[10:20, 10:30] = False
    assert outline_path(mask).count("M") == 1
    assert outline_path(mask, holes=True).count("M") == 2
    assert outline_path(np.zeros((3, 4), bool), holes=True) == ""
