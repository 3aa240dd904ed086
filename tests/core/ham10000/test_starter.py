"""The starter set, from a small server that answers, and fails, as the ISIC Archive does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from core.errors import DatasetError
from core.ham10000 import archive_photos, isic_archive, starter
from core.ham10000.dataset import COLUMNS, Dataset
from core.ham10000.isic_archive import seconds_asked
from core.ham10000.splits import Split
from core.imaging.image import LesionImage, resize, to_jpeg, to_png
from core.system import ownership
from core.taxonomy import KEYS
from tests.core.ham10000.archive_server import (
    CREDIT,
    DRAWN,
    IDS,
    PHOTOS,
    PhotoArchive,
    running_archive,
)
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Samples


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[PhotoArchive]]:
    """Of seven photos, which are the whole starter set."""
    looks = [starter.look_of(LesionImage.from_bytes(PHOTOS[i], i).rgb) for i in IDS]
    few = starter.listed().loc[IDS].assign(look=looks)
    monkeypatch.setattr(starter, "listed", lambda: few)
    monkeypatch.setattr(archive_photos, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(isic_archive, "SECONDS", PATIENCE)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    with running_archive(dict(PHOTOS)) as (found, address):
        monkeypatch.setenv("LESIONLAB_ARCHIVE", address)
        yield found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "data" / "ham10000"


def test_the_list_has_ten_test_lesions_of_each_diagnosis() -> None:
    table = starter.listed()
    assert table["dx"].value_counts().to_dict() == dict.fromkeys(KEYS, starter.EACH)
    assert table["lesion_id"].is_unique
    assert table.index.is_unique
    assert set(Split.read().assign(table["lesion_id"])) == {"test"}
    looks = list(table["look"])
    others = [starter.likeness(a, b) for n, a in enumerate(looks) for b in looks[:n]]
    assert max(others) < starter.ALIKE


def test_the_list_is_drawn_from_the_dataset(dataset: Dataset) -> None:
    test = dataset.table[dataset.table["split"] == "test"].reset_index().sort_values("image_id")
    lesions = test.drop_duplicates("lesion_id")
    place = lesions["lesion_id"].map(lambda lesion: hashlib.sha256(lesion.encode()).hexdigest())
    first = lesions.assign(place=place).sort_values("place").groupby("dx").head(starter.EACH)
    drawn = first.sort_values(["dx", "image_id"]).reset_index(drop=True)
    shipped = starter.listed().reset_index()[list(COLUMNS)]
    age = pd.to_numeric(shipped["age"], errors="coerce")
    shipped = shipped.assign(age=age).replace("", pd.NA)
    assert drawn[["lesion_id", "image_id", "dx"]].equals(shipped[["lesion_id", "image_id", "dx"]])
    for image in IDS:
        rgb = LesionImage.from_bytes(dataset.photo(image), image).rgb
        assert starter.likeness(starter.look_of(rgb), starter.listed().at[image, "look"]) > 0.999


def test_a_photo_is_known_at_any_size_and_no_other_is_taken_for_it(
    samples: Samples, dataset: Dataset
) -> None:
    looks = {}
    for image, photo in list(samples.images.items())[:40]:
        whole = LesionImage.from_bytes(photo, image).rgb
        looks[image] = starter.look_of(whole)
        small = LesionImage.from_bytes(dataset.photo(image), image).rgb
        assert starter.likeness(looks[image], starter.look_of(small)) > starter.ALIKE
    names = list(looks)
    assert all(
        starter.likeness(looks[a], looks[b]) < starter.ALIKE
        for n, a in enumerate(names)
        for b in names[:n]
    )


def test_all_come_and_make_a_dataset(archive: type[PhotoArchive], root: Path) -> None:
    told: list[tuple[int, int]] = []
    assert starter.status() == starter.Starter(0, len(IDS))
    done = starter.download(progress=lambda at, of, _: told.append((at, of)))
    assert (done.added, done.there, done.failed, done.stopped) == (len(IDS), len(IDS), {}, "")
    assert done.credits == (f"{CREDIT}, CC-BY-NC",)
    assert told[0] == (0, len(IDS))
    assert told[-1] == (len(IDS), len(IDS))
    data = Dataset.open()
    assert sorted(data.table.index) == sorted(IDS)
    assert set(data.table["split"]) == {"test"}
    assert set(data.table["dx"]) == set(KEYS)
    kept = json.loads((root / starter.MANIFEST).read_text())["photos"]
    for image in IDS:
        assert data.photo(image) == PHOTOS[image]
        assert kept[image]["sha256"] == hashlib.sha256(PHOTOS[image]).hexdigest()
        assert kept[image]["credit"] == f"{CREDIT}, CC-BY-NC"
    assert starter.status() == starter.Starter(len(IDS), len(IDS))
    archive.asked.clear()
    again = starter.download()
    assert (again.added, again.there, archive.asked) == (0, len(IDS), [])


def png() -> bytes:
    return to_png(DRAWN[0])


TROUBLES: dict[str, list[object]] = {
    "errors": [500, 502],
    "limited": [429, 429],
    "cut off": ["cut off"],
    "sign in": [b"<html>Sign in to this network</html>"],
    "nothing": [b""],
    "another": [PHOTOS[IDS[1]]],
    "no jpeg": [png()],
    "small": [to_jpeg(resize(DRAWN[0], (300, 225)))],
    "half": [PHOTOS[IDS[0]][:5000]],
    "huge": [bytes(archive_photos.LARGEST + 1)],
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_fails_is_tried_again(trouble: str, archive: type[PhotoArchive]) -> None:
    failing = TROUBLES[trouble]
    archive.troubles[IDS[0]] = list(failing)
    done = starter.download()
    assert (done.added, done.failed) == (len(IDS), {})
    assert archive.asked.count(IDS[0]) == 1 + len(failing)
    assert Dataset.open().photo(IDS[0]) == PHOTOS[IDS[0]]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (500, "refused"),
        ("cut off", "broke off"),
        (PHOTOS[IDS[1]], "instead of|another picture"),
        (b"no picture", "instead of|no photo"),
    ],
)
def test_what_goes_on_failing_is_named_and_the_rest_comes(
    trouble: object, words: str, archive: type[PhotoArchive], root: Path
) -> None:
    archive.troubles[IDS[2]] = [trouble] * archive_photos.TRIES
    done = starter.download()
    assert list(done.failed) == [IDS[2]]
    assert any(word in done.failed[IDS[2]] for word in words.split("|"))
    assert not (root / "images" / f"{IDS[2]}.jpg").exists()
    assert sorted(Dataset.open().table.index) == sorted(set(IDS) - {IDS[2]})
    assert starter.status().begun
    again = starter.download()  # resumes with what is missing only
    assert (again.added, again.there) == (1, len(IDS))
    assert archive.asked.count(IDS[3]) == 1
    assert not starter.status().begun


def test_a_wrong_picture_of_the_right_size_in_bytes_is_told(archive: type[PhotoArchive]) -> None:
    other = PHOTOS[IDS[1]]
    archive.photos[IDS[0]] = other  # the entry's size fits it
    done = starter.download()
    assert "another picture" in done.failed[IDS[0]]


def test_a_slow_archive_is_given_up(
    archive: type[PhotoArchive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isic_archive, "SECONDS", 0.5)
    monkeypatch.setattr(archive_photos, "TRIES", 1)
    archive.troubles[IDS[0]] = ["slow"]
    done = starter.download()
    assert "cannot be reached" in done.failed[IDS[0]]
    assert done.there == len(IDS) - 1


def test_a_short_wait_is_waited_and_a_long_one_is_told(archive: type[PhotoArchive]) -> None:
    said: list[str] = []
    archive.retry_after = "1"
    archive.troubles[IDS[0]] = [429]
    assert starter.download(progress=lambda *at: said.append(at[2])).there == len(IDS)
    assert any("Next try in" in words for words in said)


def test_a_long_wait_stops_and_what_is_here_stays(archive: type[PhotoArchive]) -> None:
    archive.retry_after = format_datetime(datetime.now(UTC) + timedelta(hours=1))
    archive.troubles[IDS[3]] = [503]
    done = starter.download()
    assert "60 min" in done.stopped
    assert (done.there, archive.asked[-1]) == (3, IDS[3])
    assert len(Dataset.open().table) == 3


def test_it_stops_where_all_fails(
    archive: type[PhotoArchive], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_ARCHIVE", "http://127.0.0.1:9")  # nothing listens there
    done = starter.download()
    assert (done.there, len(done.failed)) == (0, starter.MOST_FAILED)
    assert "cannot be reached" in done.stopped
    assert archive.queries == 0


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"isic_id": IDS[1]}, "instead of"),
        ({"files": None}, "no picture"),
        ({"files": {"full": {"url": "file:///etc/passwd", "size": 1}}}, "unsafe"),
        ({"files": {"full": {"url": "http://[::1", "size": 1}}}, "unsafe|no picture"),
        ({"files": {"full": {"url": 7}}}, "no picture"),
    ],
)
def test_an_entry_that_cannot_be_used(
    entry: dict[str, object], words: str, archive: type[PhotoArchive]
) -> None:
    archive.entries[IDS[0]] = entry
    failed = starter.download().failed
    assert list(failed) == [IDS[0]]
    assert any(word in failed[IDS[0]] for word in words.split("|"))


class StoppedError(Exception):
    """As a click on Stop ends what runs."""


def test_stopped_at_any_moment_it_goes_on(archive: type[PhotoArchive], root: Path) -> None:
    for moments in range(1, 8):

        def progress(done: int, *_: object, moments: int = moments) -> None:
            if done == moments:
                raise StoppedError

        with pytest.raises(StoppedError):
            starter.download(progress=progress)
        assert len(Dataset.open().table) == moments == starter.status().photos
        assert not list(root.rglob(f"{ownership.SCRATCH}*"))
    assert starter.download().there == len(IDS)
    assert len(archive.asked) == len(IDS)


def test_a_photo_that_changed_on_the_disk_comes_again(
    archive: type[PhotoArchive], root: Path
) -> None:
    starter.download()
    path = root / "images" / f"{IDS[0]}.jpg"
    path.write_bytes(path.read_bytes()[:-10])
    (root / "images" / f"{IDS[1]}.jpg").unlink()
    assert starter.status() == starter.Starter(len(IDS) - 2, len(IDS))
    archive.asked.clear()
    assert starter.download().added == 2
    assert archive.asked == IDS[:2]
    assert path.read_bytes() == PHOTOS[IDS[0]]


def test_another_dataset_is_left_alone(archive: type[PhotoArchive], root: Path) -> None:
    (root / "images").mkdir(parents=True)
    photo = root / "images" / "ISIC_0000001.jpg"
    photo.write_bytes(b"mine")
    assert starter.status().obstacle
    with pytest.raises(DatasetError, match="already"):
        starter.download()
    photo.unlink()
    (root / "images").rmdir()
    (root / "holiday.txt").write_text("mine")
    with pytest.raises(DatasetError, match="LESIONLAB_DATA"):
        starter.download()
    assert [p.name for p in root.iterdir()] == ["holiday.txt"]
    assert archive.queries == 0


def test_a_damaged_manifest_is_begun_anew(archive: type[PhotoArchive], root: Path) -> None:
    starter.download()
    for content in ("no json", "[]", '{"photos": [1]}', '{"photos": {"a": 1}}'):
        (root / starter.MANIFEST).write_text(content)
        assert starter.status().photos == 0
        assert starter.download().there == len(IDS)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        (" 30 ", 30),
        ("soon", None),
        ("-1", None),
        ("9" * 400, 999999999),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_what_retry_after_asks_for(header: str | None, seconds: float | None) -> None:
    assert seconds_asked(header) == seconds


def test_likeness_of_pictures_without_contrast() -> None:
    grey = starter.look_of(np.full((450, 600, 3), 90, np.uint8))
    assert starter.likeness(grey, grey) == 0
