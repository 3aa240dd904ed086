"""Drawing the cases of a quiz."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from core.errors import UserError
from core.learning.cases import QuizCase
from core.taxonomy import KEYS

LEVELS = {
    "balanced": "Balanced",
    "realistic": "Realistic mix",
    "hard": "Hard",
    "distrust": "Do not trust the AI",
    "weak": "My weak diagnoses",
}
"""Sets, as people call them."""
ABOUT = {
    "balanced": "All diagnoses about equally often.",
    "realistic": "As common as in HAM10000, where most lesions are naevi.",
    "hard": "Cases on which the model can hardly decide between two diagnoses.",
    "distrust": "Half of the model's answers are confident mistakes; the right ones name the same "
    "diagnoses.",
    "weak": "More of the diagnoses that you confuse or have not practised for a while.",
}
MEASURED = {"hard", "distrust"}
"""Sets that need what the model says of the test photos."""
CONFIDENT = 0.6
"""Probability from which an answer of the model counts as confident."""
HARD_SHARE = 0.15
"""Share of the lesions, those with the smallest margin, from which the hard ones are drawn."""
WEAK_SHARE = 2 / 3
"""Share of a set of weak diagnoses that is drawn by weakness; the rest is balanced, so that the
set does not tell the diagnosis."""


class DrawError(UserError, ValueError):
    """No such set can be drawn; the message says why and what to do."""


def draw(
    pool: pd.DataFrame,
    level: str,
    count: int,
    rng: np.random.Generator,
    seen: Collection[str] = (),
    weakness: Mapping[str, float] | None = None,
) -> list[QuizCase]:
    """A set of cases in random order, one photo a lesion and no lesion twice.

    Args:
        pool: of `core.learning.cases`.
        level: a key of `LEVELS`.
        count: cases wanted; fewer come if the pool has no more.
        seen: ids of lesions that were asked before; they come only where others run out.
        weakness: for the set of weak diagnoses, how weak each is, ≥ 0; missing ones count as 1.

    Raises:
        DrawError: the pool is empty, or lacks what the level needs.
    """
    if level in MEASURED and ("named" not in pool or pool["named"].isna().all()):
        raise DrawError(
            "This set needs the model's answers to the test photos. Measure the model on the test "
            "split first (python -m train evaluate classifier --split test), or choose another set."
        )
    photos = pool.iloc[rng.permutation(len(pool))]
    if level in MEASURED:
        photos = photos[photos["named"].notna()]
    lesions = photos.drop_duplicates("lesion_id")
    # Those not seen yet come first; within either part the order is random.
    old = lesions["lesion_id"].isin(list(seen)).to_numpy()
    lesions = lesions.iloc[np.argsort(old, kind="stable")]
    if lesions.empty:
        raise DrawError("There is no case to draw. Import the dataset again, or choose practice.")
    if level == "realistic":
        chosen = list(lesions.index[:count])
    elif level == "hard":
        nearest = lesions["margin"].rank(method="first") <= max(count, HARD_SHARE * len(lesions))
        chosen = list(lesions.index[nearest][:count])
    elif level == "distrust":
        chosen = _distrust(lesions, count)
    elif level == "weak":
        given = weakness or {}
        total = sum(given.get(k, 1.0) for k in KEYS) or 1.0
        even = (1 - WEAK_SHARE) / len(KEYS)
        shares = {k: even + WEAK_SHARE * given.get(k, 1.0) / total for k in KEYS}
        chosen = _by_shares(lesions, count, shares, rng)
    else:
        chosen = _by_shares(lesions, count, dict.fromkeys(KEYS, 1.0), rng)
    order = rng.permutation(len(chosen))
    return [
        QuizCase(str(i), str(pool.at[i, "lesion_id"]), str(pool.at[i, "dx"]))
        for i in (chosen[place] for place in order)
    ]


def _by_shares(
    lesions: pd.DataFrame, count: int, shares: Mapping[str, float], rng: np.random.Generator
) -> list[str]:
    """So many of each diagnosis as its share says, as far as there are; the rest by the others."""
    waiting = {k: list(lesions.index[lesions["dx"] == k]) for k in KEYS}
    taken = dict.fromkeys(KEYS, 0)
    chosen: list[str] = []
    while len(chosen) < count and any(waiting.values()):
        left = [k for k in KEYS if waiting[k]]
        whole = sum(shares[k] for k in left) or 1.0
        lacking = {k: shares[k] / whole * count - taken[k] + rng.random() * 1e-6 for k in left}
        key = max(left, key=lacking.__getitem__)
        chosen.append(waiting[key].pop(0))
        taken[key] += 1
    return chosen


def _distrust(lesions: pd.DataFrame, count: int) -> list[str]:
    sure = lesions[lesions["certainty"] >= CONFIDENT]
    wrong = sure[sure["named"] != sure["dx"]]
    if wrong.empty:
        raise DrawError("The model makes no confident mistake on these cases. Choose another set.")
    right = sure[sure["named"] == sure["dx"]]
    mistakes = list(wrong.index[: (count + 1) // 2])
    chosen, answers = list(mistakes), list(right.index)
    named = lesions["named"].to_dict()
    for mistake in mistakes[: count // 2]:
        if not answers:
            break
        # A right answer of the same name, or the word alone would tell the mistakes.
        like = next((i for i in answers if named[i] == named[mistake]), answers[0])
        answers.remove(like)
        chosen.append(like)
    return chosen
