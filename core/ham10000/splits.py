"""The one fixed split of HAM10000 into training, validation and test lesions; and, to show what it
prevents, a random one of images.

Images of one lesion are near copies of each other: under a random split by image, most test
lesions would also be training lesions. The split is therefore drawn by lesion, stratified by
diagnosis, and committed as a file whose hash (`split id`) every model card carries.

`by_image` splits as most notebooks do. Its figures flatter; `Leak` says by how many lesions, and no
model made with it is ever the app's (`core.models.registry.unfit`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import UserError
from core.evaluation.figures import BY_IMAGE, Leak
from core.models.cards import Card

SPLITS = ("train", "validation", "test")
SHARE = 0.15
"""Of each diagnosis' lesions: the test, and as many again for validation."""
SPLIT_FILE = Path(__file__).with_name("split.csv")
TEST_IMAGES, VALIDATION_IMAGES = 0.2, 0.1
"""Of a split by image: the share of the test, and that of validation in the rest."""


class SplitError(UserError, ValueError):
    """A split is damaged, incomplete, or lets a lesion cross its borders."""


@dataclass(frozen=True)
class Split:
    """Which lesion belongs where.

    Attributes:
        of_lesion: lesion id -> `train`, `validation` or `test`.
        id: first 12 hex digits of the SHA-256 over the sorted `lesion,split` lines.
    """

    of_lesion: dict[str, str]
    id: str

    @classmethod
    def draw(cls, lesions: pd.Series) -> Split:
        """Draw a split: within each diagnosis, lesions in the order of the SHA-256 of their id;
        the first 15 % are test, the next 15 % validation, the rest training. No random state, so
        any machine and any library version gives the same one.

        Args:
            lesions: diagnosis of each lesion, indexed by lesion id.
        """
        of_lesion: dict[str, str] = {}
        for _, group in lesions.groupby(lesions):
            few = round(len(group) * SHARE)
            of_lesion |= _dealt(sorted(group.index, key=_place), few, few)
        return cls.of(of_lesion)

    @classmethod
    def of(cls, of_lesion: dict[str, str]) -> Split:
        """The split that puts each lesion where it is said to belong."""
        lines = "".join(f"{lesion},{split}\n" for lesion, split in sorted(of_lesion.items()))
        return cls(of_lesion, hashlib.sha256(lines.encode()).hexdigest()[:12])

    @classmethod
    def read(cls, path: Path = SPLIT_FILE) -> Split:
        """Read a split file (CSV with the columns lesion_id, split).

        Raises:
            SplitError: not readable, an unknown split name, or a lesion without id or listed twice.
        """
        try:
            table = pd.read_csv(path, dtype=str)
            lesions, splits = table["lesion_id"], table["split"]
        except (OSError, ValueError, KeyError) as error:
            raise SplitError(f"The split file {path.name} cannot be read: {error}") from error
        if lesions.isna().any():
            raise SplitError(f"The split file {path.name} has a row without lesion.")
        if lesions.duplicated().any():
            twice = lesions[lesions.duplicated()].iloc[0]
            raise SplitError(f"The split file {path.name} lists lesion {twice} twice.")
        if not splits.isin(SPLITS).all():
            raise SplitError(f"The split file {path.name} may only name {', '.join(SPLITS)}.")
        return cls.of(dict(zip(lesions, splits, strict=True)))

    def assign(self, lesion_ids: pd.Series) -> pd.Series:
        """The split of each image, from its lesion id (same index).

        Raises:
            SplitError: an image's lesion is not in the split.
        """
        assigned = lesion_ids.map(self.of_lesion)
        if assigned.isna().any():
            missing = lesion_ids[assigned.isna()].iloc[0]
            raise SplitError(
                f"Lesion {missing} is not part of the split {self.id}. The metadata is not the "
                "HAM10000 table that this split was drawn for; import the original one."
            )
        assert_no_leak(lesion_ids, assigned)
        return assigned


def assert_no_leak(lesion_ids: pd.Series, splits: pd.Series) -> None:
    """Make sure that no lesion has images in two splits.

    Raises:
        SplitError: one has.
    """
    if not lesion_ids.index.equals(splits.index):
        raise SplitError("Lesion ids and splits are of different images.")
    crossing = splits.groupby(lesion_ids).nunique()
    if (crossing > 1).any():
        raise SplitError(
            f"{int((crossing > 1).sum())} lesions have images in more than one split, e.g. "
            f"{crossing[crossing > 1].index[0]}. A model tested on them would have seen them."
        )


def by_image(photos: pd.DataFrame, seed: int) -> tuple[pd.Series, Split]:
    """A random split of images, whatever lesion they show: 20 % are test, a tenth of the other 80 %
    validation, as in most notebooks (`train_test_split(..., test_size=0.2)`, then again for
    validation). Images in the order of the SHA-256 of seed and id, so that the same seed gives the
    same split everywhere.

    Args:
        photos: a row each, indexed by image id.

    Returns:
        the split of each image, with the same index; and the split as `Split` names it: by image
        instead of by lesion, its id beginning with `BY_IMAGE`.
    """
    names = [str(name) for name in photos.index]
    order = sorted(names, key=lambda name: _place(f"{seed} {name}"))
    test = round(len(order) * TEST_IMAGES)
    split = Split.of(_dealt(order, test, round((len(order) - test) * VALIDATION_IMAGES)))
    splits = pd.Series([split.of_lesion[name] for name in names], index=photos.index, dtype=object)
    return splits, replace(split, id=f"{BY_IMAGE}{split.id}")


def _dealt(order: list[str], test: int, validation: int) -> dict[str, str]:
    """The first so many are test, so many after them validation, the rest training."""
    train = len(order) - test - validation
    sides = ["test"] * test + ["validation"] * validation + ["train"] * train
    return dict(zip(order, sides, strict=True))


def leak(photos: pd.DataFrame, split: Split, of: tuple[str, ...] = SPLITS[1:]) -> Leak | None:
    """What a split by image lets through; None of a split by lesion.

    Args:
        photos: all of them, a row each; columns lesion_id and split.
        split: the one in force.
        of: the splits whose lesions are looked for in training.
    """
    if not split.id.startswith(BY_IMAGE):
        return None
    known = set(photos.loc[photos["split"] == "train", "lesion_id"])
    held_out = photos[photos["split"].isin(of)]
    seen = held_out["lesion_id"].isin(known)
    return Leak(
        lesions=int(held_out.loc[seen, "lesion_id"].nunique()),
        of_lesions=int(held_out["lesion_id"].nunique()),
        photos=int(seen.sum()),
        of_photos=len(held_out),
    )


def subset(photos: pd.DataFrame, most: int) -> np.ndarray:
    """Which photos of a split make a smaller one of at most so many: lesions whole, each class in
    about the share it has, and with a lesion at least if `smallest_subset` allows. Drawn as
    `Split.draw` does, so the same photos give the same subset everywhere, and of a subset the
    whole.

    Args:
        photos: those of one split, a row each; columns lesion_id and dx (the class).
        most: 0: all.

    Returns:
        positions of rows, ascending.
    """
    if not most or len(photos) <= most:
        return np.arange(len(photos))
    lesions = _lesions(photos)
    waiting = {
        name: sorted(group.index, key=_place) for name, group in lesions.groupby("dx", sort=True)
    }
    missing = {
        name: most * lesions.loc[ids, "photos"].sum() / len(photos) for name, ids in waiting.items()
    }
    size, room, chosen = lesions["photos"].to_dict(), most, []
    # One lesion of each class, the rarest first; then of the one that lacks most of its share.
    first = sorted(missing, key=lambda name: missing[name])
    while room and any(waiting.values()):
        if first:
            name = first.pop(0)
            lesion = min(waiting[name], key=lambda lesion: size[lesion])
        else:
            name = max((n for n in waiting if waiting[n]), key=lambda name: missing[name])
            lesion = waiting[name][0]
        waiting[name].remove(lesion)
        if size[lesion] <= room:
            chosen.append(lesion)
            missing[name] -= size[lesion]
            room -= size[lesion]
    return np.flatnonzero(photos["lesion_id"].isin(chosen))


def smallest_subset(photos: pd.DataFrame) -> int:
    """How many photos a `subset` needs to hold each class."""
    return int(_lesions(photos).groupby("dx")["photos"].min().sum())


def _lesions(photos: pd.DataFrame) -> pd.DataFrame:
    """Each lesion's class and its number of photos."""
    return photos.groupby("lesion_id").agg(dx=("dx", "first"), photos=("dx", "size"))


def _place(lesion: str) -> str:
    """Lesions are drawn in the order of this."""
    return hashlib.sha256(lesion.encode()).hexdigest()


def check_split(card: Card, split_id: str) -> None:
    """Figures are honest only on the split that the model was kept from.

    Raises:
        SplitError: the model of this card was made for another split.
    """
    if card.split_id != split_id:
        raise SplitError(
            f"{card.name} was made for the split {card.split_id}, the dataset has "
            f"{split_id}: its test images may be among those it learned from."
        )
