"""What the Dataset page calls things."""

from __future__ import annotations

import pytest

from ui.dataset import words


@pytest.mark.parametrize(
    ("column", "value", "name", "short"),
    [
        ("dx", "mel", "Melanoma", "Melanoma"),
        ("answer", "nv", "Melanocytic naevus", "Melanocytic naevus"),
        ("age_band", "40–49", "age 40–49", "40–49"),
        ("age_band", "unknown", "age unknown", "unknown"),
        ("sex", "unknown", "sex unknown", "unknown"),
        ("localization", "unknown", "site unknown", "unknown"),
        ("localization", "face", "face", "face"),
        ("dx_type", "histo", "histopathology", "histopathology"),
        ("photos", 1, "1 image of the lesion", "1"),
        ("photos", 3, "3 images of the lesion", "3"),
        ("asymmetry in bins", "≥ 0.20", "Asymmetry of shape ≥ 0.20", "≥ 0.20"),
        ("split", "train", "training", "training"),
    ],
)
def test_values(column: str, value: object, name: str, short: str) -> None:
    assert words.name(column, value) == name
    assert words.short(column, value) == short


def test_titles() -> None:
    assert words.title("localization") == "Site"
    assert words.title("asymmetry in bins") == "Asymmetry of shape"
    assert words.title("some_new_measure") == "Some new measure"
