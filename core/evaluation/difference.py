"""The difference of two figures that were measured on different photos."""

import math

from core import formatting
from core.evaluation.figures import UNKNOWN, Figure

HOW = (
    "95 % intervals of a difference are those of two independent estimates, made from the two "
    "intervals (MOVER: Zou and Donner, Stat. Med. 27, 2008; Newcombe's method 10). The two "
    "test sets have no pairs, so no paired bootstrap is possible; where they share some photos the "
    "interval is too wide rather than too narrow. Each network was trained once: chance in "
    "training is not part of the interval."
)


def difference(a: Figure, b: Figure) -> Figure:
    """a − b, with the 95 % interval of the difference of two independent estimates.

    With d = a − b and intervals (l, u) of each, the ends are d − √((a − l_a)² + (u_b − b)²) and
    d + √((u_a − a)² + (b − l_b)²): Zou and Donner, "Construction of confidence limits about effect
    measures", Statistics in Medicine 27:1693 (2008). Intervals may be lopsided, as those of a
    bootstrap near 1 are. Unknown if either value is; without ends if either interval is.
    """
    if a.value is None or b.value is None:
        return UNKNOWN
    value = a.value - b.value
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return Figure(value=value, low=None, high=None)
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Figure(value=value, low=low, high=high)


def signed(figure: Figure) -> str:
    """A difference with its sign: `+0.041 (−0.012 to +0.070)`, as far as it is known."""
    if figure.value is None:
        return "–"
    number = formatting.signed(figure.value, 3)
    if figure.low is None or figure.high is None:
        return number
    low, high = formatting.signed(figure.low, 3), formatting.signed(figure.high, 3)
    return f"{number} ({low} to {high})"
