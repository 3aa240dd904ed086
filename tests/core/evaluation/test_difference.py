"""The difference of two independent estimates, and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.evaluation.difference import difference, signed
from core.evaluation.figures import UNKNOWN, Figure


def test_symmetric_intervals_add_in_squares() -> None:
    found = difference(
        Figure(value=0.80, low=0.77, high=0.83), Figure(value=0.70, low=0.66, high=0.74)
    )
    assert found.value == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.05, 0.15))


def test_each_end_takes_the_sides_that_face_it() -> None:
    found = difference(Figure(value=0.9, low=0.7, high=0.95), Figure(value=0.5, low=0.4, high=0.55))
    assert found.low == pytest.approx(0.4 - math.hypot(0.2, 0.05))
    assert found.high == pytest.approx(0.4 + math.hypot(0.05, 0.1))


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    random = np.random.default_rng(3)

    def estimate(p: float, n: int) -> Figure:
        share = random.binomial(n, p) / n
        half = 1.96 * math.sqrt(share * (1 - share) / n)
        return Figure(value=share, low=share - half, high=share + half)

    held = [
        found.low <= 0.08 <= found.high
        for found in (difference(estimate(0.83, 900), estimate(0.75, 700)) for _ in range(2000))
    ]
    assert 0.93 < np.mean(held) < 0.97


def test_what_is_not_known_stays_unknown() -> None:
    known = Figure(value=0.5, low=0.4, high=0.6)
    assert difference(known, UNKNOWN) == UNKNOWN
    bare = difference(known, Figure(value=0.4, low=None, high=None))
    assert (bare.value, bare.low, bare.high) == (pytest.approx(0.1), None, None)
    assert signed(UNKNOWN) == "–"
    assert signed(bare) == "+0.100"
    assert signed(Figure(value=-0.02, low=-0.05, high=0.01)) == "−0.020 (−0.050 to +0.010)"
    assert signed(Figure(value=-0.0001, low=-0.05, high=0.0004)) == "0.000 (−0.050 to 0.000)"
