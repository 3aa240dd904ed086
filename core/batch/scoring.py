"""A batch's answers against one's own truth."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.batch.tables import safe
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


def matched(names: Mapping[str, str], told: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """What a table says of the photos of a batch. Names are compared without ending and in any
    case: with their folders, else without them where one photo alone and one row alone are called
    so, else as the batch's own tables call the photos.

    Args:
        names: of the photos as files, with their folders, by `Photo.image`.
        told: diagnoses by names of images.

    Returns:
        Diagnoses by `Photo.image`, without the photos that are not named; and those names of the
        table that may stand for several photos, or share one, which are left out.
    """
    whole = {_plain(name): image for image, name in names.items()}
    own = {_plain(image): image for image in names}
    found = {image: told[written] for written in told if (image := whole.get(_plain(written)))}
    last: dict[str, list[str]] = {}
    for image, name in names.items():
        last.setdefault(_plain(display_name(name)), []).append(image)
    rows = Counter(_plain(display_name(written)) for written in told)
    several = []
    for written, diagnosis in told.items():
        name, bare = _plain(written), _plain(display_name(written))
        called = last.get(bare, [])
        if name in whole or (called and found.keys() >= set(called)):
            continue
        if len(called) == 1 and rows[bare] == 1:
            found[called[0]] = diagnosis
        elif called:
            several.append(written)
        elif name in own:
            found.setdefault(own[name], diagnosis)
    return found, several


def _plain(name: str) -> str:
    """A name or path as it is compared; the apostrophe of our own tables is no difference."""
    path = safe(without_ending(name.replace("\\", "/")))
    return unicodedata.normalize("NFC", path).casefold()
