"""Figures as people read them."""

import pytest

from core.answer.words import rule_in_words
from core.evaluation.figures import Rule
from core.formatting import chance, percent, times


@pytest.mark.parametrize(
    ("share", "digits", "words"),
    [(0.123, 0, "12 %"), (0.1234, 1, "12.3 %"), (0, 0, "0 %"), (1, 1, "100.0 %")],
)
def test_percent(share: float, digits: int, words: str) -> None:
    assert percent(share, digits) == words


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.0, "<1 %"),
        (0.0099, "<1 %"),
        (0.01, "1 %"),
        (0.29, "29 %"),
        (0.99, "99 %"),
        (0.991, ">99 %"),
        (1.0, ">99 %"),
    ],
)
def test_chance_never_claims_certainty(probability: float, words: str) -> None:
    assert chance(probability) == words


@pytest.mark.parametrize(
    ("probability", "usual", "words"),
    [
        (0.44, 0.11, "four times"),
        (0.23, 0.11, "twice"),
        (0.18, 0.11, "1.6 times"),
        (0.11, 0.11, "about"),
        (0.05, 0.11, "less than"),
        (0.5, 0.012, "42 times"),
    ],
)
def test_beside_the_usual_share(probability: float, usual: float, words: str) -> None:
    assert times(probability, usual) == words


@pytest.mark.parametrize(
    ("exponent", "formula"),
    [
        (1.0, "probability / share,"),
        (0.9, "share^0.9,"),
        (0.5, "√share,"),
        (0.0, "most probable diagnosis: the highest probability,"),
        (None, "whose exponent is not stated,"),
    ],
)
def test_a_rule_reads_as_one_writes_it(exponent: float | None, formula: str) -> None:
    assert formula in rule_in_words(Rule(exponent=exponent))


def test_a_rule_says_which_diagnoses_count_more() -> None:
    said = rule_in_words(Rule(exponent=1, weights={"mel": 1.5, "mine": 2}))
    assert "melanoma counted 1.5 times" in said
    assert "mine counted 2 times" in said
