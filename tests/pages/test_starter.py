"""Fetching the starter set from the Dataset page, run headless against a small archive."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.ham10000 import archive_photos, starter
from core.ham10000.dataset import Dataset
from core.imaging.image import LesionImage
from core.learning.store import Store
from tests.core.ham10000.archive_server import IDS, PHOTOS, PhotoArchive, running_archive
from tests.pages.conftest import ANNA, checked, start, texts

pytestmark = pytest.mark.usefixtures("browser")


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[PhotoArchive]]:
    """Of seven photos, which are the whole starter set."""
    looks = [starter.look_of(LesionImage.from_bytes(PHOTOS[i], i).rgb) for i in IDS]
    few = starter.listed().loc[IDS].assign(look=looks)
    monkeypatch.setattr(starter, "listed", lambda: few)
    monkeypatch.setattr(archive_photos, "FIRST_WAIT", 0.01)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_archive(dict(PHOTOS)) as (found, address):
        monkeypatch.setenv("LESIONLAB_ARCHIVE", address)
        yield found


def test_nobody_is_asked_before_the_click(
    archive: type[PhotoArchive], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    with monkeypatch.context() as closed:
        closed.setattr(socket.socket, "connect", refuse)
        closed.setattr(socket, "getaddrinfo", refuse)
        app = start("dataset")
        assert app.button(key="starter_go").label == "Fetch 7 photos from the ISIC Archive"
    assert archive.queries == 0
    assert "CC BY-NC 4.0" in texts(app)
    app.button(key="starter_go").click()
    checked(app)
    assert archive.queries == len(IDS)
    assert "7 photos were downloaded" in app.success[0].value
    assert "ViDIR" in app.success[0].value
    assert not [b for b in app.button if b.key == "starter_go"]
    assert not checked(app).success  # said once


def test_what_failed_is_told_and_fetched_by_going_on(archive: type[PhotoArchive]) -> None:
    archive.troubles[IDS[2]] = [500] * archive_photos.TRIES
    app = start("dataset")
    app.button(key="starter_go").click()
    checked(app)
    assert any("6 photos were downloaded" in w.value and "refused" in w.value for w in app.warning)
    go = app.button(key="starter_go")
    assert go.label == "Fetch what is missing (1)"
    go.click()
    checked(app)
    assert len(Dataset.open().table) == len(IDS)


def test_the_quiz_asks_about_them(archive: type[PhotoArchive]) -> None:
    starter.download()
    Store.open().profile(ANNA, "Anna")
    app = start("quiz")
    app.button(key="quiz_start").click()
    checked(app)
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert {s.image for s in quiz.steps} == set(IDS)
    assert app.button(key="confirm_first_0")
    assert start("diagnoses").header
    start("performance")


def test_it_is_closed_to_strangers(
    archive: type[PhotoArchive], headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = start("dataset")
    headers["X-Forwarded-For"] = "10.0.0.1"
    app.button(key="starter_go").click()  # drawn before, pressed by a stranger
    checked(app)
    assert "Fetching the starter set is locked" in texts(app)
    assert not [b for b in app.button if b.key == "starter_go"]
    assert archive.queries == 0


def test_an_imported_dataset_is_not_offered_it(tmp_path: Path) -> None:
    images = tmp_path / "data" / "ham10000" / "images"
    images.mkdir(parents=True)
    (images / "ISIC_0000001.jpg").write_bytes(b"mine")
    assert not [b for b in start("dataset").button if b.key == "starter_go"]
