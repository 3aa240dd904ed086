"""Outlines that students draw and areas that they paint: read from a browser, turned into masks,
and scored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.special import stdtrit

from core.errors import UserError
from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.metrics import mask_scores
from core.imaging.image import scaled
from core.system.json_files import is_number

Outline = tuple[tuple[float, float], ...]
"""Corners x, y of a closed line, in shares 0…1 of the photo's width and height."""

MOST_POINTS = 200
GRID = 10_000
"""Corners lie on a grid of so many steps a side: a sixteenth of a pixel of HAM10000's photos."""
LEAST_AREA = 0.0005
"""Share of the photo that an outline must enclose, 135 pixels of 600×450."""
PAINTED_PX = 600
"""The longer side of the grid that a brush paints on: that of HAM10000's photos."""
MOST_RUNS = 20_000
"""Of a painted area. A lesion has one or two thousand; a scribble all over the photo has more."""


class OutlineError(UserError, ValueError):
    """This is no outline of a lesion; the message says why and what to do."""


@dataclass(frozen=True)
class Painted:
    """An area painted with a brush: which pixels of a grid over the photo belong to it.

    The pixels are kept, not the strokes: what was seen is what is scored, and it takes no more room
    after long painting and erasing. They are run lengths as in the annotations of COCO (T.-Y. Lin
    et al., "Microsoft COCO: Common Objects in Context", ECCV 2014), which `pycocotools` reads.

    Attributes:
        width, height: of the grid (`painted_grid`).
        counts: down each column, from the left one to the right one, how many pixels in a row do
            not belong to it, then how many do, and so on in turn.
    """

    width: int
    height: int
    counts: tuple[int, ...]


Drawing = Outline | Painted


@dataclass(frozen=True)
class Overlap:
    """How far two masks agree, 0…1 each: IoU (Jaccard index) and Dice."""

    iou: float
    dice: float


@dataclass(frozen=True)
class OutlineScores:
    """Who agrees with whom on one case; None: it could not be told.

    Attributes:
        student: the student's outline with the expert's.
        with_model: the student's with the model's.
        model: the model's with the expert's.
    """

    student: Overlap
    with_model: Overlap | None
    model: Overlap | None


@dataclass(frozen=True)
class Drawn:
    """What a student drew, with its scores once they were shown."""

    drawing: Drawing
    scores: OutlineScores | None = None


def read_drawing(sent: object, grid: tuple[int, int]) -> Drawing:
    """What a browser sent: an outline, or an area painted on a grid of that width and height.

    Raises:
        OutlineError: it is neither; see `read_outline` and `read_painted`.
    """
    return read_painted(sent, grid) if isinstance(sent, dict) else read_outline(sent)


def painted_grid(width: int, height: int) -> tuple[int, int]:
    """Width and height of the grid that is painted on over a photo of that width and height."""
    return scaled(width, height, PAINTED_PX)


def read_painted(sent: Mapping[Any, object], grid: tuple[int, int]) -> Painted:
    """What a browser sent as a painted area: `size`, height and width of the grid, and `counts`,
    the run lengths.

    Raises:
        OutlineError: it is none of that grid, has more than `MOST_RUNS`, or next to nothing of the
            photo is painted.
    """
    width, height = grid
    counts, size = sent.get("counts"), sent.get("size")
    if not isinstance(counts, list) or size != [height, width]:
        raise OutlineError("The painted area did not arrive whole. Paint it again.")
    if len(counts) > MOST_RUNS:
        raise OutlineError("The painted area is in too many pieces. Fill it in, or clear it.")
    if not all(type(n) is int and n >= 0 for n in counts) or sum(counts) != width * height:
        raise OutlineError("The painted area did not arrive whole. Paint it again.")
    if sum(counts[1::2]) < LEAST_AREA * width * height:
        raise OutlineError("Almost nothing is painted. Paint over the lesion.")
    return Painted(width, height, tuple(counts))


def as_json(drawing: Drawing) -> Any:
    """Pairs of numbers, or an object as COCO's; `from_json` reads it again."""
    if isinstance(drawing, Painted):
        return {"size": [drawing.height, drawing.width], "counts": list(drawing.counts)}
    return [list(corner) for corner in drawing]


def from_json(kept: Any) -> Drawing:
    """What `as_json` made."""
    if isinstance(kept, dict):
        height, width = kept["size"]
        return Painted(width, height, tuple(kept["counts"]))
    return tuple((x, y) for x, y in kept)


def read_outline(sent: object) -> Outline:
    """What a browser sent as an outline: a list of pairs of numbers 0…1. Corners that the next
    one repeats are left out, the others are put on the grid.

    Raises:
        OutlineError: it is none, leaves the photo, crosses itself, or encloses next to nothing.
    """
    if not isinstance(sent, list):
        raise OutlineError("The outline did not arrive whole. Draw it again, then confirm it.")
    if len(sent) > MOST_POINTS:
        raise OutlineError(
            f"An outline may have {MOST_POINTS} points; this one has {len(sent):,}. Clear it, and "
            "set fewer."
        )
    if not all(isinstance(p, list) and len(p) == 2 and all(map(is_number, p)) for p in sent):
        raise OutlineError("The outline did not arrive whole. Draw it again, then confirm it.")
    if not all(0 <= value <= 1 for point in sent for value in point):
        raise OutlineError("A point lies outside of the photo. Move it onto the photo, or undo it.")
    corners = [(round(x * GRID), round(y * GRID)) for x, y in sent]
    following = corners[1:] + corners[:1]
    corners = [c for c, after in zip(corners, following, strict=True) if c != after]
    if len(corners) < 3:
        raise OutlineError("An outline needs three points at least. Set more, then confirm it.")
    points = np.array(corners, np.int32)
    if meeting := _meeting(points):
        raise OutlineError(
            f"The outline crosses or touches itself: its side after point {meeting[0] + 1} meets "
            f"that after point {meeting[1] + 1}. Move a point, or undo."
        )
    if cv2.contourArea(points) / GRID**2 < LEAST_AREA:
        raise OutlineError("The outline encloses almost nothing. Draw it around the lesion.")
    return tuple((x / GRID, y / GRID) for x, y in corners)


def _meeting(corners: np.ndarray) -> tuple[int, int] | None:
    """Two sides that meet elsewhere than at the corner they share, by the places of their first
    corners; None of a simple polygon. Exact: `corners` is int32 N×2, on the grid."""
    ends = np.roll(corners, -1, axis=0)
    # Neighbours meet where the line turns back upon itself.
    along, onward = ends - corners, np.roll(ends - corners, -1, axis=0)
    back = (_cross(along, onward) == 0) & ((along * onward).sum(axis=1) < 0)
    if back.any():
        place = int(np.flatnonzero(back)[0])
        return place, (place + 1) % len(corners)
    first, second = np.triu_indices(len(corners), 2)
    apart = (first > 0) | (second < len(corners) - 1)
    first, second = first[apart], second[apart]
    a, b, c, d = corners[first], ends[first], corners[second], ends[second]
    meet = (
        (np.sign(_cross(b - a, c - a)) * np.sign(_cross(b - a, d - a)) <= 0)
        & (np.sign(_cross(d - c, a - c)) * np.sign(_cross(d - c, b - c)) <= 0)
        & (np.maximum(np.minimum(a, b), np.minimum(c, d))
           <= np.minimum(np.maximum(a, b), np.maximum(c, d))).all(axis=1)
    )  # fmt: skip
    if not meet.any():
        return None
    place = int(np.flatnonzero(meet)[0])
    return int(first[place]), int(second[place])


def _cross(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]


def outline_mask(outline: Outline, width: int, height: int) -> np.ndarray:
    """bool height×width: the pixels whose centre the outline encloses."""
    corners = np.array(outline) * (width, height)
    ends = np.roll(corners, -1, axis=0)
    rows = np.arange(height)[:, None] + 0.5
    crossed = (corners[:, 1] <= rows) != (ends[:, 1] <= rows)
    row, side = np.nonzero(crossed)
    (x, y), (u, v) = corners[side].T, ends[side].T
    at = x + (row + 0.5 - y) * (u - x) / (v - y)
    column = np.clip(np.ceil(at - 0.5), 0, width).astype(int)
    turns = np.zeros((height, width + 1), np.int64)
    np.add.at(turns, (row, column), 1)
    inside: np.ndarray = turns.cumsum(axis=1)[:, :width] % 2 == 1
    return inside


def painted_mask(painted: Painted) -> np.ndarray:
    """bool height×width of its grid."""
    belongs = np.arange(len(painted.counts)) % 2 == 1
    return np.repeat(belongs, painted.counts).reshape(painted.width, painted.height).T


def mask_of(drawing: Drawing, width: int, height: int) -> np.ndarray:
    """bool height×width: the pixels whose centre belongs to it."""
    if not isinstance(drawing, Painted):
        return outline_mask(drawing, width, height)
    mask = painted_mask(drawing).astype(np.uint8)
    nearest = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return nearest.astype(bool)


def overlap(one: np.ndarray, other: np.ndarray) -> Overlap:
    """Of two masks of one shape, bool."""
    dice, iou = mask_scores(one, other)
    return Overlap(iou, dice)


def score(drawing: Drawing, expert: np.ndarray, model: np.ndarray | None) -> OutlineScores:
    """Score what a student drew.

    Args:
        expert: bool H×W, the whole photo.
        model: likewise, at any size; None if there is none.
    """
    height, width = expert.shape
    mine = mask_of(drawing, width, height)
    if model is None:
        return OutlineScores(overlap(mine, expert), None, None)
    model = cv2.resize(model.astype(np.uint8) * 255, (width, height)) > 127
    return OutlineScores(overlap(mine, expert), overlap(mine, model), overlap(model, expert))


@dataclass(frozen=True)
class Difference:
    """How what a student drew differs from the expert's outline.

    Attributes:
        missed: share of the expert's area that the student left out, 0…1.
        beyond: area that the student drew beyond it, as a share of the expert's area, ≥ 0.
    """

    missed: float
    beyond: float


def difference(drawing: Drawing, expert: np.ndarray) -> Difference:
    """`expert` is bool H×W, not empty."""
    mine = mask_of(drawing, expert.shape[1], expert.shape[0])
    area = int(expert.sum())
    return Difference(int((expert & ~mine).sum()) / area, int((mine & ~expert).sum()) / area)


def mean(values: Sequence[float]) -> Figure:
    """The mean over cases, each of another lesion, with Student's 95 % interval (W. S. Gosset, "The
    probable error of a mean", Biometrika 6, 1908), which of ten cases is honest where a bootstrap's
    is too narrow. No interval of fewer than two; it never leaves -1…1, nor 0…1 if no value does.
    """
    if not values:
        return UNKNOWN
    middle = float(np.mean(values))
    if len(values) < 2:
        return Figure(value=middle, low=None, high=None)
    reach = float(stdtrit(len(values) - 1, 0.975)) * float(np.std(values, ddof=1))
    reach /= math.sqrt(len(values))
    least = 0.0 if min(values) >= 0 else -1.0
    return Figure(value=middle, low=max(least, middle - reach), high=min(1.0, middle + reach))
