"""The seven probabilities as bars, each beside its usual share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from core.answer.analyser import Analysis
from core.formatting import chance, percent
from core.taxonomy import BY_KEY, ORDER
from ui.figures import colour
from ui.parts.files import part

_PART = part("bars", "<div class='groups'></div>")


def rows(
    analysis: Analysis, usual: Mapping[str, float], flagged: str | None
) -> list[dict[str, Any]]:
    """The two groups as the browser draws them.

    Args:
        usual: the share of each diagnosis that the probabilities assume, by key.
        flagged: key of the diagnosis that is named although another is more probable.
    """
    dark = st.context.theme.type == "dark"
    groups = []
    for group in ("malignant", "benign"):
        keys = [key for key in ORDER if BY_KEY[key].group == group]
        groups.append(
            {
                "title": f"{group.capitalize()}: {chance(sum(map(analysis.probability, keys)))}",
                "hatched": group == "malignant",
                "rows": [
                    {
                        "name": BY_KEY[key].name,
                        "share": round(analysis.probability(key), 4),
                        "chance": chance(analysis.probability(key)),
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


def bars(
    analysis: Analysis, usual: Mapping[str, float], flagged: str | None, key: str = "bars"
) -> None:
    """Draw them; arguments as for `rows`, `key` for the session."""
    _PART(key=key, data={"groups": rows(analysis, usual, flagged)}, height="content")


def counts(answers: Sequence[str], usual: Mapping[str, float], key: str = "counts") -> None:
    """How many photos got each answer (keys), beside the usual share of each diagnosis."""
    dark = st.context.theme.type == "dark"
    groups = []
    for group in ("malignant", "benign"):
        keys = [k for k in ORDER if BY_KEY[k].group == group]
        number = {k: answers.count(k) for k in keys}
        found = [
            {
                "name": BY_KEY[k].name,
                "share": round(number[k] / len(answers), 4),
                "chance": f"{number[k]:,}",
                "usual": round(usual[k], 4),
                "usualText": f"usual {percent(usual[k])}",
                "colour": colour(k, dark),
                "flagged": False,
            }
            for k in keys
        ]
        title = f"{group.capitalize()}: {sum(number.values()):,}"
        groups.append({"title": title, "hatched": group == "malignant", "rows": found})
    _PART(key=key, data={"groups": groups}, height="content")
