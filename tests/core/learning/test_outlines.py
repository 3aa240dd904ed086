"""Outlines, against polygons made by hand."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from core.learning.outlines import (
    MOST_POINTS,
    MOST_RUNS,
    OutlineError,
    Painted,
    as_json,
    difference,
    from_json,
    mask_of,
    mean,
    outline_mask,
    painted_grid,
    read_drawing,
    read_outline,
    score,
)
from core.lesion.phantom import make_phantom

SQUARE = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]]


def circle(count: int, radius: float = 0.3) -> list[list[float]]:
    turns = [2 * math.pi * n / count for n in range(count)]
    return [[0.5 + radius * math.cos(t), 0.5 + radius * math.sin(t)] for t in turns]


def test_a_polygon_becomes_the_pixels_whose_centre_it_encloses() -> None:
    mask = outline_mask(read_outline(SQUARE), 10, 20)
    wanted = np.zeros((20, 10), bool)
    wanted[4:12, 2:6] = True
    assert (mask == wanted).all()
    triangle = outline_mask(read_outline([[0, 0], [1, 0], [0, 1]]), 4, 4)
    # A centre on the slanting side counts on one side only, so that two halves make a whole.
    other = outline_mask(read_outline([[1, 0], [1, 1], [0, 1]]), 4, 4)
    assert (triangle ^ other).all()
    assert outline_mask(read_outline([[0, 0], [1, 0], [1, 1], [0, 1]]), 7, 3).all()


def test_the_way_round_and_the_first_corner_do_not_matter() -> None:
    whole = outline_mask(read_outline(circle(24)), 120, 90)
    assert (outline_mask(read_outline(circle(24)[::-1]), 120, 90) == whole).all()
    assert (outline_mask(read_outline(circle(24)[7:] + circle(24)[:7]), 120, 90) == whole).all()
    wanted = math.pi * 0.3**2
    assert outline_mask(read_outline(circle(200)), 600, 450).mean() == pytest.approx(wanted, 2e-3)


def test_a_hollow_is_left_out() -> None:
    comb = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.6, 1.0], [0.6, 0.2], [0.4, 0.2], [0.4, 1.0], [0.0, 1.0]]  # noqa: E501  # fmt: skip
    mask = outline_mask(read_outline(comb), 10, 10)
    assert not mask[2:, 4:6].any()
    assert mask.sum() == 100 - 16


def test_scores_of_hand_made_squares() -> None:
    expert, model = np.zeros((2, 10, 10), bool)
    expert[2:6, 4:8] = True  # half of it in the student's square
    model[2:6, 2:6] = True
    found = score(read_outline(SQUARE), expert, model)
    assert (found.student.iou, found.student.dice) == (8 / 24, 16 / 32)
    assert (found.with_model.iou, found.with_model.dice) == (1, 1)
    assert found.model == found.student
    apart = difference(read_outline(SQUARE), expert)
    assert (apart.missed, apart.beyond) == (0.5, 0.5)
    alone = score(read_outline(SQUARE), expert, None)
    assert (alone.student, alone.with_model, alone.model) == (found.student, None, None)
    larger = np.kron(model, np.ones((3, 3))) > 0
    assert score(read_outline(SQUARE), expert, larger).with_model.iou == 1


def test_a_traced_lesion_scores_almost_one() -> None:
    import cv2

    mask = make_phantom(3, "melanoma").mask
    (border, *_), _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    points = border[:: max(1, len(border) // 100)].reshape(-1, 2)
    traced = [[(x + 0.5) / 600, (y + 0.5) / 450] for x, y in points.tolist()]
    assert score(read_outline(traced), mask, None).student.iou > 0.95


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (None, "arrive whole"),
        ("[[0,0],[1,0],[1,1]]", "arrive whole"),
        ({"points": SQUARE}, "arrive whole"),
        ([[0.1, 0.2, 0.3]] * 4, "arrive whole"),
        ([0.1, 0.2, 0.3], "arrive whole"),
        ([["0", "0"], [1, 0], [1, 1]], "arrive whole"),
        ([[True, 0], [1, 0], [1, 1]], "arrive whole"),
        ([[None, 0], [1, 0], [1, 1]], "arrive whole"),
        ([], "three points"),
        ([[0.1, 0.1], [0.2, 0.2]], "three points"),
        ([[0.1, 0.1]] * 50, "three points"),
        ([[0.1, 0.1], [0.9, 0.1], [0.9, 1.01]], "outside"),
        ([[-0.001, 0.1], [0.9, 0.1], [0.9, 0.9]], "outside"),
        ([[math.nan, 0.1], [0.9, 0.1], [0.9, 0.9]], "outside"),
        ([[math.inf, 0.1], [0.9, 0.1], [0.9, 0.9]], "outside"),
        ([[10**400, 0.1], [0.9, 0.1], [0.9, 0.9]], "outside"),
        ([[0.2, 0.2], [0.6, 0.6], [0.6, 0.2], [0.2, 0.6]], "crosses"),  # a bow tie
        ([[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]], "touches"),  # a corner upon a side
        ([[0, 0], [1, 0], [0.5, 0], [0.5, 1]], "touches"),  # back upon itself
        ([[0, 0], [0.5, 0.5], [1, 0], [1, 1], [0.5, 0.5], [0, 1]], "touches"),  # a corner twice
        ([[0.1, 0.1], [0.2, 0.1], [0.3, 0.101]], "almost nothing"),
        (circle(MOST_POINTS + 1), "200 points"),
        ([[0.5, 0.5]] * 1_000_000, "200 points"),
    ],
)
def test_what_is_no_outline_is_refused_in_words(sent: object, words: str) -> None:
    with pytest.raises(OutlineError, match=words):
        read_outline(sent)


def painted(mask: np.ndarray) -> dict[str, list[int]]:
    """As a browser sends it, counted pixel by pixel."""
    counts, belongs = [0], False
    for column in mask.T.tolist():
        for pixel in column:
            if pixel != belongs:
                counts.append(0)
                belongs = pixel
            counts[-1] += 1
    return {"size": list(mask.shape), "counts": counts}


def test_a_painted_area_is_read_column_by_column() -> None:
    # COCO's order: three pixels of nothing down the first column, then two painted, and so on.
    found = read_drawing({"size": [4, 3], "counts": [3, 2, 4, 3]}, (3, 4))
    wanted = [[0, 1, 0], [0, 0, 1], [0, 0, 1], [1, 0, 1]]
    assert mask_of(found, 3, 4).astype(int).tolist() == wanted
    assert read_drawing({"size": [2, 2], "counts": [0, 4]}, (2, 2)) == Painted(2, 2, (0, 4))
    assert painted_grid(900, 675) == painted_grid(300, 225) == (600, 450)


def test_a_painted_area_scores_as_the_outline_around_it() -> None:
    drawing, mask = read_outline(SQUARE), np.zeros((450, 600), bool)
    mask[90:270, 120:360] = True  # the same square
    found = read_drawing(painted(mask), (600, 450))
    assert isinstance(found, Painted)
    expert = make_phantom(3, "melanoma").mask
    model = make_phantom(4, "naevus").mask[::2, ::2]
    assert score(found, expert, model) == score(drawing, expert, model)
    assert difference(found, expert) == difference(drawing, expert)
    # Half the size, in other cases: the pixels whose centre is painted.
    assert (mask_of(found, 300, 225) == mask_of(drawing, 300, 225)).all()
    assert (mask_of(found, 1200, 900) == mask_of(drawing, 1200, 900)).all()
    # With a hole of a quarter of it, 240 × 180 pixels less 120 × 90, against the whole square.
    mask[135:225, 180:300] = False
    ring = score(read_drawing(painted(mask), (600, 450)), mask_of(drawing, 600, 450), None)
    assert (ring.student.iou, ring.student.dice) == (0.75, 1.5 / 1.75)


@pytest.mark.parametrize("drawing", [Painted(3, 4, (3, 2, 4, 3)), read_outline(SQUARE)])
def test_what_was_drawn_is_kept_as_json(drawing: Painted) -> None:
    assert from_json(json.loads(json.dumps(as_json(drawing)))) == drawing


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "arrive whole"),
        ({"size": [20, 30]}, "arrive whole"),
        ({"counts": [0, 600]}, "arrive whole"),
        ({"size": [30, 20], "counts": [0, 600]}, "arrive whole"),  # another grid
        ({"size": [20, 30, 1], "counts": [0, 600]}, "arrive whole"),
        ({"size": "20x30", "counts": [0, 600]}, "arrive whole"),
        ({"size": [20, 30], "counts": "0,600"}, "arrive whole"),
        ({"size": [20, 30], "counts": {"0": 600}}, "arrive whole"),
        ({"size": [20, 30], "counts": []}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, 599]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, 601]}, "arrive whole"),
        ({"size": [20, 30], "counts": [-600, 1200]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, 600.0]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, math.inf]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, "600"]}, "arrive whole"),
        ({"size": [20, 30], "counts": [599, True]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, None, 600]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, [600]]}, "arrive whole"),
        ({"size": [20, 30], "counts": [0, 10**400]}, "arrive whole"),
        ({"size": [20, 30], "counts": [600]}, "Almost nothing"),
        ({"size": [20, 30], "counts": [600, 0]}, "Almost nothing"),
        ({"size": [20, 30], "counts": [0] * (MOST_RUNS + 1)}, "too many pieces"),
        ({"size": [20, 30], "counts": [1] * 1_000_000}, "too many pieces"),
    ],
)
def test_what_is_no_painted_area_is_refused_in_words(sent: object, words: str) -> None:
    with pytest.raises(OutlineError, match=words):
        read_drawing(sent, (30, 20))


def test_a_point_set_twice_counts_once_and_whole_numbers_are_numbers() -> None:
    twice = [SQUARE[0], *SQUARE, SQUARE[3], SQUARE[0]]
    assert read_outline(twice) == read_outline(SQUARE) == tuple(map(tuple, SQUARE))
    assert read_outline([[0, 0], [1, 0], [1, 1]]) == ((0, 0), (1, 0), (1, 1))
    assert len(read_outline(circle(MOST_POINTS))) == MOST_POINTS


def test_means_have_students_interval() -> None:
    found = mean([0.6, 0.7, 0.8])
    # t of 2 degrees of freedom: 4.303; standard error 0.1/√3.
    assert found.value == pytest.approx(0.7)
    assert found.low == pytest.approx(0.7 - 4.303 * 0.1 / math.sqrt(3), abs=1e-4)
    assert found.high == pytest.approx(0.7 + 4.303 * 0.1 / math.sqrt(3), abs=1e-4)
    assert mean([0.9, 0.1]).low == 0
    assert mean([0.9, 1.0]).high == 1
    assert mean([0.9, -0.9]).low == -1
    assert (mean([0.5]).value, mean([0.5]).low) == (0.5, None)
    assert mean([]).value is None
