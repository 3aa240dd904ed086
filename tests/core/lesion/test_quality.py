"""Each note on a photo's quality comes when it should, and seldom otherwise."""

import json
from collections import Counter

import cv2
import numpy as np
import pytest

import core.lesion.quality
from core.__main__ import main
from core.answer.quality_limits import fit_limits
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.ham10000.splits import SPLIT_FILE, Split
from core.imaging.image import LesionImage, resize
from core.lesion.phantom import practice_set
from core.lesion.quality import (
    KINDS,
    Check,
    about_limits,
    check_quality,
    measure_quality,
)
from core.lesion.quality import remarks as quality_remarks
from core.models.cards import Card

PHOTOS = practice_set()


def remarks(rgb: np.ndarray, mask: np.ndarray) -> set[str]:
    return {check.key for check in check_quality(rgb, mask) if check.remark}


def bend(rgb: np.ndarray, gamma: float) -> np.ndarray:
    return np.rint(255 * (rgb / 255) ** gamma).astype(np.uint8)


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.title)
@pytest.mark.parametrize("size", [(600, 450), (200, 150), (1200, 900)])
def test_good_photos_get_no_note_at_any_size(photo, size) -> None:
    assert remarks(cv2.resize(photo.image.rgb, size, interpolation=cv2.INTER_AREA), photo.mask) == (
        set()
    )


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.title)
def test_each_fault_gets_its_note(photo) -> None:
    rgb, mask = photo.image.rgb, photo.mask
    assert remarks(cv2.GaussianBlur(rgb, (0, 0), 7), mask) == {"blur"}
    copy = cv2.resize(resize(rgb, (40, 30)), (600, 450), interpolation=cv2.INTER_CUBIC)
    assert remarks(copy, mask) == {"blur"}
    assert "lightness" in remarks(bend(rgb, 4), mask)
    assert "lightness" in remarks(bend(rgb, 0.2), mask)
    glare = rgb.copy()
    glare[60:140, 100:200] = 255
    assert remarks(glare, mask) == {"clipped"}


def test_dark_and_bright_get_different_advice() -> None:
    rgb, mask = PHOTOS[0].image.rgb, PHOTOS[0].mask
    said = [
        next(c.remark for c in check_quality(bend(rgb, gamma), mask) if c.key == "lightness")
        for gamma in (4, 0.2)
    ]
    assert ("dark" in said[0], "bright" in said[1]) == (True, True)


def test_drawn_hair() -> None:
    rgb, mask = PHOTOS[0].image.rgb.copy(), PHOTOS[0].mask
    bare = measure_quality(rgb, mask)["hair"]
    rng = np.random.default_rng(5)
    for _ in range(60):
        ends = rng.integers((0, 0), (600, 450), (2, 2))
        cv2.line(rgb, *map(tuple, ends.tolist()), (45, 30, 28), 4, cv2.LINE_AA)
    assert "hair" in remarks(rgb, mask)
    assert measure_quality(rgb, mask)["hair"] > bare + 0.1


def test_tiny_cut_off_and_faint_lesions() -> None:
    rgb, mask = PHOTOS[0].image.rgb, PHOTOS[0].mask
    far = np.full_like(rgb, np.median(rgb[~mask], axis=0))
    far[150:300, 200:400] = cv2.resize(rgb, (200, 150), interpolation=cv2.INTER_AREA)
    there = np.zeros(mask.shape, np.uint8)
    there[150:300, 200:400] = cv2.resize(mask.astype(np.uint8), (200, 150))
    found = measure_quality(far, there > 0)
    assert found["area"] == pytest.approx(mask.mean() / 9, rel=0.05)
    assert "area" in remarks(far, there > 0)
    cropped = slice(None), slice(300, None)
    assert remarks(rgb[cropped], mask[cropped]) == {"border"}
    skin = np.median(rgb[~mask], axis=0)
    faint = (skin + 0.08 * (rgb - skin)).astype(np.uint8)
    assert "contrast" in remarks(faint, mask)


def test_border_is_the_share_of_the_frame() -> None:
    rgb, mask = PHOTOS[0].image.rgb, np.zeros((450, 600), bool)
    mask[:, :300] = True
    assert measure_quality(rgb, mask)["border"] == pytest.approx(0.5, abs=0.01)


def test_without_a_lesion_only_the_photo_is_measured() -> None:
    found = check_quality(PHOTOS[0].image.rgb, np.zeros((450, 600), bool))
    assert [check.key for check in found] == ["blur", "lightness", "clipped", "hair"]


def test_lesion_everywhere_has_no_skin_to_compare_with() -> None:
    found = measure_quality(PHOTOS[0].image.rgb, np.ones((450, 600), bool))
    assert "contrast" not in found
    assert (found["area"], found["border"]) == (1, 1)


@pytest.mark.parametrize(("level", "word"), [(0, "dark"), (255, "bright")])
@pytest.mark.parametrize("size", [(32, 32), (600, 450), (40, 900)])
def test_black_and_white_photos(level: int, word: str, size: tuple[int, int]) -> None:
    rgb = np.full((size[1], size[0], 3), level, np.uint8)
    mask = np.zeros((64, 64), bool)
    mask[20:40, 20:40] = True
    found = {check.key: check for check in check_quality(rgb, mask)}
    assert all(np.isfinite(check.value) for check in found.values())
    assert word in found["lightness"].remark
    assert found["clipped"].value == found["blur"].value == 1
    assert found["contrast"].value == pytest.approx(0, abs=1e-4)
    assert not found["hair"].remark


def test_thumbnail_is_called_blurred_and_grey_is_fine() -> None:
    rgb, mask = PHOTOS[0].image.rgb, PHOTOS[0].mask
    assert remarks(cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA), mask) == {"blur"}
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    assert remarks(np.repeat(grey[..., None], 3, axis=2), mask) == set()


def test_limits_tell_where_they_come_from() -> None:
    about = about_limits()
    assert about["split"] == "validation"
    assert about["split_id"] == Split.read(SPLIT_FILE).id
    assert about["images"] > 1000
    assert set(about["limits"]) == set(KINDS)
    for key, kind in KINDS.items():
        ends = {"low": kind.too_low, "high": kind.too_high}
        assert set(about["limits"][key]) == {end for end, words in ends.items() if words}


def test_validation_photos_seldom_get_a_note(dataset: Dataset) -> None:
    table = dataset.table[(dataset.table["split"] == "validation") & dataset.table["has_mask"]]
    notes: Counter[str] = Counter()
    every = table.index[:: max(1, len(table) // 100)]
    for image_id in every:
        rgb = LesionImage.from_bytes(dataset.photo(image_id)).rgb
        notes.update(remarks(rgb, dataset.mask(image_id)))
    notes.pop("border", None)
    assert max(notes.values(), default=0) <= 0.05 * len(every), notes


class _Outlines:
    """Finds the lesion in the middle of every photo."""

    segmenter_card = Card(name="made up", sha256="0" * 64)

    def analyse(self, image: LesionImage) -> "_Outlines":
        self.mask = np.zeros((48, 64), bool)
        self.mask[16:32, 20:44] = True
        return self


def test_limits_are_measured_on_the_validation_split_alone(ham, monkeypatch, tmp_path) -> None:
    seen = []
    found = fit_limits(Dataset.open(), _Outlines(), lambda: seen.append(1))
    assert (found["images"], len(seen), found["split"]) == (1, 1, "validation")
    assert found["outlines"] == "made up 000000000000"
    assert found["limits"]["area"]["low"] == pytest.approx(16 * 24 / (48 * 64))
    assert found["limits"]["border"] == {"high": 0.0}
    # The command writes it where the checks read it.
    monkeypatch.setattr(core.lesion.quality, "LIMITS", tmp_path / "quality.json")
    monkeypatch.setattr("core.answer.analyser.Analyser.load", _Outlines)
    assert main(["quality"]) == 0
    assert json.loads((tmp_path / "quality.json").read_text()) == found == about_limits()


def test_limits_need_photos(ham, data, monkeypatch, tmp_path, capsys) -> None:
    whole = Dataset.open()
    elsewhere = whole.table.assign(split="train")
    with pytest.raises(DatasetError, match="Import"):
        fit_limits(Dataset(whole.root, elsewhere, whole.split), _Outlines())
    monkeypatch.setattr(core.lesion.quality, "LIMITS", tmp_path / "quality.json")
    monkeypatch.setattr("core.answer.analyser.Analyser.load", _Outlines)
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "nothing"))
    assert main(["quality"]) == 1
    assert "not been imported" in capsys.readouterr().err
    assert not (tmp_path / "quality.json").exists()


@pytest.mark.parametrize("taken", [True, False, None])
def test_only_who_took_a_photo_is_told_to_take_it_again(taken: bool | None) -> None:
    for key, kind in KINDS.items():
        for remark, remedy in ((kind.too_low, kind.remedy_low), (kind.too_high, kind.remedy_high)):
            if not remark:
                continue
            said = quality_remarks([Check(key, 0, None, None, remark, remedy)], True, taken)[key]
            assert said.startswith(remark)
            again = said.removeprefix(remark)
            assert bool(again) == (bool(remedy) and taken is not False)
            if remedy and taken is None:
                assert "If you took it" in again


def test_a_refused_photo_gets_no_word_about_a_lesion() -> None:
    """Nor of a section that is hidden; what holds for any photo is said."""
    checks = [Check(key, 0, None, None, f"about {key}", "again.") for key in KINDS]
    assert set(quality_remarks(checks, True)) == set(KINDS)
    said = quality_remarks(checks, False)
    assert set(said) == {"blur", "lightness", "clipped"}
    assert quality_remarks([Check("blur", 0, None, None, "")], True) == {}
