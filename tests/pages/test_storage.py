"""The section Storage of the Training page: what lies where, and clearing, asked first."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.system import caches, ownership
from core.system.storage import PHOTOS
from tests.pages.conftest import button, checked, start
from ui.training import store


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Decoded photos that no process uses."""
    for name in ("RUNS", "DATA", "CACHE"):
        monkeypatch.setenv(f"LESIONLAB_{name}", str(tmp_path / name.lower()))
    monkeypatch.setattr("ui.training.store.ensure_supervisor", lambda _: None)
    entry = tmp_path / "cache" / "training" / "0123456789ab"
    ownership.claim(entry, PHOTOS)
    (entry / "frames.npy").write_bytes(bytes(3 * 1024**2))
    return entry


def page():
    return start("training", training_view=store.STORAGE)


def clear(app):
    return app.button(key="storage_clear")


def test_sizes_are_shown_and_cleared_after_a_question(photos: Path) -> None:
    app = page()
    table = app.dataframe[0].value.set_index("What")
    assert table.loc["Decoded photos", "Size"] == "3 MB"
    assert str(photos.parent) in table.loc["Decoded photos", "Where"]
    clear(app).click()
    checked(app)
    assert photos.exists(), "asked first"
    app.button(key="storage_clear_now").click()
    checked(app)
    assert not photos.exists()
    assert "3 MB" in app.success[0].value
    assert clear(app).disabled


def test_no_answer_clears_nothing(photos: Path) -> None:
    app = page()
    clear(app).click()
    checked(app)
    button(app, "Keep it").click()
    checked(app)
    assert photos.exists()
    assert not app.success


def test_what_is_in_use_is_not_offered(photos: Path) -> None:
    assert caches.use(photos)
    app = page()
    assert app.dataframe[0].value.set_index("What").loc["Decoded photos", "In use"] == 1
    assert clear(app).disabled
    caches.release(photos)


def test_a_stranger_clears_nothing(photos: Path, headers: dict[str, str]) -> None:
    headers["X-Forwarded-For"] = "203.0.113.9"
    app = page()
    assert clear(app).disabled
    assert "Where" not in app.dataframe[0].value.columns
    del headers["X-Forwarded-For"]
    app = page()
    clear(app).click()
    checked(app)
    headers["Forwarded"] = "for=203.0.113.9"
    app.button(key="storage_clear_now").click()
    checked(app)
    assert photos.exists()
    assert app.error
