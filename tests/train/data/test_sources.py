"""Photos from elsewhere: ISIC's table of diagnoses, and what is wrong with other tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DatasetError
from core.imaging.image import to_jpeg, to_png
from train.data.sources import labelled_source, masked_source

HEADER = "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(("a.jpg", "b.png", "c.JPG")):
        (folder / name).write_bytes(picture(number))
    return folder


def picture(number: int, size: tuple[int, int] = (48, 48)) -> bytes:
    """Noise of that width and height, as a JPEG."""
    noise = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8)
    return to_jpeg(noise)


def labels(folder: Path, text: str) -> Path:
    path = folder.parent / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_one_hot_table(photos: Path) -> None:
    rows = "\ufeff" + HEADER + "\na,1.0,0.0,0,0,0,0,0\nb.png,0,0,0,0,0,0,1\nc,0,1,0,0,0,0,0\n"
    source = labelled_source(photos, labels(photos, rows))
    assert source.table["dx"].to_dict() == {"a": "mel", "b": "vasc", "c": "nv"}
    assert source.table["lesion_id"].to_dict() == {"a": "a", "b": "b", "c": "c"}
    assert [source.photo(i) for i in "abc"] == [picture(k) for k in range(3)]
    assert source.about == {"data": "photos", "split": "external", "split_id": None}


def test_lesions_and_other_diagnoses(photos: Path) -> None:
    """ISIC 2019 has SCC and UNK too: such rows are left out."""
    rows = (
        "image,lesion_id,MEL,NV,BCC,AK,AKIEC,BKL,DF,VASC,SCC\n"
        "a,L1,1,0,0,0,0,0,0,0,0\nb,L1,1,0,0,0,0,0,0,0,0\nc,L2,0,0,0,0,0,0,0,0,1\n"
    )
    source = labelled_source(photos, labels(photos, rows))
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
        labelled_source(photos, labels(photos, text))


def test_no_table(photos: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be read"):
        labelled_source(photos, photos / "nowhere.csv")


def test_masks(photos: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    truth = np.eye(6, dtype=np.uint8) * 255
    (masks / "a_segmentation.png").write_bytes(to_png(truth))
    (masks / "c.png").write_bytes(b"damaged")
    source = masked_source(photos, masks)
    assert list(source.table.index) == ["a"]
    assert (source.mask("a") == (truth > 0)).all()
    with pytest.raises(DatasetError, match=r"c\.png is damaged"):
        source.mask("c")
    assert any("c.png is damaged" in note for note in source.about["left_out"])
    with pytest.raises(DatasetError, match="No photo"):
        masked_source(photos, photos)


def test_every_picture_ending_is_measured_and_the_rest_counted(
    photos: Path, tmp_path: Path
) -> None:
    masks = tmp_path / "masks"
    masks.mkdir()
    truth = np.zeros((48, 48), np.uint8)
    truth[10:30, 10:30] = 1
    rgb = np.zeros((48, 48, 3), np.uint8)
    for name, file_format in (("d.tif", "TIFF"), ("e.WEBP", "WEBP"), ("f.bmp", "BMP")):
        Image.fromarray(rgb).save(photos / name, file_format)
    for name in ("a_mask.png", "d_segmentation.PNG", "e.png", "F_Mask.png", "nobody.png"):
        (masks / name).write_bytes(to_png(truth))
    (photos / "scan.dcm").write_bytes(b"DICOM")
    hidden = photos / ".ipynb_checkpoints"
    hidden.mkdir()
    (hidden / "a-checkpoint.jpg").write_bytes(picture(0))
    source = masked_source(photos, masks)
    assert list(source.table.index) == ["a", "d", "e", "f"]
    assert all(source.mask(i).sum() == 400 for i in source.table.index)
    said = " ".join(source.about["left_out"])
    for name in ("b.png", "c.JPG", "scan.dcm", ".ipynb_checkpoints", "nobody.png"):
        assert name in said


def test_a_damaged_photo_is_left_out_by_name(photos: Path) -> None:
    (photos / "b.png").write_bytes(b"")
    rows = "image_id,dx\na,nv\nb,mel\nc,nv\nabsent,df\n"
    source = labelled_source(photos, labels(photos, rows))
    assert list(source.table.index) == ["a", "c"]
    said = " ".join(source.about["left_out"])
    assert "b.png" in said
    assert "absent" in said
    for name in ("a.jpg", "c.JPG"):
        (photos / name).write_bytes(b"")
    with pytest.raises(DatasetError, match=r"can be used.*\.(jpg|png|JPG)"):
        labelled_source(photos, labels(photos, rows))


def test_one_name_in_two_folders_is_two_photos(photos: Path) -> None:
    for number, place in enumerate(("left", "right")):
        (photos / place).mkdir()
        (photos / place / "pat.0.jpg").write_bytes(picture(10 + number))
        (photos / place / "pat.1.jpg").write_bytes(picture(20 + number))
    rows = "image,dx\nleft/pat.0,mel\nright/pat.0.jpg,nv\nleft\\pat.1.JPG,bcc\nRIGHT/PAT.1,df\n"
    source = labelled_source(photos, labels(photos, rows))
    assert source.table["dx"].to_list() == ["mel", "nv", "bcc", "df"]
    assert [source.photo(i) for i in source.table.index] == [picture(n) for n in (10, 11, 20, 21)]
    with pytest.raises(DatasetError, match=r"both called pat\.0"):
        labelled_source(photos, labels(photos, "image,dx\npat.0,mel\n"))


def test_a_mask_on_the_stored_pixels_is_turned_with_its_photo(tmp_path: Path) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    images.mkdir()
    masks.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6
    raw = np.zeros((120, 160), np.uint8)
    raw[10:40, 20:90] = 255
    for name in ("a", "b"):
        Image.fromarray(np.dstack([raw] * 3)).save(images / f"{name}.jpg", exif=exif)
    Image.fromarray(raw).save(masks / "a.png")
    Image.fromarray(raw[:100]).save(masks / "b.png")
    source = masked_source(images, masks)
    assert list(source.table.index) == ["a"]
    assert (source.mask("a") == (np.rot90(raw, -1) > 0)).all()
    assert any("b.png" in note for note in source.about["left_out"])
