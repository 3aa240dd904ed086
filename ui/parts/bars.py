"""The seven probabilities as bars, each beside its usual share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.answer.analyser import Analysis
from core.formatting import chance, percent
from core.taxonomy import BY_KEY, ORDER
from ui.figures import colour, is_dark
from ui.parts.files import part

_PART = part("bars", "<div class='groups'></div>", "groups")


def rows(
    analysis: Analysis, usual: Mapping[str, float], flagged: str | None
) -> list[dict[str, Any]]:
    """The two groups as the browser draws them.

    Args:
        usual: the share of each diagnosis that the probabilities assume, by key.
        flagged: key of the diagnosis that is named although another is more probable.
    """
    shares = {key: analysis.probability(key) for key in ORDER}
    return _groups(shares, lambda keys: chance(sum(shares[k] for k in keys)), usual, flagged)


def bars(
    analysis: Analysis, usual: Mapping[str, float], flagged: str | None, key: str = "bars"
) -> None:
    """Draw them; arguments as for `rows`, `key` for the session."""
    _PART(key=key, data={"groups": rows(analysis, usual, flagged)}, height="content")


def counts(answers: Sequence[str], usual: Mapping[str, float]) -> None:
    """How many photos got each answer (keys), beside the usual share of each diagnosis."""
    shares = {k: answers.count(k) / len(answers) for k in ORDER}
    groups = _groups(shares, lambda keys: f"{sum(map(answers.count, keys)):,}", usual, None)
    _PART(key="counts", data={"groups": groups}, height="content")


def _groups(
    shares: Mapping[str, float],
    words: Callable[[Sequence[str]], str],
    usual: Mapping[str, float],
    flagged: str | None,
) -> list[dict[str, Any]]:
    """Of shares of 1 by key; `words` tells how much several keys have together."""
    dark = is_dark()
    groups = []
    for group in ("malignant", "benign"):
        keys = [key for key in ORDER if BY_KEY[key].group == group]
        groups.append(
            {
                "title": f"{group.capitalize()}: {words(keys)}",
                "hatched": group == "malignant",
                "rows": [
                    {
                        "name": BY_KEY[key].name,
                        "share": round(shares[key], 4),
                        "chance": words([key]),
                        "usual": round(usual[key], 4),
                        "usualText": f"usual {percent(usual[key])}",
                        "colour": colour(key, dark),
                        "flagged": key == flagged,
                    }
                    for key in keys
                ],
            }
        )
    return groups
