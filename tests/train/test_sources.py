"""Photos from elsewhere: ISIC's table of diagnoses, and what is wrong with other tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.dataset import DatasetError
from core.imaging import to_png
from train.sources import FolderSource

HEADER = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "b.png", "c.JPG"):
        (folder / name).write_bytes(name.encode())
    return folder


def labels(folder: Path, text: str) -> Path:
    path = folder.parent / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_hot_table(photos: Path) -> None:
    rows = "\ufeff" + HEADER + "\na,1.0,0.0,0,0,0,0,0\nb.png,0,0,0,0,0,0,1\nc,0,1,0,0,0,0,0\n"
    source = FolderSource.with_labels(photos, labels(photos, rows))
    assert source.table["dx"].to_dict() == {"a": "mel", "b": "vasc", "c": "nv"}
    assert source.table["lesion_id"].to_dict() == {"a": "a", "b": "b", "c": "c"}
    assert [source.photo(i) for i in "abc"] == [b"a.jpg", b"b.png", b"c.JPG"]
    assert source.about == {"data": "photos", "split": "external", "split_id": None}


def test_lesions_and_other_diagnoses(photos: Path) -> None:
    """ISIC 2019 has SCC and UNK too: such rows are left out."""
    rows = (
        "image,lesion_id,MEL,NV,BCC,AK,AKIEC,BKL,DF,VASC,SCC\n"
        "a,L1,1,0,0,0,0,0,0,0,0\nb,L1,1,0,0,0,0,0,0,0,0\nc,L2,0,0,0,0,0,0,0,0,1\n"
    )
    source = FolderSource.with_labels(photos, labels(photos, rows))
    assert source.table["lesion_id"].to_dict() == {"a": "L1", "b": "L1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        (HEADER + "\n", "has no rows"),
        ("image,MEL,NV\na,1,0\n", "lacks the columns AKIEC, BCC, BKL, DF, VASC"),
        (HEADER + "\na,1,1,0,0,0,0,0\n", "Line 2 .* exactly one"),
        (HEADER + "\na,1,0,0,0,0,0,0\nb,0,0,0,0,0,0,0\n", "Line 3 .* exactly one"),
        (HEADER + "\na,yes,0,0,0,0,0,0\n", "Line 2 .* cannot be read"),
        (HEADER + "\na,1\n", "Line 2 .* cannot be read"),
        (HEADER + "\nd,1,0,0,0,0,0,0\n", "no photo d"),
        (HEADER + "\na,1,0,0,0,0,0,0\na,1,0,0,0,0,0,0\n", "a is listed twice"),
    ],
)
def test_tables_that_cannot_be_used(photos: Path, text: str, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        FolderSource.with_labels(photos, labels(photos, text))


def test_no_table(photos: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        FolderSource.with_labels(photos, photos / "nowhere.csv")


def test_masks(photos: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    truth = np.eye(6, dtype=np.uint8) * 255
    (masks / "a_segmentation.png").write_bytes(to_png(truth))
    (masks / "c.png").write_bytes(b"damaged")
    source = FolderSource.with_masks(photos, masks)
    assert list(source.table.index) == ["a", "c"]
    assert (source.mask("a") == (truth > 0)).all()
    with pytest.raises(DatasetError, match="damaged"):
        source.mask("c")
    with pytest.raises(DatasetError, match="No photo"):
        FolderSource.with_masks(photos, tmp_path)
