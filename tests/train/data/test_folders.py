"""Photos in folders of one's own: what is found, how it is divided, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pillow_heif
import pytest
from PIL import Image

from core.errors import DatasetError
from core.imaging.image import to_jpeg, to_png
from train.config import ClassifierConfig, ConfigError, SegmenterConfig
from train.data.arrays import frame_size, prepare, rows_of
from train.data.folders import (
    NINE_CLASSES_FAULTS,
    UNKNOWN_LESIONS,
    Folder,
    class_folder,
    mask_folder,
)
from train.estimate import _decoding, _noise


def photo(path: Path, number: int) -> None:
    """A photo of its own: blurred noise."""
    noise = np.random.default_rng(number).integers(0, 256, (48, 64, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_jpeg(cv2.GaussianBlur(noise, (9, 9), 3)))


def fill(root: Path, classes: dict[str, int], start: int = 0) -> Path:
    """So many photos of each class."""
    for name, count in classes.items():
        for _ in range(count):
            photo(root / name / f"p{start:03d}.jpg", start)
            start += 1
    return root


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    return fill(tmp_path / "mine", {"acne": 10, "eczema": 8, "wart": 4})


def counts(folder: Folder) -> dict[str, int]:
    return folder.table["split"].value_counts().to_dict()


def test_classes_are_the_subfolders(classes: Path) -> None:
    (classes / "acne" / "notes.txt").write_text("no photo")
    (classes / ".thumbnails").mkdir()
    folder = class_folder(classes)
    assert folder.classes == ("acne", "eczema", "wart")
    assert folder.table["dx"].value_counts().to_dict() == {"acne": 10, "eczema": 8, "wart": 4}
    assert counts(folder) == {"train": 14, "validation": 4, "test": 4}
    by_class = folder.table.groupby("dx")["split"].nunique()
    assert (by_class == 3).all(), "each class is in each split"
    assert folder.photo("acne/p000.jpg") == (classes / "acne/p000.jpg").read_bytes()
    assert folder.notes[-1] == UNKNOWN_LESIONS
    said = " ".join(folder.notes[:-1])
    assert "acne/notes.txt" in said
    assert ".thumbnails" in said


def test_same_folder_same_split(classes: Path, tmp_path: Path) -> None:
    again = fill(tmp_path / "again", {"acne": 10, "eczema": 8, "wart": 4})
    assert class_folder(again).split == class_folder(classes).split


def test_equal_files_stay_together(classes: Path) -> None:
    first = class_folder(classes).table
    tested = first.index[(first["split"] == "test") & (first["dx"] == "acne")][0]
    for k in range(5):
        copy = classes / "acne" / f"a-copy-{k}.jpg"
        copy.write_bytes((classes / tested).read_bytes())
    table = class_folder(classes).table
    alike = table[table["lesion_id"] == table.at[tested, "lesion_id"]]
    assert len(alike) == 6
    assert alike["split"].nunique() == 1


def test_equal_files_in_two_classes_are_left_out(classes: Path) -> None:
    (classes / "wart" / "other.jpg").write_bytes((classes / "acne/p000.jpg").read_bytes())
    folder = class_folder(classes)
    assert not {"wart/other.jpg", "acne/p000.jpg"} & set(folder.table.index)
    assert any("2 photos are left out" in note for note in folder.notes)


def test_lesions_of_the_metadata_stay_together(classes: Path) -> None:
    fill(classes, {"wart": 4}, start=22)
    ids = [p.stem for p in sorted(classes.rglob("*.jpg"))]
    lesions = [f"L{int(i[1:]) // 2}" for i in ids]
    table = pd.DataFrame({"image_id": ids, "lesion_id": lesions})
    table.to_csv(classes / "metadata.csv", index=False)
    folder = class_folder(classes)
    assert folder.table["lesion_id"].nunique() == 13
    assert (folder.table.groupby("lesion_id")["split"].nunique() == 1).all()
    assert not folder.notes, "lesions are known"
    table.drop(columns="lesion_id").to_csv(classes / "metadata.csv", index=False)
    with pytest.raises(DatasetError, match="columns image_id and lesion_id"):
        class_folder(classes)


def test_divided_folders_are_kept_and_leaks_taken_out(tmp_path: Path) -> None:
    fill(tmp_path / "Train", {"a": 12, "b": 12})
    fill(tmp_path / "Test", {"a": 3, "b": 3}, start=100)
    (tmp_path / "Train/a/leak.jpg").write_bytes((tmp_path / "Test/a/p100.jpg").read_bytes())
    folder = class_folder(tmp_path)
    assert folder.classes == ("a", "b")
    assert counts(folder) == {"train": 20, "validation": 4, "test": 6}
    assert folder.table.loc[folder.table["split"] == "test"].index.str.startswith("Test/").all()
    assert "Train/a/leak.jpg" not in folder.table.index
    assert any("also in validation or test" in note for note in folder.notes)


def test_all_three_given(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "val", "test")):
        fill(tmp_path / split, {"a": 2, "b": 2}, start=10 * number)
    assert counts(class_folder(tmp_path)) == {"train": 4, "validation": 4, "test": 4}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "no class"),
        ({"only": 5}, r"one class \(only\)"),
        ({"a": 5, "empty": 0}, "class empty has no photos"),
        ({"a": 5, "b": 3}, "class b has no photos for validation"),
    ],
)
def test_too_little_is_refused(tmp_path: Path, given: dict[str, int], said: str) -> None:
    fill(tmp_path, given)
    for name in given:
        (tmp_path / name).mkdir(exist_ok=True)
    with pytest.raises(DatasetError, match=said):
        class_folder(tmp_path)


def test_no_such_folder(tmp_path: Path) -> None:
    for opened in (class_folder, mask_folder):
        with pytest.raises(DatasetError, match="no folder"):
            opened(tmp_path / "nowhere")
    (tmp_path / "test").mkdir()
    with pytest.raises(DatasetError, match="no folder train"):
        class_folder(tmp_path)


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    root = tmp_path / "outlined"
    (root / "masks").mkdir(parents=True)
    for k in range(8):
        photo(root / "images" / f"p{k}.jpg", k)
        mask = np.zeros((48, 64), np.uint8)
        mask[10:30, 10:40] = 1 if k % 2 else 255  # some programs write 1 for lesion
        ending = "_segmentation" if k < 4 else ""
        (root / "masks" / f"p{k}{ending}.png").write_bytes(to_png(mask))
    return root


def test_images_and_masks(masks: Path) -> None:
    photo(masks / "images" / "without.jpg", 99)
    folder = mask_folder(masks)
    assert len(folder.table) == 8
    assert folder.table["has_mask"].all()
    assert folder.classes == ()
    assert any("images/without.jpg" in note for note in folder.notes)
    for name in ("images/p0.jpg", "images/p1.jpg", "images/p5.jpg"):
        assert folder.mask(name).sum() == 20 * 30


def test_an_archive_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "photos.zip").write_bytes(b"x")
    with pytest.raises(DatasetError, match="is a file"):
        class_folder(tmp_path / "photos.zip")


def test_photos_and_their_masks_are_not_two_classes(masks: Path) -> None:
    with pytest.raises(DatasetError, match="outlines"):
        class_folder(masks)


def test_images_without_masks_are_refused(masks: Path, tmp_path: Path) -> None:
    for path in (masks / "masks").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match=r"No photo .* has a mask"):
        mask_folder(masks)
    with pytest.raises(DatasetError, match="subfolders images and masks"):
        mask_folder(fill(tmp_path / "classes", {"a": 1}))


def test_arrays_of_a_folder(classes: Path, environment: dict[str, str]) -> None:
    before = sorted(classes.rglob("*"))
    arrays = prepare(ClassifierConfig(data=str(classes)))
    assert arrays.classes == ("acne", "eczema", "wart")
    assert arrays.frames.shape == (22, 48, 64, 3)
    names = [arrays.classes[k] for k in arrays.table["label"]]
    assert names == [name.split("/")[0] for name in arrays.table.index]
    assert sorted(classes.rglob("*")) == before, "nothing is written into the folder"
    with pytest.raises(ConfigError, match="class acne"):
        prepare(ClassifierConfig(data=str(classes), labels="malignancy"))


def test_two_labels_of_a_folder_with_known_diagnoses(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    root = fill(tmp_path / "known", {"mel": 4, "nv": 4, "df": 4})
    arrays = prepare(ClassifierConfig(data=str(root), labels="malignancy"))
    assert arrays.classes == ("benign", "malignant")
    assert (arrays.table["label"] == (arrays.table["dx"] == "mel")).all()


def test_arrays_of_masks(masks: Path, environment: dict[str, str]) -> None:
    arrays = prepare(SegmenterConfig(data=str(masks)))
    assert len(rows_of(arrays, "validation", masked=True)) == 1
    assert (arrays.masks > 127).reshape(8, -1).sum(axis=1).tolist() == [600] * 8


def picture(path: Path, width: int, height: int, orientation: int = 1) -> None:
    noise = np.random.default_rng(width * height).integers(0, 256, (height, width, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(noise).save(path, exif=exif)


@pytest.mark.parametrize(
    ("first", "others", "frame"),
    [
        ((40, 40), (640, 480), (320, 240)),
        ((300, 4000), (640, 480), (320, 240)),
        ((2000, 1500), (100, 80), (100, 80)),
        ((64, 48), (300, 400), (300, 240)),
    ],
    ids=["a thumbnail first", "a strip first", "small photos", "upright photos"],
)
def test_the_frame_is_that_of_most_photos(
    tmp_path: Path,
    environment: dict[str, str],
    first: tuple[int, int],
    others: tuple[int, int],
    frame: tuple[int, int],
) -> None:
    root = fill(tmp_path / "mine", {"acne": 4, "wart": 4})
    for number, path in enumerate(sorted(root.rglob("*.jpg"))):
        picture(path, *(others if number else first))
        with path.open("ab") as file:  # no two files are equal
            file.write(bytes([number]))
    data = class_folder(root)
    assert frame_size(data) == frame
    width, height = frame
    config = ClassifierConfig(data=str(root), start="random", architecture="small-cnn")
    assert prepare(config).frames.shape == (8, height, width, 3)
    assert _noise(data, config).frames.shape[1:] == (height, width, 3), "the estimate has the same"
    assert _decoding(data)[1] == 8 * width * height * 4


def test_the_frame_is_of_photos_as_they_are_seen(tmp_path: Path) -> None:
    """A phone writes a photo lying on its side, with a tag; one that is damaged does not count."""
    root = fill(tmp_path / "mine", {"acne": 4, "wart": 4})
    for number, path in enumerate(sorted(root.rglob("*.jpg"))):
        picture(path, 100 + number, 60, orientation=6)
    (root / "acne/p000.jpg").write_bytes(b"\xff\xd8\xffno photo")
    assert frame_size(class_folder(root)) == (60, 104)


def test_photos_are_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    data = class_folder(fill(tmp_path / "mine", {"acne": 4, "wart": 4}))
    photo = Folder.photo
    monkeypatch.setattr(Folder, "photo", lambda self, i: opened.append(i) or photo(self, i))
    assert frame_size(data) == frame_size(data)
    assert len(opened) == 8
    some = replace(data, table=data.table.iloc[:2])
    assert frame_size(some)
    assert len(opened) == 10, "other photos may have another size"


def test_file_that_cannot_be_read_is_named(classes: Path, environment: dict[str, str]) -> None:
    (classes / "eczema" / "broken.jpg").write_bytes(b"\xff\xd8\xffno photo")
    with pytest.raises(DatasetError, match=r"eczema/broken\.jpg: .*remove it"):
        prepare(ClassifierConfig(data=str(classes)))


def test_changed_file_is_decoded_anew(classes: Path, environment: dict[str, str]) -> None:
    config = ClassifierConfig(data=str(classes))
    before = np.array(prepare(config).frames[0])
    photo(classes / "acne" / "p000.jpg", 999)
    assert (prepare(config).frames[0] != before).any()


def test_copies_of_a_notebook_and_other_hidden_photos_are_not_learned_from(classes: Path) -> None:
    expected = class_folder(classes).table
    for place in (".ipynb_checkpoints", "@eaDir", "__MACOSX", "$RECYCLE.BIN"):
        photo(classes / "acne" / place / "p900.jpg", 900)
        photo(classes / place / "acne" / "p901.jpg", 901)
    photo(classes / "acne" / "._p902.jpg", 902)
    pd.testing.assert_frame_equal(class_folder(classes).table, expected)


def test_what_is_left_out_is_named(classes: Path) -> None:
    photo(classes / "loose.jpg", 900)
    (classes / "acne" / "scan.dcm").write_bytes(b"DICOM")
    (classes / "acne" / "phone.CR3").write_bytes(b"raw")
    said = " ".join(class_folder(classes).notes)
    for name in ("loose.jpg", "acne/scan.dcm", "acne/phone.CR3"):
        assert name in said


def test_classes_that_differ_in_case_or_unicode_form_are_joined(tmp_path: Path) -> None:
    fill(tmp_path / "train", {"Nævus": 8, "café": 8})
    fill(tmp_path / "test", {"nævus": 2, "cafe\u0301": 2}, start=50)
    folder = class_folder(tmp_path)
    assert folder.classes == ("Nævus", "café")
    assert folder.table.groupby("dx").size().to_dict() == {"Nævus": 10, "café": 10}
    assert any("Nævus and nævus" in note for note in folder.notes)


def test_dots_in_names_belong_to_them(tmp_path: Path) -> None:
    for k in range(8):
        photo(tmp_path / "a" / f"pat.{k}.jpg", k)
        photo(tmp_path / "b" / f"pat.{k}.jpg", 20 + k)
    rows = "".join(f"{c}/pat.{k},L{c}{k // 2}\n" for c in "ab" for k in range(8))
    (tmp_path / "metadata.csv").write_text("image_id,lesion_id\n" + rows)
    folder = class_folder(tmp_path)
    assert folder.table["lesion_id"].nunique() == 8
    assert not folder.notes


def test_mask_of_a_photo_that_exif_turns(masks: Path) -> None:
    rgb = np.zeros((48, 64, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(rgb).save(masks / "images" / "p0.jpg", exif=exif)
    mask = mask_folder(masks).mask("images/p0.jpg")
    assert mask.shape == (64, 48)
    assert mask[10:40, 18:38].all(), "turned clockwise as the photo is"
    assert mask.sum() == 600


def test_masks_that_cannot_be_used_are_named_together(
    masks: Path, environment: dict[str, str]
) -> None:
    (masks / "masks" / "p5.png").write_bytes(to_png(np.zeros((48, 64), np.uint8)))
    (masks / "masks" / "p7.png").write_bytes(to_png(np.full((48, 64), 255, np.uint8)))
    with pytest.raises(DatasetError, match=r"p5\.png is empty.*p7\.png is full"):
        prepare(SegmenterConfig(data=str(masks)))


def test_two_masks_of_one_photo_and_one_mask_of_two(masks: Path) -> None:
    (masks / "masks" / "p0.png").write_bytes((masks / "masks/p1_segmentation.png").read_bytes())
    with pytest.raises(DatasetError, match=r"two masks, p0\.png and p0_segmentation\.png"):
        mask_folder(masks)
    (masks / "masks" / "p0.png").unlink()
    photo(masks / "images" / "other" / "p0.jpg", 99)
    with pytest.raises(DatasetError, match=r"p0\.jpg and .*p0\.jpg share the mask"):
        mask_folder(masks)


def test_photos_of_phones_are_learned_from(classes: Path, environment: dict[str, str]) -> None:
    pillow_heif.register_heif_opener()
    rgb = np.random.default_rng(7).integers(0, 256, (48, 64, 3), np.uint8)
    for name, file_format in (("i.HEIC", "HEIF"), ("j.avif", "AVIF"), ("k.jp2", "JPEG2000")):
        Image.fromarray(rgb).save(classes / "acne" / name, file_format)
    arrays = prepare(ClassifierConfig(data=str(classes)))
    assert {"acne/i.HEIC", "acne/j.avif", "acne/k.jp2"} <= set(arrays.table.index)
    assert len(arrays.frames) == 25


def test_the_nine_classes_of_kaggle_are_recognised_by_their_folders(tmp_path: Path) -> None:
    nine = (
        "actinic keratosis|basal cell carcinoma|dermatofibroma|melanoma|nevus|vascular lesion|"
        "pigmented benign keratosis|seborrheic keratosis|squamous cell carcinoma"
    )
    names = nine.split("|")
    start = 0
    for part, count in (("Train", 4), ("Test", 1)):
        fill(tmp_path / "nine" / part, dict.fromkeys(names, count), start)
        start += 100
    fill(tmp_path / "eight", dict.fromkeys(names[1:], 4))
    notes = class_folder(tmp_path / "nine").notes
    assert notes[0] == NINE_CLASSES_FAULTS
    assert "77 photos lie in two classes" in notes[0]
    assert NINE_CLASSES_FAULTS not in class_folder(tmp_path / "eight").notes
