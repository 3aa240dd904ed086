"""Facts, filters, counts, bins and leaks on small tables whose answers are known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.ham10000.explore import (
    AtlasError,
    Filters,
    binned,
    counts,
    facts,
    leaks,
    matching,
    measures,
    random_test,
    read_atlas,
    spread,
)
from core.ham10000.splits import Split

SHIPPED = Path(__file__).resolve().parents[3] / "weights/classifier/atlas.parquet"


@pytest.fixture
def dataset_table() -> pd.DataFrame:
    """Five images of three lesions."""
    return pd.DataFrame(
        {
            "lesion_id": ["HAM_1", "HAM_1", "HAM_2", "HAM_3", "HAM_3"],
            "dx": ["mel", "mel", "nv", "bkl", "bkl"],
            "dx_type": ["histo", "histo", "follow_up", "consensus", "consensus"],
            "age": [50.0, 50.0, np.nan, 85.0, 5.0],
            "sex": ["male", "male", "unknown", "female", np.nan],
            "localization": ["back", "back", "face", "unknown", "back"],
            "split": ["train", "train", "test", "test", "test"],
            "has_mask": [True, True, False, True, True],
        },
        index=pd.Index([f"ISIC_000000{i}" for i in range(1, 6)], name="image_id"),
    )


@pytest.fixture
def atlas() -> pd.DataFrame:
    """Of four of those images, and in another order."""
    table = pd.DataFrame(
        {
            "lesion_id": ["HAM_3", "HAM_2", "HAM_1", "HAM_1"],
            "dx": ["bkl", "nv", "mel", "mel"],
            "split": ["test", "test", "train", "train"],
            "answer": ["bkl", "nv", "nv", "mel"],
            "p_true": np.float32([0.9, 0.8, 0.1, 0.7]),
            "right": [True, True, False, True],
            "area_share": np.float32([0.4, np.nan, 0.2, 0.3]),
            "x": np.float32([0, 1, 2, 3]),
            "y": np.float32([3, 2, 1, 0]),
        },
        index=pd.Index([f"ISIC_000000{i}" for i in (4, 3, 2, 1)], name="image_id"),
    )
    table.attrs = {"weights": "ab" * 32, "split_id": "0" * 12, "map": "by hand"}
    return table


def test_facts_join_what_is_known(dataset_table: pd.DataFrame, atlas: pd.DataFrame) -> None:
    table = facts(dataset_table, atlas)
    assert list(table.index) == list(dataset_table.index)
    assert list(table["photos"]) == [2, 2, 1, 2, 2]
    assert list(table["number"]) == [1, 2, 3, 4, 5]
    assert list(table["age_band"]) == ["50–59", "50–59", "unknown", "80–89", "0–9"]
    assert list(table["sex"]) == ["male", "male", "unknown", "female", "unknown"]
    assert list(table["right"][:4]) == ["right", "wrong", "right", "right"]
    assert table.loc["ISIC_0000005", ["x", "right"]].isna().all()  # not in the atlas
    assert measures(table) == ["area_share"]


def test_facts_of_either_alone(dataset_table: pd.DataFrame, atlas: pd.DataFrame) -> None:
    alone = facts(None, atlas)
    assert alone.index.is_monotonic_increasing
    assert list(alone["photos"]) == [2, 2, 1, 1]
    assert "age" not in alone
    assert "x" not in facts(dataset_table, None)
    with pytest.raises(ValueError, match="neither"):
        facts(None, None)


def test_facts_leave_their_sources_alone(dataset_table: pd.DataFrame, atlas: pd.DataFrame) -> None:
    before = dataset_table.copy(), atlas.copy()
    facts(dataset_table, atlas)
    pd.testing.assert_frame_equal(dataset_table, before[0])
    pd.testing.assert_frame_equal(atlas, before[1])


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        (Filters(), [1, 2, 3, 4, 5]),
        (Filters({"dx": ["mel", "nv"]}), [1, 2, 3]),
        (Filters({"dx": [], "sex": ["unknown"]}), [3, 5]),
        (Filters({"dx": ["mel"], "split": ["test"]}), []),
        (Filters(ages=(5, 50)), [1, 2, 3, 5]),
        (Filters(ages=(5, 50), age_unknown=False), [1, 2, 5]),
        (Filters(photos=(1, 1)), [3]),
        (Filters({"no such column": ["x"]}), [1, 2, 3, 4, 5]),
    ],
)
def test_filters(dataset_table: pd.DataFrame, filters: Filters, numbers: list[int]) -> None:
    table = facts(dataset_table, None)
    assert list(table["number"][filters.passing(table)]) == numbers


def test_filters_without_a_dataset(atlas: pd.DataFrame) -> None:
    """Ages are not known there, so they filter nothing."""
    table = facts(None, atlas)
    assert Filters({"sex": ["male"]}, ages=(0, 5), age_unknown=False).passing(table).all()


def test_matching(dataset_table: pd.DataFrame) -> None:
    table = facts(dataset_table, None)
    pairs = {("back", "mel"), ("face", "nv"), ("face", "mel")}
    assert list(table["number"][matching(table, ("localization", "dx"), pairs)]) == [1, 2, 3]
    assert list(table["number"][matching(table, ("number",), {(2,), (5,), (99,)})]) == [2, 5]
    assert not matching(table, ("dx",), set()).any()


def test_counts_agree_with_pandas(dataset_table: pd.DataFrame) -> None:
    table = facts(dataset_table, None)
    found = counts(table, "localization")
    assert found.loc["back", "mel"] == 2
    assert found.loc["face", "mel"] == 0
    assert found.to_numpy().sum() == len(table)
    expected = pd.crosstab(table["localization"], table["dx"], dropna=False)
    np.testing.assert_array_equal(found.loc[expected.index, expected.columns], expected)


def test_counts_pass_over_what_is_missing(dataset_table: pd.DataFrame, atlas: pd.DataFrame) -> None:
    assert counts(facts(dataset_table, atlas), "right").to_numpy().sum() == 4


@pytest.mark.parametrize(
    ("values", "names", "bins"),
    [
        ([True, False, None], ["yes", "no", None], ["no", "yes"]),
        ([1, 3, 1, None], ["1", "3", "1", None], ["1", "3"]),
        ([1, 1], ["1", "1"], ["1"]),
        ([0.25, 0.25], ["0.25", "0.25"], ["0.25"]),
        ([None, None], [None, None], []),
    ],
)
def test_few_values_are_their_own_bins(values: list, names: list, bins: list[str]) -> None:
    found = binned(pd.Series(values, dtype=None if any(values) else float))
    assert list(found.cat.categories) == bins
    assert [None if pd.isna(v) else v for v in found] == names


def test_bins_are_round_and_hold_everything() -> None:
    values = pd.Series([*np.linspace(0.0, 1.0, 997), 40.0, -3.0, np.nan])
    found = binned(values, bins=10)
    assert list(found.cat.categories[:2]) == ["< 0.1", "0.1–0.2"]
    assert found.cat.categories[-1] == "≥ 0.9"
    assert found.isna().sum() == 1
    assert found[997] == "≥ 0.9"
    assert found[998] == "< 0.1"
    share = found.value_counts(normalize=True)
    assert share.max() - share.min() < 0.02


def test_spread(dataset_table: pd.DataFrame, atlas: pd.DataFrame) -> None:
    found = spread(facts(dataset_table, atlas), "area_share")
    assert list(found.index) == ["bkl", "mel"]  # no naevus has a measurement
    assert found.loc["mel", 50] == pytest.approx(0.25)
    assert list(found.columns) == [5, 25, 50, 75, 95]


def test_leaks_by_hand(dataset_table: pd.DataFrame) -> None:
    table = facts(dataset_table, None)
    found = leaks(table, np.array([True, False, True, True, True]))
    assert found.loc["mel"].to_dict() == {"test": 1, "leaked": 1}
    assert found.loc["nv"].to_dict() == {"test": 1, "leaked": 0}
    assert found.loc["bkl"].to_dict() == {"test": 2, "leaked": 0}  # both in the test
    assert leaks(table, (table["split"] == "test").to_numpy())["leaked"].sum() == 0


def test_random_split_is_of_the_size_asked_for_and_repeatable() -> None:
    drawn = random_test(1000, 0.15, 3)
    assert drawn.sum() == 150
    np.testing.assert_array_equal(drawn, random_test(1000, 0.15, 3))
    assert (drawn != random_test(1000, 0.15, 4)).any()


def test_random_split_leaks_as_chance_says() -> None:
    """Of lesions with two images each: the other one is in training with chance 1 - share."""
    table = facts(
        pd.DataFrame(
            {
                "lesion_id": np.repeat([f"HAM_{i}" for i in range(5000)], 2),
                "dx": "nv",
                "split": "train",
                "age": 50.0,
                "sex": "male",
                "localization": "back",
                "dx_type": "histo",
            },
            index=[f"ISIC_{i:07d}" for i in range(10_000)],
        ),
        None,
    )
    found = leaks(table, random_test(len(table), 0.2, 0)).sum()
    assert found["leaked"] / found["test"] == pytest.approx(0.8, abs=0.03)


# The file


def test_atlas_round_trip(atlas: pd.DataFrame, tmp_path: Path) -> None:
    atlas.to_parquet(tmp_path / "atlas.parquet")
    pd.testing.assert_frame_equal(read_atlas(tmp_path / "atlas.parquet"), atlas)
    assert read_atlas(tmp_path / "atlas.parquet").attrs == atlas.attrs


def test_missing_or_damaged_atlas(atlas: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "atlas.parquet"
    with pytest.raises(AtlasError, match="python -m train atlas"):
        read_atlas(path)
    atlas.to_parquet(path)
    whole = path.read_bytes()
    for content in (b"", b"no table", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(AtlasError, match=r"atlas\.parquet cannot be read"):
            read_atlas(path)
    for broken in (atlas.drop(columns="x"), pd.concat([atlas, atlas])):
        broken.to_parquet(path)
        with pytest.raises(AtlasError, match="make it again"):
            read_atlas(path)


def test_shipped_atlas() -> None:
    """Small, of the whole dataset, and of the shipped split."""
    assert SHIPPED.stat().st_size < 2_000_000
    table = facts(None, read_atlas(SHIPPED))
    split = Split.read()
    assert len(table) == 10_015
    assert table.notna().all(axis=None)
    assert (table["split"] == table["lesion_id"].map(split.of_lesion)).all()
    assert (
        (table["answer"].astype(str) == table["dx"].astype(str)) == (table["right"] == "right")
    ).all()
    assert table["p_true"].between(0, 1).all()
    assert leaks(table, (table["split"] == "test").to_numpy())["leaked"].sum() == 0
    assert read_atlas(SHIPPED).attrs["split_id"] == split.id
