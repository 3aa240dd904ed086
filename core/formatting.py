"""Numbers as people read them, in one way everywhere."""

from __future__ import annotations


def percent(share: float, digits: int = 0) -> str:
    """A share 0…1 as a percentage: `12 %`."""
    return f"{share * 100:.{digits}f} %"


def chance(probability: float, digits: int = 0) -> str:
    """A probability as a percentage that never claims certainty: `<1 %`, `12 %`, `>99 %`."""
    smallest = 10.0**-digits
    value = probability * 100
    if value < smallest:
        return f"<{smallest:g} %"
    if value > 100 - smallest:
        return f">{100 - smallest:g} %"
    return f"{value:.{digits}f} %"
