"""The split: drawn by lesion, the same everywhere, and closed to leaks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from core.ham10000.dataset import read_metadata
from core.ham10000.splits import (
    SPLIT_FILE,
    Split,
    SplitError,
    assert_no_leak,
    by_image,
    leak,
    smallest_subset,
    subset,
)
from core.taxonomy import KEYS

if TYPE_CHECKING:
    from core.ham10000.dataset import Dataset


@pytest.fixture
def lesions() -> pd.Series:
    dx = ["nv"] * 120 + ["mel"] * 60 + ["df"] * 20
    return pd.Series(dx, index=[f"HAM_{i:07}" for i in range(len(dx))])


@pytest.fixture(scope="module")
def real(dataset: Dataset) -> pd.DataFrame:
    """The whole table of HAM10000, with the shipped split."""
    table = read_metadata(dataset.root / "metadata.csv")
    return table.assign(split=Split.read(SPLIT_FILE).assign(table["lesion_id"]))


# Drawing


def test_every_diagnosis_is_shared_out_70_15_15(lesions: pd.Series) -> None:
    split = Split.draw(lesions)
    counts = pd.crosstab(lesions, lesions.index.map(split.of_lesion))
    assert counts.loc["nv"].to_dict() == {"test": 18, "train": 84, "validation": 18}
    assert counts.loc["mel"].to_dict() == {"test": 9, "train": 42, "validation": 9}
    assert counts.loc["df"].to_dict() == {"test": 3, "train": 14, "validation": 3}


def test_draw_depends_on_nothing_but_the_lesions(lesions: pd.Series) -> None:
    split = Split.draw(lesions)
    assert split == Split.draw(lesions.sample(frac=1, random_state=1))
    assert split.id == "0cbb9d298438"  # as on any machine, with any version of the libraries
    assert split.of_lesion != Split.draw(lesions.rename(lambda i: i + "x")).of_lesion


def test_a_lesion_keeps_its_side_when_its_neighbours_in_the_table_change(
    lesions: pd.Series,
) -> None:
    """The draw follows the hash of the id, not the position: other diagnoses do not matter."""
    whole, part = Split.draw(lesions), Split.draw(lesions[lesions == "mel"])
    assert part.of_lesion == {k: whole.of_lesion[k] for k in part.of_lesion}


# Files


def test_read(lesions: pd.Series, tmp_path: Path) -> None:
    split = Split.draw(lesions)
    table = pd.DataFrame(split.of_lesion.items(), columns=["lesion_id", "split"])
    table.to_csv(tmp_path / "split.csv", index=False)
    assert Split.read(tmp_path / "split.csv") == split


def test_id_follows_the_contents(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("lesion_id,split\nA,train\nB,test\n")
    first = Split.read(path).id
    path.write_text("lesion_id,split\nB,test\nA,train\n")
    assert Split.read(path).id == first
    path.write_text("lesion_id,split\nA,train\nB,validation\n")
    assert Split.read(path).id != first


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe\x00junk", "cannot be read"),
        (b"lesion_id,fold\nA,train\n", "cannot be read"),
        (b"lesion_id,split\nA,train\nA,test\n", "lists lesion A twice"),
        (b"lesion_id,split\nA,train\nB,holdout\n", "may only name"),
        (b"lesion_id,split\nA,train\nB,\n", "may only name"),
        (b"lesion_id,split\nA,train\n,test\n", "row without lesion"),
    ],
)
def test_damaged_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "split.csv"
    path.write_bytes(content)
    with pytest.raises(SplitError, match=message):
        Split.read(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match=r"split\.csv cannot be read"):
        Split.read(tmp_path / "split.csv")


# Use


def test_assign_gives_all_images_of_a_lesion_its_split() -> None:
    split = Split({"A": "train", "B": "test"}, "0")
    images = pd.Series(["B", "A", "B"], index=["i1", "i2", "i3"])
    assert split.assign(images).to_dict() == {"i1": "test", "i2": "train", "i3": "test"}


def test_assign_refuses_an_unknown_lesion() -> None:
    split = Split({"A": "train"}, "0")
    with pytest.raises(SplitError, match="Lesion B is not part"):
        split.assign(pd.Series(["A", "B"], index=["i1", "i2"]))


def test_a_lesion_in_two_splits_is_a_leak() -> None:
    lesions = pd.Series(["A", "A", "B", "B"])
    assert_no_leak(lesions, pd.Series(["train", "train", "test", "test"]))
    with pytest.raises(SplitError, match=r"1 lesions .* e\.g\. B"):
        assert_no_leak(lesions, pd.Series(["train", "train", "test", "validation"]))


# Subsets


@pytest.fixture
def photos() -> pd.DataFrame:
    """One split: 60 lesions of a common class, 12 and 4 of others; every third has three photos.
    Sorted by class, as the paths of a folder of classes are."""
    rows = []
    for dx, count in (("a", 60), ("b", 12), ("c", 4)):
        for number in range(count):
            rows += [(f"{dx}{number:02}", dx)] * (3 if number % 3 == 0 else 1)
    return pd.DataFrame(rows, columns=["lesion_id", "dx"])


@pytest.mark.parametrize("most", [3, 4, 8, 20, 50, 100])
def test_a_subset_has_each_class_and_whole_lesions(photos: pd.DataFrame, most: int) -> None:
    few = photos.iloc[subset(photos, most)]
    assert len(few) <= most
    assert len(few) >= most - 2, "only a lesion of three did not fit"
    assert set(few["dx"]) == {"a", "b", "c"}
    assert photos["lesion_id"].isin(few["lesion_id"]).sum() == len(few), "lesions are whole"
    shares = photos["dx"].value_counts() / len(photos)
    for name, count in few["dx"].value_counts().items():
        assert abs(count - most * shares[name]) <= 3


def test_a_subset_is_the_same_whatever_the_order_and_from_itself(photos: pd.DataFrame) -> None:
    few = photos.iloc[subset(photos, 20)]
    mixed = photos.sample(frac=1, random_state=1)
    assert set(mixed.iloc[subset(mixed, 20)].index) == set(few.index)
    assert subset(few, 20).tolist() == list(range(len(few)))
    for all_of_them in (0, len(photos), 10**6):
        assert subset(photos, all_of_them).tolist() == list(range(len(photos)))


def test_the_smallest_subset(photos: pd.DataFrame) -> None:
    assert smallest_subset(photos) == 3
    large = photos[photos["lesion_id"].isin(["a01", "b03", "c00"])]
    assert smallest_subset(large) == 7, "the lesions of b and c have three photos each"


# HAM10000 itself


def test_shipped_split_is_the_draw_of_the_metadata(real: pd.DataFrame) -> None:
    lesions = real.drop_duplicates("lesion_id").set_index("lesion_id")["dx"]
    assert Split.read(SPLIT_FILE) == Split.draw(lesions)


def test_no_lesion_and_no_diagnosis_crosses(real: pd.DataFrame) -> None:
    by_lesion = real.groupby("lesion_id")
    assert (by_lesion["split"].nunique() == 1).all()
    assert (by_lesion["dx"].nunique() == 1).all()  # or stratifying by diagnosis would be ill-posed


def test_every_diagnosis_is_in_each_split(real: pd.DataFrame) -> None:
    lesions = real.drop_duplicates("lesion_id")
    shares = pd.crosstab(lesions["dx"], lesions["split"], normalize="index")
    assert set(shares.index) == set(KEYS)
    for name, share in (("train", 0.70), ("validation", 0.15), ("test", 0.15)):
        assert (shares[name] - share).abs().max() < 0.02


def test_random_split_by_image_would_leak(real: pd.DataFrame) -> None:
    """Why the split is by lesion: else most melanomas tested on were also trained on."""
    names = ["train", "validation", "test"]
    drawn = np.random.default_rng(0).choice(names, len(real), p=[0.70, 0.15, 0.15])
    splits = pd.Series(drawn, index=real.index)
    seen = set(real["lesion_id"][splits == "train"])
    tested = real[(splits == "test") & (real["dx"] == "mel")]
    assert tested["lesion_id"].isin(seen).mean() > 0.5
    with pytest.raises(SplitError, match="more than one split"):
        assert_no_leak(real["lesion_id"], splits)


# By image


def test_a_split_by_image_takes_20_percent_and_depends_on_the_seed_alone() -> None:
    photos = pd.DataFrame(index=[f"ISIC_{i:07}" for i in range(1000)])
    splits, split = by_image(photos, 7)
    assert splits.value_counts().to_dict() == {"train": 720, "test": 200, "validation": 80}
    again, same = by_image(photos.sample(frac=1, random_state=1), 7)
    assert same == split
    assert again[splits.index].equals(splits)
    assert split.id.startswith("images-")
    assert by_image(photos, 8)[1].id != split.id


def test_a_split_by_image_has_lesions_on_both_sides_and_counts_them() -> None:
    photos = pd.DataFrame(
        {"lesion_id": [f"HAM_{i // 2:07}" for i in range(1000)]},
        index=[f"ISIC_{i:07}" for i in range(1000)],
    )
    splits, split = by_image(photos, 7)
    photos["split"] = splits
    with pytest.raises(SplitError, match="more than one split"):
        assert_no_leak(photos["lesion_id"], splits)
    found = leak(photos, split, ("test",))
    sides = splits.groupby(photos["lesion_id"]).agg(set)
    assert found.of_photos == 200
    assert found.of_lesions == sum("test" in side for side in sides)
    assert found.lesions == sum({"train", "test"} <= side for side in sides) > 100
    assert found.photos == found.lesions  # two photos a lesion, one on each side
    assert f"{found.lesions} of the {found.of_lesions} lesions" in found.text()


def test_a_split_by_lesion_leaks_nothing(lesions: pd.Series) -> None:
    split = Split.draw(lesions)
    photos = pd.DataFrame({"lesion_id": lesions.index, "split": "test"}, index=lesions.index)
    assert leak(photos, split) is None


def test_ham10000_by_image_leaks_and_by_lesion_does_not(real: pd.DataFrame) -> None:
    assert_no_leak(real["lesion_id"], real["split"])
    splits, split = by_image(real, 7)
    found = leak(real.assign(split=splits), split, ("test",))
    assert found.of_photos == 2003
    assert 0.3 < found.photos / found.of_photos < 0.5  # 45 % of all photos have a sister
