"""How photos are divided: as the data say, by lesion, or by image at random; and which of a split a
training sees."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
import pandas as pd

from core.ham10000.dataset import Dataset
from core.ham10000.splits import assert_no_leak, by_image, subset
from train.choices import LESIONS
from train.config import Config
from train.data.folders import Folder

AnyData = TypeVar("AnyData", bound=Dataset | Folder)


def divided(data: AnyData, config: Config) -> AnyData:
    """The data under the split that a configuration asks for.

    Raises:
        SplitError: a split by lesion has a lesion on two sides.
    """
    if config.split == LESIONS:
        assert_no_leak(data.table["lesion_id"], data.table["split"])
        return data
    splits, split = by_image(data.table, config.seed)
    return replace(data, table=data.table.assign(split=splits), split=split)


def usable(table: pd.DataFrame, masked: bool) -> pd.Series:
    """Which photos of a table have what a training learns from: a mask, if `masked`, else a
    label."""
    if masked:
        return table["has_mask"]
    return table["label"] >= 0 if "label" in table else table["dx"] != ""


def chosen_rows(
    table: pd.DataFrame, split: str, limit: int = 0, masked: bool = False
) -> np.ndarray:
    """Row numbers of a split (only those with a mask, if `masked`, else only those with a label).
    With a `limit`, of each source the photos of `core.ham10000.splits.subset`. There may be
    none."""
    wanted = (table["split"] == split) & usable(table, masked)
    rows = np.flatnonzero(wanted)
    if not limit:
        return rows
    sources = table["source"].to_numpy()[rows] if "source" in table else np.zeros(len(rows))
    parts = [rows[sources == source] for source in np.unique(sources)]
    return np.concatenate([rows[:0], *(p[subset(table.iloc[p], limit)] for p in parts)])
