"""What is kept on the disk: listed, bounded, cleared; and never anything of somebody's."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.settings import REPOSITORY, Settings, SettingsError
from core.system import caches, ownership, prepared, storage
from core.system.ownership import MARKER
from core.system.run_folder import RUN
from core.system.storage import FEATURES, PHOTOS, clear, make_room, size, survey
from tests import somebody

MB = 1024**2


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Five folders full of somebody's things."""
    for name in ("CACHE", "RUNS", "DATA", "LEARNING", "WINDOW"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        monkeypatch.setenv(f"LESIONLAB_{name}", str(folder))
    monkeypatch.setenv("LESIONLAB_CACHE_GB", "1")
    return Settings.from_environment()


def entry(place: Path, name: str, nbytes: int, used: float, kind: str = PHOTOS) -> Path:
    """An entry that no process uses."""
    ownership.claim(place / name, kind)
    with (place / name / "frames.npy").open("wb") as file:
        file.truncate(nbytes)
    os.utime(place / name / MARKER, (used, used))
    return place / name


def test_all_is_listed(settings: Settings) -> None:
    def one(folder: Path) -> None:
        (folder / "model.xml").write_bytes(b"12345")

    kept = prepared.keep(settings.cache, "key", one)
    entry(settings.cache / "training", "a", 2 * MB, 1)
    entry(settings.data / "ham10000" / "cache", "f", MB, 1, FEATURES)
    (settings.data / "ham10000" / "images").mkdir()
    (settings.data / "ham10000" / "images" / "ISIC_0000001.jpg").write_bytes(bytes(77))
    for name in ("here", "binned"):
        ownership.claim(settings.runs / name, RUN)
        (settings.runs / name / "last.ckpt").write_bytes(bytes(1000))
    with closing(sqlite3.connect(settings.runs / "runs.sqlite")) as connection:
        connection.execute("CREATE TABLE runs (id TEXT, deleted REAL)")
        connection.execute("INSERT INTO runs VALUES ('here', NULL), ('binned', 1.0)")
        connection.commit()
    ownership.claim(settings.learning, storage.ANSWERS)
    ownership.claim(settings.window, storage.WINDOW)
    found = {item.kind: item for item in survey(settings)}
    assert list(found) == list(storage.TITLES)
    assert found["models"].path == kept
    assert found["models"].used, "by this very process"
    assert not found["photos"].used
    assert found["photos"].nbytes == pytest.approx(2 * MB, abs=500)
    assert found["runs"].path.name == "here"
    assert found["bin"].path.name == "binned"
    assert found["dataset"].nbytes == 77


def test_used_longest_ago_goes_first(settings: Settings) -> None:
    place, other = settings.cache / "training", settings.data / "ham10000" / "cache"
    third = entry(place, "c", 400 * MB, 3)
    first = entry(other, "a", 400 * MB, 1)
    second = entry(place, "b", 100 * MB, 2, FEATURES)
    make_room(place, 100 * MB, settings)
    assert all(path.exists() for path in (first, second, third)), "within the limit"
    make_room(place, 200 * MB, settings)
    assert (first.exists(), second.exists(), third.exists()) == (False, True, True)
    assert caches.use(second)
    make_room(place, 5000 * MB, settings)
    assert (second.exists(), third.exists()) == (True, False), "what is in use stays"
    caches.release(second)


def test_a_full_disk_makes_room_too(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    place = settings.cache / "training"
    old, new = entry(place, "a", MB, 1), entry(place, "b", MB, 2)
    monkeypatch.setattr(storage, "room", lambda folder: 0 if old.exists() else 100)
    make_room(place, 100, settings)
    assert not old.exists()
    assert new.exists()


USER = """
import sys
from pathlib import Path
from core.system import caches
assert caches.use(Path(sys.argv[1]))
print("used", flush=True)
sys.stdin.read()
"""


def test_another_process_keeps_what_it_uses(settings: Settings) -> None:
    path = entry(settings.cache / "training", "a", MB, 1)
    user = subprocess.Popen(
        [sys.executable, "-c", USER, str(path)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert user.stdout
    user.stdout.readline()
    (item,) = survey(settings)
    assert item.used
    assert clear(["photos"], settings) == "There was nothing to remove. 1 in use, which stay."
    user.communicate()  # it ends
    assert clear(["photos"], settings) == f"{size(item.nbytes)} freed."
    assert not path.exists()


def test_nothing_of_somebodys_is_cleared(settings: Settings) -> None:
    before = {folder: somebody.fill(folder) for folder in (settings.cache, settings.data)}
    mine = settings.cache / "training" / "ba9876543210"  # named like an entry, without its marker
    mine.mkdir(parents=True)
    np.save(mine / "frames.npy", np.zeros((2, 3), np.uint8))
    before[mine] = somebody.seen(mine)
    clear(list(storage.CLEARED), settings)
    make_room(settings.cache / "training", 10**15, settings)
    for folder, seen in before.items():
        assert somebody.missing(seen, folder) == set()


def test_commands(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = entry(settings.cache / "training", "a", 3 * MB, 1)
    features = entry(settings.data / "ham10000" / "cache", "f", MB, 1, FEATURES)
    assert main(["storage"]) == 0
    listed = capsys.readouterr().out
    assert str(photos) in listed
    assert "3 MB" in listed
    with pytest.raises(SystemExit) as wrong:
        main(["storage", "--clear", "dataset"])
    assert wrong.value.code == 2
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "")
    assert main(["storage", "--clear"]) == 1
    assert photos.exists(), "asked first"
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert main(["storage", "--clear", "features"]) == 0
    assert (photos.exists(), features.exists()) == (True, False)
    capsys.readouterr()
    assert main(["storage", "--clear", "--yes"]) == 0
    assert "3 MB" in capsys.readouterr().out
    assert not photos.exists()


@pytest.mark.parametrize("value", ["0", "-1", "many", "nan", "inf"])
def test_a_limit_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_CACHE_GB", value)
    with pytest.raises(SettingsError, match="LESIONLAB_CACHE_GB"):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("nbytes", "said"),
    [(0, "0 B"), (2000, "2 kB"), (118 * MB, "118 MB"), (1.25 * 1024**3, "1.2 GB")],
)
def test_sizes_for_people(nbytes: float, said: str) -> None:
    assert storage.size(nbytes) == said
