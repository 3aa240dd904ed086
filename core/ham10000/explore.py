"""What can be asked of the dataset: facts per image, filters, counts, and what a bad split leaks.

All of it works on one table of facts (`facts`), one row an image. What comes from the imported
dataset (age, sex, site, how the diagnosis was confirmed) and what comes from the committed atlas
(place on the map, the model's answer, measurements of the mask; made by `python -m train atlas`)
may each be missing; then so are its columns.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from core.ham10000.splits import SPLITS
from core.lesion.measure import Measurements
from core.system.parquet import read_parquet
from core.taxonomy import KEYS

ATLAS_FILE = "atlas.parquet"
"""Beside the classifier's weights."""
UNKNOWN = "unknown"
AGE_BANDS = (*(f"{age}–{age + 9}" for age in range(0, 90, 10)), UNKNOWN)
"""HAM10000 gives ages in steps of five years, up to 85."""
OUTLIERS = 0.5
"""Percent of a measurement at either end that shares the outermost bin."""
_ATLAS_COLUMNS = ("lesion_id", "dx", "split", "x", "y", "answer", "p_true", "right")


class AtlasError(ValueError):
    """The atlas is missing or damaged; the message says what to do."""


def read_atlas(path: Path) -> pd.DataFrame:
    """Read the table that `python -m train atlas` wrote.

    Returns:
        one row an image, indexed by image id; columns lesion_id, dx, split, x and y (place on the
        map, no unit), answer (key of the class named), p_true (probability of the true class,
        0…1), right (bool), and the fields of `core.lesion.measure.Measurements` for the true mask
        (NaN where there is none). `attrs` tells the weights (SHA-256), split id and method.

    Raises:
        AtlasError: it is missing or not such a table.
    """
    try:
        atlas = read_parquet(path)
    except FileNotFoundError as error:
        raise AtlasError(
            "The table of facts per image is missing. With the dataset imported, "
            "`python -m train atlas` makes it."
        ) from error
    except (OSError, ValueError) as error:
        raise AtlasError(f"{path.name} cannot be read: {error}") from error
    absent = [c for c in _ATLAS_COLUMNS if c not in atlas.columns]
    if absent or "weights" not in atlas.attrs or not atlas.index.is_unique:
        raise AtlasError(f"{path.name} is not what `python -m train atlas` writes; make it again.")
    return atlas


def facts(dataset: pd.DataFrame | None, atlas: pd.DataFrame | None) -> pd.DataFrame:
    """All that is known of each image: the dataset's table, with the atlas beside it.

    Args:
        dataset: `core.ham10000.dataset.Dataset.table`; without it, the atlas alone.
        atlas: see `read_atlas`; without it, the dataset alone.

    Returns:
        one row an image, indexed and sorted by image id. Always there: lesion_id, dx and split
        (categories), photos (images of that lesion in the table, int), number (the digits of the
        image id, int32), lesion (a number for each lesion, int). From the dataset: age, and
        age_band, sex, localization, dx_type (categories, `unknown` where missing), has_mask. From
        the atlas: its columns, `right` as the categories right and wrong.

    Raises:
        ValueError: neither is given.
    """
    if dataset is not None and atlas is not None:
        others = atlas.drop(columns=["lesion_id", "dx", "split"])
        table = dataset.join(others, how="left")
    elif (given := dataset if atlas is None else atlas) is not None:
        table = given.sort_index().copy()
    else:
        raise ValueError("There is neither a dataset nor an atlas.")
    table.attrs = {}
    table["dx"] = pd.Categorical(table["dx"], KEYS)
    table["split"] = pd.Categorical(table["split"], SPLITS)
    table["lesion"] = pd.factorize(table["lesion_id"])[0]
    table["photos"] = np.bincount(table["lesion"])[table["lesion"]]
    table["number"] = table.index.str.removeprefix("ISIC_").astype(np.int32)
    if dataset is not None:
        for column in ("sex", "localization", "dx_type"):
            known = table[column].fillna(UNKNOWN)
            order = known.value_counts().index.drop(UNKNOWN, errors="ignore")
            table[column] = pd.Categorical(known, [*order, UNKNOWN])
        band = (table["age"].fillna(-1) // 10).astype(int).clip(upper=len(AGE_BANDS) - 2)
        table["age_band"] = pd.Categorical.from_codes(
            np.where(band < 0, len(AGE_BANDS) - 1, band), list(AGE_BANDS)
        )
    if atlas is not None:
        words = table["right"].map({True: "right", False: "wrong"})
        table["right"] = pd.Categorical(words, ["right", "wrong"])
    return table


def measures(table: pd.DataFrame) -> list[str]:
    """The measurements of the masks that the table has, in the order of `Measurements`."""
    return [f.name for f in fields(Measurements) if f.name in table.columns]


@dataclass(frozen=True)
class Filters:
    """Which images to look at.

    Attributes:
        among: column -> allowed values; a column without values lets everything pass.
        ages: youngest and oldest, in years, both included; None lets every age pass.
        age_unknown: whether images without an age pass.
        photos: fewest and most images per lesion; None lets every lesion pass.
    """

    among: Mapping[str, Collection[str]] = field(default_factory=dict)
    ages: tuple[int, int] | None = None
    age_unknown: bool = True
    photos: tuple[int, int] | None = None

    def passing(self, table: pd.DataFrame) -> np.ndarray:
        """bool, one for each row of a table of facts. What the table lacks filters nothing."""
        passes = np.ones(len(table), dtype=bool)
        for column, values in self.among.items():
            if values and column in table:
                passes &= table[column].isin(list(values)).to_numpy()
        if "age" in table:
            age = table["age"].to_numpy()
            unknown = np.isnan(age)
            if self.ages is not None:
                passes &= unknown | ((age >= self.ages[0]) & (age <= self.ages[1]))
            if not self.age_unknown:
                passes &= ~unknown
        if self.photos is not None:
            passes &= table["photos"].between(*self.photos).to_numpy()
        return passes


def matching(
    table: pd.DataFrame, columns: Sequence[str], values: Collection[tuple[object, ...]]
) -> np.ndarray:
    """bool, one for each row: whether its values in these columns are one of the given tuples."""
    rows = zip(*(table[column] for column in columns), strict=True)
    return np.array([row in values for row in rows], dtype=bool)


def counts(table: pd.DataFrame, rows: str, columns: str = "dx") -> pd.DataFrame:
    """How many images there are of each pair of categories, zeros included.

    Args:
        rows, columns: names of categorical columns; missing values are not counted.

    Returns:
        int, one row for each category of `rows`, one column for each of `columns`.
    """
    found = table.groupby([rows, columns], observed=False).size().unstack()
    down, across = (list(table[name].cat.categories) for name in (rows, columns))
    return found.set_axis(down, axis=0).set_axis(across, axis=1)


def is_yes_no(values: pd.Series) -> bool:
    """Whether a measurement is true or false (or missing), not a number."""
    return isinstance(next(iter(values.dropna()), None), (bool, np.bool_))


def binned(values: pd.Series, bins: int = 12) -> pd.Series:
    """Put a measurement into bins: each of its values where there are few (yes and no, a count),
    else equal widths between round numbers, with what lies beyond its outer percentiles
    (`OUTLIERS`) in the outermost bins.

    Args:
        values: numbers or bools, may be missing.
        bins: about how many.

    Returns:
        ordered categories named for people, missing where the value is.
    """
    if is_yes_no(values):
        words = values.map({True: "yes", False: "no"})
        return pd.Series(pd.Categorical(words, ["no", "yes"], ordered=True), values.index)
    numbers = values.to_numpy(dtype=float)
    steps = np.unique(numbers[~np.isnan(numbers)])
    if len(steps) < 2 or (len(steps) <= bins and (steps % 1 == 0).all()):
        codes = np.where(np.isnan(numbers), -1, np.searchsorted(steps, numbers))
        names = [f"{step:g}" for step in steps]
    else:
        low, high = np.nanpercentile(numbers, [OUTLIERS, 100 - OUTLIERS])
        edges, digits = _round_edges(low, high, bins)
        codes = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
        codes[np.isnan(numbers)] = -1
        names = [f"{a:.{digits}f}–{b:.{digits}f}" for a, b in pairwise(edges)]
        if len(names) > 1:
            names[0], names[-1] = f"< {edges[1]:.{digits}f}", f"≥ {edges[-2]:.{digits}f}"
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True), values.index)


def _round_edges(low: float, high: float, bins: int) -> tuple[np.ndarray, int]:
    """Multiples of 1, 2 or 5 times a power of ten around a range, and their decimal places."""
    width = max(high - low, 1e-9) / bins
    power = int(np.floor(np.log10(width)))
    step = next(s for s in (1, 2, 5, 10) if s * 10.0**power >= width * (1 - 1e-9))
    power, step = (power + 1, 1) if step == 10 else (power, step)
    unit = step * 10.0**power
    first, last = int(np.floor(low / unit)), int(np.ceil(high / unit))
    return np.arange(first, max(last, first + 1) + 1) * unit, max(0, -power)


def spread(table: pd.DataFrame, measure: str) -> pd.DataFrame:
    """5th, 25th, 50th, 75th and 95th percentile of a measurement for each diagnosis that has any.

    Returns:
        float, one row for each diagnosis, columns 5, 25, 50, 75, 95.
    """
    values = table[measure].astype(float)
    found = values.groupby(table["dx"], observed=True).quantile([0.05, 0.25, 0.5, 0.75, 0.95])
    wide = found.unstack().dropna(how="all")
    wide.columns = [round(100 * q) for q in wide.columns]
    return wide


def random_test(images: int, share: float, seed: int) -> np.ndarray:
    """A test split drawn image by image, as one should not: bool, true for that share of images."""
    drawn = np.zeros(images, dtype=bool)
    drawn[np.random.default_rng(seed).permutation(images)[: round(images * share)]] = True
    return drawn


def leaks(table: pd.DataFrame, test: np.ndarray) -> pd.DataFrame:
    """How many test images show a lesion that also has an image outside the test split.

    Args:
        table: facts of all images.
        test: bool, one for each row; the others are what a model may learn from.

    Returns:
        int, one row for each diagnosis, columns `test` (images) and `leaked` (of those).
    """
    dx, learned = table["dx"], table["lesion"].isin(table["lesion"][~test])
    counted = {"test": dx[test].value_counts(), "leaked": dx[test & learned].value_counts()}
    return pd.DataFrame(counted, index=list(KEYS))
