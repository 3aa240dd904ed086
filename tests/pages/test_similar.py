"""The section of similar cases, with and without the dataset."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from cachetools import LRUCache

from core.ham10000.dataset import Dataset
from core.ham10000.isic_archive import ArchiveError, ArchiveImage
from core.imaging.image import to_jpeg
from tests.pages.conftest import start, texts
from ui.sections import similar

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    similar._remembered.clear()


def test_without_dataset_eight_cases_by_id(offline: None) -> None:
    app = start(section="similar")
    labels = [c.value for c in app.caption if "similarity" in c.value]
    assert len(labels) == 8
    values = [float(label.rsplit(" ", 1)[1]) for label in labels]
    assert values == sorted(values, reverse=True)
    assert "The vote of the 16 nearest lesions" in texts(app)
    assert not [b for b in app.button if b.label == "Open"]


def test_photos_come_from_the_archive_on_a_click(
    offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(image_id: str) -> ArchiveImage:
        asked.append(image_id)
        return ArchiveImage(to_jpeg(np.full((40, 50, 3), 99, np.uint8)), "ViDIR Group, CC-BY-NC")

    monkeypatch.setattr(similar, "fetch", answer)
    app = start(section="similar")
    assert not asked
    next(b for b in app.button if "ISIC Archive" in b.label).click().run()
    assert not app.exception
    assert len(set(asked)) == 8
    assert texts(app).count("Photos: ViDIR Group, CC-BY-NC") == 1
    app.run()
    assert len(asked) == 8  # remembered


def test_no_connection_is_said_and_the_cases_stay(
    offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(image_id: str) -> ArchiveImage:
        raise ArchiveError("The ISIC Archive cannot be reached. Check the internet connection.")

    monkeypatch.setattr(similar, "fetch", refuse)
    app = start(section="similar")
    next(b for b in app.button if "ISIC Archive" in b.label).click().run()
    assert not app.exception
    assert "cannot be reached" in texts(app)
    assert len([c for c in app.caption if "similarity" in c.value]) == 8
    assert [b for b in app.button if b.label == "Try again"]


def test_one_bad_photo_does_not_take_the_others(
    offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def answer(image_id: str) -> ArchiveImage:
        asked.append(image_id)
        if image_id == min(asked):
            raise RuntimeError("nobody thought of this")
        return ArchiveImage(to_jpeg(np.full((40, 50, 3), 99, np.uint8)), "ViDIR Group")

    monkeypatch.setattr(similar, "fetch", answer)
    app = start(section="similar")
    next(b for b in app.button if "ISIC Archive" in b.label).click().run()
    assert not app.exception
    assert [w for w in app.warning if "unexpected" in w.value]
    assert len([c for c in app.caption if "similarity" in c.value]) == 8
    assert "Photos: ViDIR Group" in texts(app)


def test_photos_are_remembered_by_many_threads(
    offline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that makes room while others read it loses its order unless it is locked."""

    class Slow(LRUCache):
        """Gives other threads time between looking and touching."""

        busy = False

        def __getitem__(self, key):
            return self._alone(super().__getitem__, key)

        def __setitem__(self, key, value):
            return self._alone(super().__setitem__, key, value)

        def get(self, key, default=None):
            return self._alone(super().get, key, default)

        def _alone(self, do, *values):
            assert not self.busy, "two threads at once"
            self.busy = True
            time.sleep(0.001)
            self.busy = False
            return do(*values)

    monkeypatch.setattr(similar, "_remembered", Slow(4))
    monkeypatch.setattr(similar, "fetch", lambda image_id: ArchiveImage(b"", image_id))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(similar._fetched, [str(n % 9) for n in range(200)]))
    assert [picture.credit for picture in found] == [str(n % 9) for n in range(200)]


def test_a_case_of_the_dataset_never_finds_its_own_lesion(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(dataset.root.parent))
    table = dataset.table
    several = table[(table["split"] == "train") & table["lesion_id"].duplicated(keep=False)]
    image_id = str(several.index[0])
    app = start(section="similar", case=image_id, pinned=True)
    shown = [
        c.value.split(" ")[0].replace("\\", "") for c in app.caption if "similarity" in c.value
    ]
    assert len(shown) == 8
    assert table.loc[image_id, "lesion_id"] not in set(table.loc[shown, "lesion_id"])
    assert set(table.loc[shown, "split"]) == {"train"}
    opened = [b for b in app.button if b.label == "Open"]
    opened[2].click().run()
    assert not app.exception
    assert app.session_state["case"] == shown[2]


def test_a_file_called_by_its_id_does_not_find_itself(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui import state
    from ui.case import Case

    monkeypatch.setenv("LESIONLAB_DATA", str(dataset.root.parent))
    image_id = str(dataset.table.index[dataset.table["split"] == "train"][0])
    named = Case.of_file(dataset.photo(image_id), f"{image_id} copy.jpg", "")
    other = Case.of_file(dataset.photo(image_id), "mole.jpg", "")
    shown = state.model_server().answer(named)
    own = dataset.table.loc[image_id, "lesion_id"]
    assert own not in {n.lesion_id for n in similar.neighbours(named, shown, 8)}
    assert similar.neighbours(other, shown, 8)[0].lesion_id == own
