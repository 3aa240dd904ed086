"""Figures as people read them."""

import pytest

from core.formatting import chance, percent


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [(0.123, 0, "12 %"), (0.1234, 1, "12.3 %"), (0, 0, "0 %"), (1, 1, "100.0 %")],
)
def test_percent(share: float, digits: int, words: str) -> None:
    assert percent(share, digits) == words


@pytest.mark.parametrize(
    ("probability", "digits", "words"),
    [
        (0.0, 0, "<1 %"),
        (0.0099, 0, "<1 %"),
        (0.01, 0, "1 %"),
        (0.29, 0, "29 %"),
        (0.99, 0, "99 %"),
        (0.991, 0, ">99 %"),
        (1.0, 0, ">99 %"),
        (0.0004, 1, "<0.1 %"),
        (0.9996, 1, ">99.9 %"),
        (0.1234, 1, "12.3 %"),
    ],
)
def test_chance_never_claims_certainty(probability: float, digits: int, words: str) -> None:
    assert chance(probability, digits) == words
