"""Opening what was imported: the table, the files, and sentences where something is missing."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DatasetError
from core.ham10000.dataset import Dataset, read_metadata, status
from core.ham10000.splits import SplitError


def test_open(ham: Path) -> None:
    table = Dataset.open().table
    assert list(table.index) == ["ISIC_0000001", "ISIC_0000002", "ISIC_0000003", "ISIC_0000004"]
    assert list(table["split"]) == ["train", "train", "validation", "test"]
    assert table["lesion_id"].nunique() == 3
    assert table["age"].isna().tolist() == [False, False, False, True]
    assert table["has_mask"].all()
    assert table["has_crop"].tolist() == [True, False, False, False]


def test_only_images_with_a_photo_are_in_the_table(ham: Path) -> None:
    (ham / "images/ISIC_0000002.jpg").unlink()
    (ham / "images/.ISIC_0000002.jpg.part").write_bytes(b"left by a power cut")
    (ham / "masks/ISIC_0000003.png").unlink()
    table = Dataset.open().table
    assert "ISIC_0000002" not in table.index
    assert table["has_mask"].to_dict() == {
        "ISIC_0000001": True,
        "ISIC_0000003": False,
        "ISIC_0000004": True,
    }


def test_a_split_of_ones_own_goes_first(ham: Path) -> None:
    lesions = Dataset.open().table["lesion_id"].unique()
    own = ham / "split.csv"
    own.write_text("lesion_id,split\n" + "".join(f"{lesion},train\n" for lesion in lesions))
    assert set(Dataset.open().table["split"]) == {"train"}
    own.write_text(f"lesion_id,split\n{lesions[0]},train\n")
    with pytest.raises(SplitError, match="not part of the split"):
        Dataset.open()


def test_open_before_any_import(data: Path) -> None:
    with pytest.raises(DatasetError, match="python -m core dataset import"):
        Dataset.open()


def test_open_without_photos(ham: Path) -> None:
    for photo in (ham / "images").iterdir():
        photo.unlink()
    with pytest.raises(DatasetError, match="but no photo"):
        Dataset.open()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read"),
        (b"\xff\xfe\x00junk", "cannot be read"),
        (b'lesion_id,"image_id\n', "cannot be read"),
        (b"lesion_id,image_id,dx,age,sex\n", "lacks the columns dx_type, localization"),
        (
            b"lesion_id,image_id,dx,dx_type,age,sex,localization\n"
            b"A,ISIC_0000001,nv,histo,40,male,back\nB,ISIC_0000001,nv,histo,40,male,back\n",
            "an image twice",
        ),
        (
            b"lesion_id,image_id,dx,dx_type,age,sex,localization\n"
            b"A,ISIC_0000001,scc,histo,40,male,back\n",
            "others than akiec",
        ),
    ],
)
def test_damaged_table(ham: Path, content: bytes, message: str) -> None:
    (ham / "metadata.csv").write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        read_metadata(ham / "metadata.csv")
    with pytest.raises(DatasetError, match=message):
        Dataset.open()
    assert re.search(message, status().problems[0])


# Files


def test_files_of_an_image(ham: Path) -> None:
    dataset = Dataset.open()
    assert dataset.photo("ISIC_0000002") == (ham / "images/ISIC_0000002.jpg").read_bytes()
    assert dataset.crop("ISIC_0000001") == (ham / "crops/ISIC_0000001.jpg").read_bytes()
    mask = dataset.mask("ISIC_0000001")
    assert mask.dtype == bool
    assert mask.shape == (48, 64)
    assert mask.mean() == 0.25
    assert mask[24, 32]


def test_palette_mask(ham: Path) -> None:
    """Some official masks store 0 and 1 as places in a palette of black and white."""
    image = Image.fromarray(np.eye(5, dtype=np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    image.save(ham / "masks/ISIC_0000001.png")
    assert Image.open(ham / "masks/ISIC_0000001.png").mode == "P"
    assert (Dataset.open().mask("ISIC_0000001") == np.eye(5, dtype=bool)).all()


@pytest.mark.parametrize("image_id", ["ISIC_9999999", "../metadata", "", "ISIC_0000001.jpg"])
def test_unknown_image(ham: Path, image_id: str) -> None:
    with pytest.raises(DatasetError, match="no image"):
        Dataset.open().photo(image_id)


def test_missing_files(ham: Path) -> None:
    dataset = Dataset.open()
    (ham / "masks/ISIC_0000001.png").unlink()
    with pytest.raises(DatasetError, match="no file in masks"):
        dataset.mask("ISIC_0000001")
    with pytest.raises(DatasetError, match="no file in crops"):
        dataset.crop("ISIC_0000002")


def test_damaged_mask(ham: Path) -> None:
    path = ham / "masks/ISIC_0000001.png"
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (50, 50), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    dataset = Dataset.open()
    for content in (b"", b"no picture", buffer.getvalue()[:200]):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="mask of ISIC_0000001 is damaged"):
            dataset.mask("ISIC_0000001")


# Status


def test_status_of_a_complete_dataset(ham: Path) -> None:
    found = status()
    assert (found.listed, found.photos, found.masks, found.crops) == (4, 4, 4, 1)
    assert found.root == ham
    assert found.problems == ()


@pytest.mark.parametrize(
    ("removed", "problem"),
    [
        ("metadata.csv", "The table of diagnoses is missing."),
        ("images/ISIC_0000003.jpg", "1 listed images have no photo, e.g. ISIC_0000003."),
        ("masks/ISIC_0000002.png", "1 photos have no mask, e.g. ISIC_0000002."),
    ],
)
def test_status_names_what_is_missing(ham: Path, removed: str, problem: str) -> None:
    (ham / removed).unlink()
    assert status().problems[0].startswith(problem)


def test_status_names_what_is_not_in_the_table(ham: Path) -> None:
    (ham / "images/ISIC_0000009.jpg").write_bytes(b"")
    assert status().problems == ("1 photos are not in the table, e.g. ISIC_0000009.",)


def test_status_of_nothing(data: Path) -> None:
    found = status()
    assert (found.listed, found.photos, found.masks, found.crops) == (0, 0, 0, 0)
    assert "python -m core dataset import" in found.problems[0]
