"""A batch's answers against one's own truth."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.evaluation.metrics import balanced_accuracy, confusion
from core.evaluation.shares import Share, share
from core.imaging.formats import without_ending
from core.imaging.image import display_name
from core.taxonomy import ORDER


@dataclass(frozen=True, eq=False)
class Score:
    """How often the answers are right.

    Attributes:
        right: how many of the photos whose truth is known have it for an answer.
        balanced: mean of the recalls of the diagnoses that occur, 0…1.
        confusion: how many photos of each true diagnosis (rows) got each answer (columns), by key
            in the order of `ORDER`.
    """

    right: Share
    balanced: float
    confusion: pd.DataFrame


def score(pairs: Iterable[tuple[str, str]]) -> Score | None:
    """Score pairs of the true diagnosis and the answer, both keys; None if there are none."""
    found = np.array([(ORDER.index(true), ORDER.index(answer)) for true, answer in pairs])
    if not len(found):
        return None
    labels, named = found.T
    counts = confusion(named, labels, len(ORDER))
    return Score(
        share(int(counts.trace()), len(found)),
        balanced_accuracy(named, labels),
        pd.DataFrame(counts, index=list(ORDER), columns=list(ORDER)),
    )


def matched(names: Mapping[str, str], told: Mapping[str, str]) -> dict[str, str]:
    """What a table says of the photos of a batch.

    Args:
        names: of the photos as files, by whatever tells them apart.
        told: diagnoses by names of images, with or without ending, in any case.

    Returns:
        Diagnoses by what tells the photos apart; photos that are not named are left out.
    """
    said = {_plain(name): diagnosis for name, diagnosis in told.items()}
    found = {which: said.get(_plain(name)) for which, name in names.items()}
    return {which: diagnosis for which, diagnosis in found.items() if diagnosis}


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", without_ending(display_name(name))).casefold()
