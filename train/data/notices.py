"""What is said of a training's photos before it learns from them: below the form, and in its log.

No torch here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import DatasetError
from core.taxonomy import KEYS, class_name
from train.config import Config
from train.data.dividing import chosen_rows, usable
from train.data.elsewhere import Elsewhere, open_sources

OFTEN = 10
"""Draws of one photo in an epoch above which it is said that there are few."""


def check_usable(source: Elsewhere, masked: bool) -> None:
    """Refuse a further source that has nothing for a training to learn from.

    Args:
        masked: whether the training sees only photos that have a mask.

    Raises:
        DatasetError: no photo has what is needed, or all that do are kept for validation.
    """
    needed = "mask" if masked else "diagnosis"
    photos = source.table[usable(source.table, masked)]
    if photos.empty:
        raise DatasetError(
            " ".join(
                (
                    f"No photo in {source.root} has a {needed}, which this training learns from.",
                    *source.notes,
                )
            )
        )
    if not (photos["split"] == "train").any():
        raise DatasetError(
            f"{source.root} has too few photos with a {needed} ({len(photos):,}): all of them are "
            "kept for validation. Add photos, or leave this source out."
        )


def open_usable(paths: Sequence[str], known: Iterable[str], masked: bool) -> list[Elsewhere]:
    """Further sources; photos that are `known` or in an earlier one are left out. Raises
    DatasetError, also if one has nothing for a training (`check_usable`)."""
    sources = open_sources(map(Path, paths), known)
    for source in sources:
        check_usable(source, masked)
    return sources


def source_summary(source: Elsewhere, config: Config) -> str:
    """How many photos of a further source are used and what for, of which classes, and what is left
    out and why."""
    photos = source.table[usable(source.table, config.masked)]
    split = photos["split"].value_counts()
    classes = ""
    if config.labelled:
        found = photos["dx"].value_counts()
        listed = ", ".join(f"{class_name(key)} {found[key]:,}" for key in KEYS if key in found)
        classes = f" ({listed})"
    needed = "mask" if config.masked else "diagnosis"
    parts = [
        f"{source.root.name}: {len(photos):,} photos with a {needed}{classes}, "
        f"{split.get('train', 0):,} to learn from, {split.get('validation', 0):,} for validation.",
        *source.notes,
    ]
    if others := len(source.table) - len(photos):
        parts.append(f"Without a {needed}, and not used here: {others:,}.")
    return " ".join(parts)


def scarcity_warning(sources: Sequence[Elsewhere], config: Config) -> str:
    """A warning, if further sources have so few photos that each comes many times in an epoch; else
    nothing."""
    counts = [len(chosen_rows(s.table, "train", 0, config.masked)) for s in sources]
    photos = sum(min(count, config.limit or count) for count in counts)
    draws = round(config.epoch_images * config.more_share)
    if not photos or draws <= OFTEN * photos:
        return ""
    return (
        f"Of the {config.epoch_images:,} photos drawn for an epoch {draws:,} are further photos, "
        f"but there are only {photos:,} to learn from: each comes about {draws / photos:,.0f} "
        "times an epoch, and the network may learn them by heart. Lower their share, or add photos."
    )
