"""Folders of LesionLab's own: told by their marker, and nothing else is ever deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.system import ownership
from core.system.ownership import MARKER, ForeignFolderError, claim, kind_of, remove, write
from tests.somebody import fill, missing, seen

KIND = "test"


def test_a_new_folder_is_ours_from_the_start(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down" / "new"
    claim(folder, KIND)
    assert kind_of(folder) == KIND
    (folder / "more").mkdir()
    (folder / "more" / "file").write_text("x")
    claim(folder, KIND)
    assert (folder / "more" / "file").read_text() == "x"
    assert remove(folder, KIND)
    assert list(folder.parent.iterdir()) == []


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    claim(tmp_path / "empty", KIND)
    assert kind_of(tmp_path / "empty") == KIND


def test_somebodys_folder_is_neither_taken_nor_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    before = fill(folder)
    for path in (folder, *(p for p in folder.iterdir() if p.is_dir() and any(p.iterdir()))):
        with pytest.raises(ForeignFolderError, match="Move it away"):
            claim(path, KIND)
        assert not remove(path, KIND)
    assert seen(folder) == before


@pytest.mark.parametrize("text", ["", "LesionLab", "LesionLab: other\n", "\xff", "notes: test"])
def test_a_marker_of_another_kind(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / MARKER).write_text(text, encoding="latin-1")
    assert not remove(tmp_path / "a", KIND)
    with pytest.raises(ForeignFolderError):
        claim(tmp_path / "a", KIND)


def test_links_are_not_followed(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine", tmp_path / "other"
    claim(mine, KIND)
    claim(other, KIND)
    (other / "kept").write_text("x")
    (mine / "into").symlink_to(other)
    (mine / "file").symlink_to(other / "kept")
    (tmp_path / "link").symlink_to(other)
    assert not remove(tmp_path / "link", KIND)
    assert remove(mine, KIND)
    assert (other / "kept").read_text() == "x"
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / MARKER).symlink_to(other / MARKER)
    assert not remove(tmp_path / "folder", KIND), "a link is no marker"


def test_what_cannot_be_deleted_stays_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(tmp_path / "a", KIND)
    (tmp_path / "a" / "sub").mkdir()
    (tmp_path / "a" / "sub" / "file").touch()
    monkeypatch.setattr(ownership.shutil, "rmtree", lambda *_, **__: None)
    assert remove(tmp_path / "a", KIND)
    (left,) = tmp_path.iterdir()
    assert kind_of(left) == KIND
    monkeypatch.undo()
    assert remove(left, KIND)
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_no_name_of_somebodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.json.part").write_text("mine")
    before = seen(tmp_path)
    write(tmp_path / "a.json", b"1")
    write(tmp_path / "a.json", b"2")
    assert (tmp_path / "a.json").read_bytes() == b"2"
    assert missing(before, tmp_path) == set()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write(tmp_path / "a.json", b"3")
    assert {p.name for p in tmp_path.iterdir()} == {"a.json", "a.json.part"}
    assert (tmp_path / "a.json").read_bytes() == b"2"


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    claim(tmp_path / "run", KIND)
    folder = tmp_path / "run"
    kept = (".lesionlab-queue.lock", ".lesionlab-notes", "last.ckpt", ".lesionlab-0123456789ABCDEF")
    for name in kept:
        (folder / name).write_text("kept")
    (folder / "samples").mkdir()
    for place in (folder, folder / "samples"):
        ownership.beside(place / "x").write_text("half")
    ownership.beside(folder / "x").symlink_to(folder / "last.ckpt")
    ownership.clear(folder)
    assert {path.name for path in folder.rglob("*")} == {MARKER, "samples", *kept}
    assert kind_of(folder) == KIND
