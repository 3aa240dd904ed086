"""Answers scored against one's own truth."""

from __future__ import annotations

import pytest

from core.batch.scoring import matched, score
from core.evaluation.shares import share


def test_shares_and_confusions() -> None:
    pairs = [("nv", "nv")] * 6 + [("nv", "mel")] * 2 + [("mel", "mel"), ("mel", "bcc")]
    found = score(pairs)
    assert found is not None
    assert found.right == share(7, 10)
    assert found.balanced == pytest.approx((6 / 8 + 1 / 2) / 2)
    assert found.confusion.loc["nv", "mel"] == 2
    assert found.confusion.loc["mel", "bcc"] == 1
    assert found.confusion.to_numpy().sum() == 10
    assert score([]) is None


NAMES = {
    "a": "deeper/Photo 1.JPG",
    "b": "photo 2.png",
    "IMG_1": "Anna/IMG 1.jpg",
    "IMG_1_2": "Ben/IMG 1.jpg",
    "cmd": "=cmd.jpg",
}


def test_a_table_s_names_are_matched_without_folder_ending_or_case() -> None:
    told = {"photo 1": "nv", "PHOTO 2.tif": "mel", "nobody": "bcc", "'=cmd": "df"}
    assert matched(NAMES, told) == ({"a": "nv", "b": "mel", "cmd": "df"}, [])


def test_a_name_in_two_folders_is_told_apart_or_left_out() -> None:
    told = {"anna/IMG 1": "mel", "Ben\\IMG 1.jpg": "nv"}
    assert matched(NAMES, told) == ({"IMG_1": "mel", "IMG_1_2": "nv"}, [])
    assert matched(NAMES, {"IMG 1": "mel"}) == ({}, ["IMG 1"])
    assert matched(NAMES, {"IMG_1_2": "mel"}) == ({"IMG_1_2": "mel"}, []), "as in predictions.csv"


@pytest.mark.parametrize("turned", [False, True], ids=["first", "last"])
def test_a_row_of_another_folder_s_photo_is_not_taken_for_this_one(turned: bool) -> None:
    rows = [("Anna/IMG 3.jpg", "nv"), ("Ben/IMG 3.jpg", "mel")]
    told = dict(rows[::-1] if turned else rows)
    assert matched({"IMG_3": "ben/IMG 3.JPG"}, told) == ({"IMG_3": "mel"}, [])
    assert matched({"IMG_3": "IMG 3.jpg"}, told) == ({}, list(told)), "it may be either"
