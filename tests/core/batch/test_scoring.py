"""Answers scored against one's own truth."""

from __future__ import annotations

import pytest

from core.batch.scoring import matched, score, wilson


def test_shares_and_confusions() -> None:
    pairs = [("nv", "nv")] * 6 + [("nv", "mel")] * 2 + [("mel", "mel"), ("mel", "bcc")]
    found = score(pairs)
    assert found is not None
    assert (found.images, found.right, found.accuracy) == (10, 7, 0.7)
    assert found.balanced == pytest.approx((6 / 8 + 1 / 2) / 2)
    assert found.confusion.loc["nv", "mel"] == 2
    assert found.confusion.loc["mel", "bcc"] == 1
    assert found.confusion.to_numpy().sum() == 10
    assert score([]) is None


def test_wilson_s_interval() -> None:
    # Newcombe, Stat. Med. 17:857, 1998, table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for hits, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)


def test_a_table_s_names_are_matched_without_folder_ending_or_case() -> None:
    names = {"a": "deeper/Photo 1.JPG", "b": "photo 2.png", "c": "other.jpg"}
    told = {"photo 1": "nv", "PHOTO 2.tif": "mel", "nobody": "bcc"}
    assert matched(names, told) == {"a": "nv", "b": "mel"}
