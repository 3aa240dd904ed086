"""The cache of prepared models: whole or not there, checked, bounded."""

import os
import time
from pathlib import Path

import pytest

from core import prepared


def fill(content: bytes = b"weights") -> prepared.Callable[[Path], object]:
    def write(folder: Path) -> None:
        (folder / "model.bin").write_bytes(content)
        (folder / "model.xml").write_text("<net/>")

    return write


def test_kept_is_found(tmp_path: Path) -> None:
    cache = tmp_path / "new" / "cache"
    assert prepared.find(cache, "a") is None
    kept = prepared.keep(cache, "a", fill())
    assert kept == cache / "a"
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
    assert prepared.keep(tmp_path, "a", fill()) == folder
    assert prepared.find(tmp_path, "a") == folder
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


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
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert prepared.keep(tmp_path / "file" / "cache", "a", fill()) is None


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    def slow(folder: Path) -> None:
        fill(b"mine")(folder)
        prepared.keep(tmp_path, "a", fill(b"theirs"))

    folder = prepared.keep(tmp_path, "a", slow)
    assert (folder / "model.bin").read_bytes() == b"theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    for number in range(prepared.KEPT):
        folder = prepared.keep(tmp_path, f"model{number}", fill())
        os.utime(folder, (number, number))
    half_made = tmp_path / ".half"
    half_made.mkdir()
    os.utime(half_made, (time.time() - 100_000,) * 2)
    prepared.find(tmp_path, "model0")  # used again
    prepared.keep(tmp_path, "newest", fill())
    names = {p.name for p in tmp_path.iterdir()}
    assert names == {"model0", "newest", *(f"model{n}" for n in range(2, prepared.KEPT))}
