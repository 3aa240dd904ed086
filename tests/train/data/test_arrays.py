"""The decoded arrays, augmentation and drawing of samples."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import train.data.arrays
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.imaging.image import LesionImage
from core.system import caches
from core.system.disk_space import NoRoomError
from core.taxonomy import KEYS
from tests.train.conftest import HEIGHT, WIDTH, Tiny
from train.config import ClassifierConfig, Config, ConfigError, HybridConfig, SegmenterConfig
from train.data.arrays import CROP, Arrays, Data, load_arrays, prepare, rows_of, wanted_part
from train.data.samplers import EpochSampler, Frames, Samples, frame_loader
from train.data.sources import split_source
from train.finish.features import part_rows


@pytest.fixture
def copy(tiny: Tiny, tmp_path: Path) -> Tiny:
    """The tiny dataset, not decoded yet, to be changed."""
    shutil.copytree(tiny.data, tmp_path / "data", ignore=shutil.ignore_patterns("cache"))
    return Tiny(tmp_path / "data")


@pytest.fixture
def decodings(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that are decoded into, in turn."""
    folders: list[Path] = []
    decode = train.data.arrays._decode

    def note(data: Data, table: pd.DataFrame, directory: Path, *others: Any) -> None:
        folders.append(directory)
        decode(data, table, directory, *others)

    monkeypatch.setattr(train.data.arrays, "_decode", note)
    return folders


@pytest.fixture(scope="module")
def arrays(tiny: Tiny) -> Arrays:
    return load_arrays(tiny.open())


# The arrays


def test_arrays_hold_the_dataset(tiny: Tiny, arrays: Arrays) -> None:
    dataset = tiny.open()
    n = len(dataset.table)
    assert arrays.frames.shape == (n, HEIGHT, WIDTH, 3)
    assert arrays.masks.shape == (n, HEIGHT, WIDTH)
    assert arrays.crops.shape == (dataset.table["has_crop"].sum(), CROP, CROP, 3)
    assert {a.dtype for a in (arrays.frames, arrays.masks, arrays.crops)} == {np.dtype(np.uint8)}
    for row in (0, 7, n - 1):
        image_id = arrays.table.index[row]
        photo = LesionImage.from_bytes(dataset.photo(image_id)).rgb
        np.testing.assert_array_equal(arrays.frames[row], photo)  # not larger: not resized
        truth = dataset.mask(image_id)[::2, ::2]
        assert ((arrays.masks[row] > 127) == truth).mean() > 0.98
        assert KEYS[arrays.table["label"].iloc[row]] == arrays.table["dx"].iloc[row]
    crops = arrays.table["crop_row"].to_numpy()
    assert sorted(crops[crops >= 0]) == list(range(len(arrays.crops)))
    np.testing.assert_array_equal(crops >= 0, arrays.table["has_crop"])


def test_arrays_are_reused(copy: Tiny, decodings: list[Path]) -> None:
    first, second = load_arrays(copy.open()), load_arrays(copy.open())
    assert len(decodings) == 1
    np.testing.assert_array_equal(first.frames, second.frames)
    assert not second.frames.flags.writeable


DECODES_AND_STAYS = """
import sys
from train.data.arrays import load_arrays
from core.ham10000.dataset import Dataset

def tick(done, total):
    if not done:
        print("begun", flush=True)
        sys.stdin.readline()

load_arrays(Dataset.open(), tick)
print("done", flush=True)
sys.stdin.readline()
"""


def test_who_waits_for_another_goes_on_beside_it(
    copy: Tiny, decodings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes of one training would wait for each other for ever."""
    monkeypatch.setenv("LESIONLAB_DATA", str(copy.data))
    command = [sys.executable, "-c", DECODES_AND_STAYS]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "begun\n"
        ticks: list[int] = []

        def tick(done: int, total: int) -> None:
            if not ticks:
                other.stdin.write("\n")
                other.stdin.flush()
            ticks.append(done)

        arrays = load_arrays(copy.open(), tick)
        assert set(ticks) == {0}
        assert not decodings
        assert arrays.frames.shape == (len(arrays.table), HEIGHT, WIDTH, 3)
        assert other.poll() is None
        other.communicate("\n")


def test_arrays_follow_a_changed_file(copy: Tiny, decodings: list[Path]) -> None:
    before = load_arrays(copy.open())
    photo = copy.data / "ham10000/images/ISIC_0000003.jpg"
    other = (copy.data / "ham10000/images/ISIC_0000020.jpg").read_bytes()
    photo.write_bytes(other)
    after = load_arrays(copy.open())
    assert len(set(decodings)) == 2
    np.testing.assert_array_equal(after.frames[3], before.frames[20])


def test_old_arrays_make_room_but_none_in_use(
    copy: Tiny, decodings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_CACHE_GB", "0.000001")
    photo = copy.data / "ham10000/images/ISIC_0000003.jpg"
    for seconds in (1, 2):
        load_arrays(copy.open())
        os.utime(photo, (seconds, seconds))
    first, second = decodings
    assert first.exists(), "this process uses it"
    for path in decodings[:]:
        caches.release(path)  # as if the processes that used them had ended
    load_arrays(copy.open())
    assert not first.exists()
    assert not second.exists()
    assert decodings[2].exists()


@pytest.mark.parametrize("asked", [True, False])
def test_no_room_is_told_before_photos_are_decoded(
    copy: Tiny, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the figures of the disk or, where they are wrong, by the room that is set aside."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if asked:
        monkeypatch.setattr("core.system.disk_space.room", lambda folder: 1000)
    else:
        monkeypatch.setattr("core.system.disk_space.os.posix_fallocate", full)
    monkeypatch.setattr(train.data.arrays, "decode_row", lambda *_: pytest.fail("begun"))
    with pytest.raises(NoRoomError, match="Make"):
        load_arrays(copy.open())
    assert not list(copy.data.rglob("*.npy"))


@pytest.mark.parametrize("name", ["frames", "masks", "crops"])
def test_a_cut_array_is_decoded_anew(copy: Tiny, decodings: list[Path], name: str) -> None:
    expected = np.array(getattr(load_arrays(copy.open()), name))
    os.truncate(decodings[0] / f"{name}.npy", 1000)
    np.testing.assert_array_equal(getattr(load_arrays(copy.open()), name), expected)
    assert len(decodings) == 2


def test_a_folder_of_somebodys_is_not_written_into(copy: Tiny, decodings: list[Path]) -> None:
    folder = train.data.arrays._directory(copy.open(), (WIDTH, HEIGHT))
    folder.mkdir(parents=True)
    (folder / "frames.npy").write_text("mine")
    with pytest.raises(FileExistsError, match="Move it away"):
        load_arrays(copy.open())
    assert [p.name for p in folder.iterdir()] == ["frames.npy"]
    assert decodings == []


def test_arrays_follow_a_mask_taken_away(copy: Tiny, decodings: list[Path]) -> None:
    assert load_arrays(copy.open()).masks[3].any()
    (copy.data / "ham10000/masks/ISIC_0000003.png").unlink()
    after = load_arrays(copy.open())
    assert not after.masks[3].any()
    assert not after.table["has_mask"].iloc[3]


def test_arrays_follow_the_table(copy: Tiny, decodings: list[Path]) -> None:
    """A row less in the table moves all rows below it."""
    before = load_arrays(copy.open())
    path = copy.data / "ham10000/metadata.csv"
    table = pd.read_csv(path)
    table[table["image_id"] != "ISIC_0000003"].to_csv(path, index=False)
    after = load_arrays(copy.open())
    assert len(after.frames) == len(after.table) == len(before.frames) - 1
    np.testing.assert_array_equal(after.frames[3], before.frames[4])


def test_interrupted_decoding_is_redone(
    copy: Tiny, decodings: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = Dataset.photo

    def fails(dataset: Dataset, image_id: str) -> bytes:
        if image_id == "ISIC_0000030" and decodings:  # not while the frame is measured
            raise KeyboardInterrupt
        return photo(dataset, image_id)

    monkeypatch.setattr(Dataset, "photo", fails)
    with pytest.raises(KeyboardInterrupt):
        load_arrays(copy.open())
    assert not (decodings[0] / "complete.json").exists()
    monkeypatch.setattr(Dataset, "photo", photo)
    arrays = load_arrays(copy.open())
    assert decodings[0] == decodings[1]
    assert (decodings[0] / "complete.json").exists()
    assert arrays.frames[30:].any(axis=(1, 2, 3)).all()


def test_arrays_do_not_mind_a_touched_folder(copy: Tiny, decodings: list[Path]) -> None:
    load_arrays(copy.open())
    os.utime(copy.data / "ham10000/images")
    load_arrays(copy.open())
    assert len(decodings) == 1


@pytest.mark.parametrize("kind", [ClassifierConfig, SegmenterConfig])
def test_a_limited_training_decodes_only_its_photos(
    copy: Tiny, decodings: list[Path], monkeypatch: pytest.MonkeyPatch, kind: type[Config]
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(copy.data))
    config, told = kind(limit=10), []
    part = prepare(config, lambda done, total: told.append((done, total)))
    table = copy.open().table
    count = sum(min(10, int((table["split"] == split).sum())) for split in ("train", "validation"))
    assert told == [(k, count) for k in range(count)]
    assert len(part.frames) == count
    masked = kind is SegmenterConfig
    assert part.table["has_mask"].all() == masked
    whole = load_arrays(copy.open())
    assert len(prepare(config).frames) == len(whole.frames), "what is decoded as a whole is used"
    assert len(decodings) == 2
    for split in ("train", "validation"):
        few, same = (rows_of(a, split, 10, masked) for a in (part, whole))
        assert list(part.table.index[few]) == list(whole.table.index[same])
        np.testing.assert_array_equal(part.frames[few], whole.frames[same])
        np.testing.assert_array_equal(part.masks[few] > 127, (whole.masks[same] > 127) & masked)


def test_one_subset_wherever_a_limited_training_asks(tiny: Tiny) -> None:
    """What is trained and validated on, what is exported with, and what is measured on."""
    dataset = tiny.open()
    arrays = load_arrays(dataset)
    table = wanted_part(dataset, ClassifierConfig(limit=12)).table
    for split in ("train", "validation"):
        for masked in (False, True):
            rows = rows_of(arrays, split, 12, masked)
            assert part_rows(arrays.table, split, 12, masked).tolist() == rows.tolist()
            source = split_source(dataset, split, masked=masked, limit=12)
            assert list(source.table.index) == list(arrays.table.index[rows])
            assert set(table.index) >= set(source.table.index)
    crops = part_rows(arrays.table, "crops", 12)
    assert set(crops) <= set(rows_of(arrays, "train", 12))


@pytest.mark.parametrize("decoded", [False, True])
def test_a_limit_without_room_for_each_class_is_refused(
    copy: Tiny, monkeypatch: pytest.MonkeyPatch, decoded: bool
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(copy.data))
    if decoded:
        load_arrays(copy.open())
    for config in (ClassifierConfig(limit=6), HybridConfig(limit=6)):
        with pytest.raises(ConfigError, match=r"6 photos .* 7 classes in train: allow 7"):
            prepare(config)
    assert prepare(SegmenterConfig(limit=6)).masks.any(), "outlines have no classes"


# Augmentation


# Samples


def test_samples_of_the_classifier(arrays: Arrays) -> None:
    rows = rows_of(arrays, "train")
    samples = Samples(arrays, rows, 64, 0.4, with_mask=False)
    assert len(samples) == len(rows)
    for index in (0, 5, len(rows) - 1):
        image, label, source = samples[index]
        assert source.item() == 0
        assert image.shape == (64, 64, 3)
        assert image.dtype == torch.uint8
        assert image.is_contiguous()
        assert label.item() == arrays.table["label"].iloc[rows[index]]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_crops_are_drawn_as_often_as_asked(
    arrays: Arrays, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    sizes: list[tuple[int, ...]] = []

    def note(image: np.ndarray, *_: object) -> tuple[np.ndarray, None]:
        sizes.append(image.shape[:2])
        return np.array(image), None

    cropped = np.flatnonzero(arrays.table["has_crop"])
    samples = Samples(arrays, cropped, 64, share, with_mask=False)
    monkeypatch.setattr(samples, "change", note)
    for index in np.resize(np.arange(len(cropped)), 600):
        samples[index]
    found = sizes.count((CROP, CROP)) / len(sizes)
    assert found == pytest.approx(share, abs=0.07)
    whole = Samples(arrays, np.flatnonzero(~arrays.table["has_crop"]), 64, share, with_mask=False)
    monkeypatch.setattr(whole, "change", note)
    sizes.clear()
    whole[0]
    assert sizes == [(HEIGHT, WIDTH)], "an image without a crop comes whole"


def test_masks_never_come_with_crops(arrays: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = Samples(arrays, np.flatnonzero(arrays.table["has_crop"]), 64, 1.0, with_mask=True)
    monkeypatch.setattr(samples, "change", lambda image, mask, _: (np.array(image), mask))
    image, _, mask = samples[0]
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert mask.shape == (HEIGHT, WIDTH)


def test_frames_come_whole_and_in_order(arrays: Arrays) -> None:
    rows = rows_of(arrays, "validation")
    image, row = Frames(arrays, rows, 64)[2]
    assert image.shape == (64, 64, 3)
    assert row == rows[2]
    batches = list(frame_loader(arrays, rows, 32, batch=4))
    assert torch.cat([r for _, r in batches]).tolist() == rows.tolist()
    assert batches[0][0].shape == (4, 32, 32, 3)
    assert batches[0][0].dtype == torch.uint8


# Drawing


def drawn(weights: np.ndarray, count: int, seed: int = 7, epoch: int = 0) -> list[int]:
    sampler = EpochSampler(weights, count, seed, epoch)
    indices = list(sampler)
    assert len(indices) == len(sampler) == count
    return indices


def test_sampler_is_a_function_of_seed_and_epoch() -> None:
    weights = np.ones(50)
    assert drawn(weights, 30) == drawn(weights, 30)
    assert drawn(weights, 30, epoch=1) != drawn(weights, 30)
    assert drawn(weights, 30, seed=8) != drawn(weights, 30)


def test_equal_weights_use_each_image_once_before_any_twice() -> None:
    assert len(set(drawn(np.ones(50), 30))) == 30
    assert sorted(drawn(np.ones(50), 50)) == list(range(50))
    assert set(Counter(drawn(np.ones(50), 75)).values()) == {1, 2}


@pytest.mark.parametrize("count", [400, 1000, 3000])
@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_classes_come_in_the_shares_that_the_loss_assumes(count: int, power: float) -> None:
    """Also when fewer images are drawn than there are, and a rare class is too small for its
    share unless it is repeated."""
    counts = np.array([850, 120, 30])
    labels = np.repeat(np.arange(3), counts)
    indices = drawn(counts[labels].astype(float) ** -power, count)
    found = np.bincount(labels[indices], minlength=3) / count
    share = counts ** (1.0 - power)
    np.testing.assert_allclose(found, share / share.sum(), atol=0.02)


def test_sampler_mixes_the_order() -> None:
    indices = np.array(drawn(np.ones(200), 200))
    assert abs(np.corrcoef(indices, np.arange(200))[0, 1]) < 0.3


def test_sampler_never_draws_weight_zero() -> None:
    weights = np.array([0.0, 1, 0, 2, 0])
    assert set(drawn(weights, 1000)) == {1, 3}


# Splits


def test_rows_never_mix_splits(arrays: Arrays) -> None:
    rows = {s: set(rows_of(arrays, s).tolist()) for s in ("train", "validation", "test")}
    assert sum(len(r) for r in rows.values()) == len(set().union(*rows.values()))
    assert set().union(*rows.values()) == set(range(len(arrays.table)))
    lesions = {s: set(arrays.table["lesion_id"].iloc[sorted(r)]) for s, r in rows.items()}
    assert not lesions["train"] & lesions["validation"]
    assert not lesions["train"] & lesions["test"]
    assert not lesions["validation"] & lesions["test"]


def test_rows_limited_and_masked(arrays: Arrays) -> None:
    rows = rows_of(arrays, "train")
    few = rows_of(arrays, "train", 12)
    assert len(few) == 12
    assert set(few) < set(rows)
    assert set(arrays.table["dx"].iloc[few]) == set(KEYS), "no class is left out"
    assert rows_of(arrays, "train", 0).tolist() == rows.tolist()
    table = arrays.table.assign(has_mask=False)
    table.iloc[rows[3], table.columns.get_loc("has_mask")] = True
    one = Arrays(table, arrays.frames, arrays.masks, arrays.crops)
    assert rows_of(one, "train", masked=True).tolist() == [rows[3]]
    with pytest.raises(DatasetError, match="no photos with a lesion mask"):
        rows_of(one, "test", masked=True)
