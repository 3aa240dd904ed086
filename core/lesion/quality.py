"""What about a photo may mislead the models, measured: blur, light, hair, and how the lesion lies.

Every figure is measured on the photo reduced to 200 px (HAM10000 as it is distributed for teaching,
and about what the networks see), so that files of every size compare. A figure is remarkable if it
lies outside of what the 1st to 99th percentiles of HAM10000's validation split are, which
`python -m core quality` measures into `quality.json`. So of photos like those, about one in a
hundred gets any given note, and a note says "unusual", not "bad".
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from core.imaging.image import resize, scaled
from core.lesion.hair import SEARCHED_PX, hair_mask

MEASURED_PX = SEARCHED_PX
"""Longest side at which everything is measured. A smaller photo is enlarged, which blurs it."""
PERCENTILES = (1, 99)
LIMITS = Path(__file__).with_name("quality.json")

BLACK, WHITE = 25, 240
"""Levels (0…255) up to which all three channels count as black, from which on as white: at 15 and
250 next to no photo of the validation split has such pixels at all."""
GAP_PX, RING_PX = 2, 15
"""The skin beside a lesion is what lies more than the first and at most the second away from it."""


@dataclass(frozen=True)
class Check:
    """One figure of a photo, and whether it is remarkable.

    Attributes:
        key: one of `KINDS`.
        value: the figure; its unit is that of its kind.
        low, high: the usual range on validation, ends included; None where there is no limit.
        remark: a sentence on what it means; empty if all is as usual.
        remedy: what helps in taking the photo again; empty if nothing does.
    """

    key: str
    value: float
    low: float | None
    high: float | None
    remark: str
    remedy: str = ""


@dataclass(frozen=True)
class Kind:
    """What is measured, and what to say of it.

    Attributes:
        title: its name, for people.
        unit: what 1 is of: `share`, `L*` (lightness 0…100), `ΔE` (distance in CIELAB), or ``.
        too_low, too_high: what to say below and above the limits; empty: there is no such limit.
        remedy_low, remedy_high: what then helps in taking the photo again.
        dermoscopy: whether it means something only where a photo shows skin with a lesion.
        matters: whether the remark belongs beside the answer.
    """

    title: str
    unit: str
    too_low: str = ""
    too_high: str = ""
    remedy_low: str = ""
    remedy_high: str = ""
    dermoscopy: bool = False
    matters: bool = True


KINDS: dict[str, Kind] = {
    "blur": Kind(
        "Blur",
        "",
        too_high="This photo is strongly blurred, so fine structures are lost.",
        remedy_high="Focus again and hold still, or use the original instead of a small copy.",
    ),
    "lightness": Kind(
        "Lightness",
        "L*",
        too_low="This photo is very dark.",
        too_high="This photo is very bright.",
        remedy_low="Take it again with more light.",
        remedy_high="Take it again with less light.",
    ),
    "clipped": Kind(
        "Black or white areas",
        "share",
        too_high="Parts of this photo are plain black or white and show nothing: glare, shadow, a "
        "ruler, or what was filled in.",
        remedy_high="Take it again without them.",
    ),
    "hair": Kind(
        "Dark hair",
        "share",
        too_high="Much dark hair lies over this photo. “Without hair” under “How sure?” shows what "
        "it does to the answer.",
        remedy_high="Part or wet the hair and take it again.",
        dermoscopy=True,
    ),
    "area": Kind(
        "Lesion's share of the frame",
        "share",
        too_low="The lesion is tiny in this frame.",
        remedy_low="Go closer, or crop the photo around it.",
        dermoscopy=True,
    ),
    "contrast": Kind(
        "Contrast of lesion and skin",
        "ΔE",
        too_low="The lesion hardly differs from the skin around it: check whether the outline is "
        "where you see the border.",
        dermoscopy=True,
        matters=False,
    ),
    "border": Kind(
        "Lesion along the frame",
        "share",
        too_high="The lesion reaches the frame and may be cut off.",
        remedy_high="Step back, so that skin shows on all sides.",
        dermoscopy=True,
        matters=False,
    ),
}
"""In the order to show them."""

GREY = "grey"
"""The key of the remark on a photo without colours, which is measured around the lesion."""
NO_COLOURS = "This photo has no colours; the models learned from photos in colour only."


def measure_quality(rgb: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """Measure a photo, in a few milliseconds, about half of them for hair.

    Args:
        rgb: uint8 H×W×3.
        mask: bool H×W of any size that spans the same frame, true on the lesion.

    Returns:
        by key of `KINDS`; without a lesion those of the photo alone:
        blur: 0 sharp … 1 (see `blur`);
        lightness: median L* (0…100) of the disc that touches the frame, whose corners may be black;
        clipped: share of that disc that is black or white;
        hair: share of the photo covered by dark hair (`core.lesion.hair`);
        area: share of the photo that is lesion;
        contrast: distance in CIELAB (ΔE, CIE 1976) of the median colours of the lesion and of the
            skin around it; absent if there is none in the photo;
        border: share of the frame's pixels that the lesion covers.

    Raises:
        ValueError: another dtype or shape of the photo.
    """
    size = scaled(rgb.shape[1], rgb.shape[0], MEASURED_PX)
    small = resize(rgb, size)
    area = cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 127
    colours = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    disc = _disc(*size)
    black = cv2.inRange(small, (0, 0, 0), (BLACK, BLACK, BLACK))
    white = cv2.inRange(small, (WHITE, WHITE, WHITE), (255, 255, 255))
    found = {
        "blur": blur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)),
        "lightness": float(np.median(colours[..., 0][disc])),
        "clipped": float((cv2.bitwise_or(black, white)[disc] > 0).mean()),
        "hair": float(hair_mask(small).mean()),
    }
    if not mask.any():
        return found
    found["area"] = float(mask.mean())
    away = cv2.distanceTransform(1 - area.astype(np.uint8), cv2.DIST_L2, 3)
    skin = (away > GAP_PX) & (away <= RING_PX)
    if area.any() and skin.any():
        found["contrast"] = float(
            np.linalg.norm(np.median(colours[area], axis=0) - np.median(colours[skin], axis=0))
        )
    frame = np.concatenate([area[0], area[-1], area[1:-1, 0], area[1:-1, -1]])
    found["border"] = float(frame.mean())
    return found


def blur(grey: np.ndarray) -> float:
    """How little a further blur changes: 0 sharp … 1 without any detail, whatever the contrast
    (Crété et al., "The blur effect: perception and estimation with a new no-reference perceptual
    blur metric", SPIE Human Vision and Electronic Imaging, 2007).

    Args:
        grey: uint8 H×W.
    """
    values = grey.astype(np.float32)
    worst = 0.0
    for axis, window in ((0, (1, 9)), (1, (9, 1))):
        steps = np.abs(np.diff(values, axis=axis))
        blurred = np.abs(np.diff(cv2.blur(values, window), axis=axis))
        lost, all_steps = np.maximum(0, steps - blurred).sum(), steps.sum()
        worst = max(worst, float(1 - lost / all_steps) if all_steps else 1.0)
    return worst


def check_quality(rgb: np.ndarray, mask: np.ndarray) -> tuple[Check, ...]:
    """Measure a photo and compare it with the validation split; see `measure_quality`.

    Returns:
        one check for each figure there is, in the order of `KINDS`.
    """
    checks = []
    found = measure_quality(rgb, mask)
    for key in (key for key in KINDS if key in found):
        kind, value, limits = KINDS[key], found[key], _limits()[key]
        low, high = limits.get("low"), limits.get("high")
        remark = remedy = ""
        if low is not None and value < low:
            remark, remedy = kind.too_low, kind.remedy_low
        elif high is not None and value > high:
            remark, remedy = kind.too_high, kind.remedy_high
        checks.append(Check(key, value, low, high, remark, remedy))
    return tuple(checks)


def remarks(
    checks: Sequence[Check], in_domain: bool, taken: bool | None = False, grey: bool = False
) -> dict[str, str]:
    """What to say of a photo, by `GREY` and the keys of `KINDS`, in their order.

    Args:
        in_domain: like the training images. Of other photos nothing is said that supposes a lesion.
        taken: whether the one who reads took the photo just now and so can take it again; None:
            perhaps.
        grey: the photo has no colours.
    """
    found = {
        check.key: _with_remedy(check, taken)
        for check in checks
        if check.remark and (in_domain or not KINDS[check.key].dermoscopy)
    }
    return {GREY: NO_COLOURS} | found if grey and in_domain else found


def _with_remedy(check: Check, taken: bool | None) -> str:
    if not check.remedy or taken is False:
        return check.remark
    if taken:
        return f"{check.remark} {check.remedy}"
    return f"{check.remark} If you took it yourself: {check.remedy[0].lower()}{check.remedy[1:]}"


def write_limits(found: dict[str, Any]) -> None:
    """Keep what `core.answer.quality_limits.fit_limits` found. Raises OSError."""
    LIMITS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def about_limits() -> dict[str, Any]:
    """`core/lesion/quality.json`: the limits, and what they were measured on."""
    return json.loads(LIMITS.read_text(encoding="utf-8"))


@cache
def _limits() -> dict[str, dict[str, float]]:
    return about_limits()["limits"]


@lru_cache(maxsize=8)
def _disc(width: int, height: int) -> np.ndarray:
    """bool H×W: the ellipse that touches all four sides."""
    y, x = np.ogrid[:height, :width]
    across, along = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
    return across**2 + along**2 <= 1
