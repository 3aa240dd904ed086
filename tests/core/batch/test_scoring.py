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


def test_a_table_s_names_are_matched_without_folder_ending_or_case() -> None:
    names = {"a": "deeper/Photo 1.JPG", "b": "photo 2.png", "c": "other.jpg"}
    told = {"photo 1": "nv", "PHOTO 2.tif": "mel", "nobody": "bcc"}
    assert matched(names, told) == {"a": "nv", "b": "mel"}
