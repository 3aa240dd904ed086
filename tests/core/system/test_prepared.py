"""The cache of prepared models: whole or not there, checked, bounded."""

import os
import time
from pathlib import Path

import pytest

from core.system import caches, ownership, prepared
from core.system.ownership import MARKER
from tests import somebody


def fill(content: bytes = b"weights") -> prepared.Callable[[Path], object]:
    def write(folder: Path) -> None:
        (folder / "model.bin").write_bytes(content)
        (folder / "model.xml").write_text("<net/>")

    return write


def names(cache: Path) -> set[str]:
    return {path.name for path in (cache / "models").iterdir()}


def test_kept_is_found(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"
    assert prepared.find(cache, "a") is None
    kept = prepared.keep(cache, "a", fill())
    assert kept == cache / "models" / "a"
    assert prepared.find(cache, "a") == kept
    assert (kept / "model.bin").read_bytes() == b"weights"
    assert prepared.find(cache, "b") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.bin").write_bytes(b"weighTs"),
        lambda folder: (folder / "model.bin").write_bytes(b""),
        lambda folder: (folder / "model.xml").unlink(),
        lambda folder: (folder / prepared.SUMS).unlink(),
        lambda folder: (folder / prepared.SUMS).write_text("{"),
        lambda folder: (folder / "extra").write_text("?"),
    ],
)
def test_damaged_is_not_found_and_gives_way(tmp_path: Path, damage) -> None:
    folder = prepared.keep(tmp_path, "a", fill())
    damage(folder)
    assert prepared.find(tmp_path, "a") is None
    assert not caches.in_use(folder)
    assert prepared.keep(tmp_path, "a", fill()) == folder
    assert prepared.find(tmp_path, "a") == folder
    assert names(tmp_path) == {"a"}


def test_killed_while_writing_leaves_nothing_that_is_found(tmp_path: Path) -> None:
    def killed(folder: Path) -> None:
        fill()(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepared.keep(tmp_path, "a", killed)
    assert prepared.find(tmp_path, "a") is None


def test_full_disk_goes_on_without_a_cache(tmp_path: Path) -> None:
    def full(folder: Path) -> None:
        raise OSError("No space left on device")

    assert prepared.keep(tmp_path, "a", full) is None
    assert names(tmp_path) == set()


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert prepared.keep(tmp_path / "file" / "cache", "a", fill()) is None


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    def slow(folder: Path) -> None:
        fill(b"mine")(folder)
        prepared.keep(tmp_path, "a", fill(b"theirs"))

    folder = prepared.keep(tmp_path, "a", slow)
    assert (folder / "model.bin").read_bytes() == b"theirs"
    assert names(tmp_path) == {"a"}


def age(folder: Path, used: float) -> None:
    """As if a process that has ended had used it last at that time."""
    caches.release(folder)
    os.utime(folder / MARKER, (used, used))


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    for number in range(prepared.KEPT):
        folder = prepared.keep(tmp_path, f"model{number}", fill())
        assert folder
        age(folder, number)
    half_made = ownership.scratch(tmp_path / "models", prepared.KIND)
    fresh = ownership.scratch(tmp_path / "models", prepared.KIND)
    os.utime(half_made / MARKER, (time.time() - 100_000,) * 2)
    prepared.find(tmp_path, "model0")  # used again
    prepared.keep(tmp_path, "newest", fill())
    expected = {"model0", "newest", *(f"model{n}" for n in range(2, prepared.KEPT))}
    assert names(tmp_path) == {*expected, fresh.name}


def test_what_a_process_uses_stays(tmp_path: Path) -> None:
    kept = prepared.keep(tmp_path, "old", fill())
    assert kept
    os.utime(kept / MARKER, (0, 0))
    assert caches.in_use(kept)
    assert not caches.evict(kept, prepared.KIND)
    caches.release(kept)
    assert not caches.in_use(kept)
    assert caches.evict(kept, prepared.KIND)
    assert not caches.use(kept)


def test_nothing_of_somebodys_is_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    before = somebody.fill(home)
    for number in range(2 * prepared.KEPT):
        folder = prepared.keep(home, f"model{number}", fill())
        assert folder
        age(folder, number)
    taken = "0123456789abcdef-224px-openvino-2026.4.1-3"
    assert prepared.keep(home, taken, fill()) is None, "somebody has a folder of that name"
    assert somebody.missing(before, home) == set()
    assert sum(name.startswith("model") for name in names(home)) == prepared.KEPT
