"""The measurements of a lesion as a table for people: what it is, the figure, how to read it."""

import math
from typing import NamedTuple

from core.formatting import percent
from core.lesion.colour import COLOURS, LEAST_SHARE
from core.lesion.measure import Measurements

LABELS = {
    "area_share": "Area, share of the frame",
    "equivalent_diameter_px": "Equivalent diameter",
    "asymmetry": "Asymmetry of shape",
    "colour_asymmetry": "Asymmetry of colour",
    "abrupt_segments": "Border: abrupt segments",
    "compactness": "Border: compactness",
    "solidity": "Border: solidity",
    "colours": "Colours of six",
    **{colour.key: f"Colour: {colour.name.lower()}" for colour in COLOURS},
    "in_colour": "The photo has colours",
    "touches_border": "Reaches the frame",
}
"""A name for each field of `Measurements`, in the order to show them."""


class Row(NamedTuple):
    """One measure: its name, its value with the unit, and what the value means."""

    label: str
    value: str
    reading: str


def described(measured: Measurements, pixel_mm: float | None = None) -> dict[str, Row]:
    """Every measurement of a lesion by its field, in the order to show them; the shares of the six
    colours are told in the row of `colours`.

    Args:
        pixel_mm: the side of a pixel in millimetres of skin, where it is known.
    """
    area = percent(measured.area_share, 1), "in millimetres only if the photo's width is known"
    diameter = f"{measured.equivalent_diameter_px:.0f} px"
    if pixel_mm:
        across = measured.equivalent_diameter_px * pixel_mm
        area = f"{math.pi / 4 * across**2:.1f} mm²", f"{area[0]} of the frame"
        diameter = f"{across:.1f} mm ({diameter})"
    told = {
        "area_share": area,
        "equivalent_diameter_px": (diameter, "of a disc of the same area"),
        "asymmetry": (f"{measured.asymmetry:.2f}", "0: halves match; 1: not at all"),
        "colour_asymmetry": (
            f"{measured.colour_asymmetry:.1f} ΔE",
            "typical colour difference of mirrored places; about 2 can just be seen",
        ),
        "abrupt_segments": (f"{measured.abrupt_segments} of 8", "more: sharper all around"),
        "compactness": (
            f"{measured.compactness:.2f}",
            "1: a smooth disc; more: ragged or elongated",
        ),
        "solidity": (f"{measured.solidity:.2f}", "1: no notches; less: notched"),
        "colours": (_colours(measured), "more: more varied"),
        "touches_border": (
            "yes" if measured.touches_border else "no",
            "if it does, it may be cut off",
        ),
    }
    labels = LABELS | ({"area_share": "Area"} if pixel_mm else {})
    return {field: Row(labels[field], *words) for field, words in told.items()}


def _colours(measured: Measurements) -> str:
    if not measured.in_colour:
        return "none: the photo is grey"
    shares = {colour.name.lower(): getattr(measured, colour.key) for colour in COLOURS}
    present = [f"{name} {percent(share)}" for name, share in shares.items() if share >= LEAST_SHARE]
    return f"{measured.colours} of 6" + (f": {', '.join(present)}" if present else "")
