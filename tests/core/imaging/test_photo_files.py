"""Finding photos: what is found, what is left out, and what a photo is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import DatasetError
from core.imaging.formats import ENDINGS, UNREAD, ending_of, without_ending
from core.imaging.photo_files import (
    BROKEN,
    HIDDEN,
    OTHER,
    PhotoFile,
    PhotoIndex,
    is_hidden,
    list_photos,
)


def put(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


@pytest.mark.parametrize("ending", ENDINGS)
def test_endings_are_known_in_any_case(tmp_path: Path, ending: str) -> None:
    put(tmp_path, f"a{ending}", f"B{ending.upper()}")
    assert [photo.id for photo in list_photos(tmp_path).photos] == ["B", "a"]


def test_what_is_left_out_has_a_reason(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "notes.txt", "IMG_1", "raw.CR3", "scan.dcm", "deep/b.png")
    put(tmp_path, ".ipynb_checkpoints/a-checkpoint.jpg", "__MACOSX/x.jpg", "deep/@eaDir/b.jpg")
    put(tmp_path, "$RECYCLE.BIN/c.jpg", "lost+found/d.jpg", "Thumbs.db", "._a.jpg")
    (tmp_path / "dead.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (tmp_path / "circle.jpg").symlink_to("circle.jpg")
    os.mkfifo(tmp_path / "pipe.png")
    listing = list_photos(tmp_path)
    assert [photo.name for photo in listing.photos] == ["a.jpg", "deep/b.png"]
    reasons = {left.name: left.reason for left in listing.left_out}
    assert reasons == {
        "notes.txt": OTHER,
        "IMG_1": OTHER,
        "raw.CR3": UNREAD[".cr3"].told,
        "scan.dcm": UNREAD[".dcm"].told,
        ".ipynb_checkpoints": HIDDEN,
        "__MACOSX": HIDDEN,
        "deep/@eaDir": HIDDEN,
        "$RECYCLE.BIN": HIDDEN,
        "lost+found": HIDDEN,
        "Thumbs.db": HIDDEN,
        "._a.jpg": HIDDEN,
        "dead.jpg": BROKEN,
        "circle.jpg": BROKEN,
        "pipe.png": BROKEN,
    }
    assert {path.name for path in listing.pictures} == {"a.jpg", "b.png", "raw.CR3", "scan.dcm"}
    said = " ".join(listing.notes())
    assert "raw.CR3" in said
    assert "and 4 more" in said
    assert "raw.CR3" not in " ".join(listing.notes(pictures=False))


def test_links_are_followed_and_circles_end(tmp_path: Path) -> None:
    elsewhere = put(tmp_path / "elsewhere", "e.jpg")
    root = put(tmp_path / "root", "z/a.jpg", "z/deep/b.jpg")
    (root / "z" / "deep" / "up").symlink_to(root)
    (root / "a-link").symlink_to(root / "z")
    (root / "outside").symlink_to(elsewhere)
    names = [photo.name for photo in list_photos(root).photos]
    assert names == ["outside/e.jpg", "z/a.jpg", "z/deep/b.jpg"]


def test_files_are_taken_as_named_and_results_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", "out/masks/a.png", "report.txt")
    found = list_photos([tmp_path / "report.txt", tmp_path, tmp_path / "a.jpg"], tmp_path / "out")
    assert [photo.name for photo in found.photos] == ["report.txt", "a.jpg"]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        list_photos(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("a/b.jpg", False),
        ("a/.b.jpg", True),
        ("A\\__MACOSX\\b.jpg", True),
        (".Trash-1000/files/a.jpg", True),
        ("../a.jpg", False),
        ("lost+found/a.jpg", True),
        ("found/a.jpg", False),
    ],
)
def test_hidden(name: str, hidden: bool) -> None:
    assert is_hidden(name) is hidden


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.jpg", ".jpg"),
        ("left/pat.0", ""),
        ("pat.0.JPEG", ".jpeg"),
        ("a.dcm", ".dcm"),
        (".jpg", ""),
        ("a", ""),
        ("a.", ""),
        ("v1.2", ""),
    ],
)
def test_only_known_endings_are_cut(name: str, ending: str) -> None:
    assert ending_of(name) == ending
    assert without_ending(name) == name[: len(name) - len(ending)]


def index(*names: str) -> PhotoIndex:
    return PhotoIndex(PhotoFile(Path("/photos") / name, name) for name in names)


@pytest.mark.parametrize(
    ("names", "asked", "found"),
    [
        (("a.jpg",), "a", "a.jpg"),
        (("a.jpg",), "a.jpg", "a.jpg"),
        (("a.jpg",), " A.PNG ", "a.jpg"),
        (("a.jpg",), "b", None),
        (("pat.0.jpg", "pat.1.jpg"), "pat.1", "pat.1.jpg"),
        (("pat.0.jpg", "pat.1.jpg"), "pat", None),
        (("left/a.jpg", "right/a.jpg"), "right/a", "right/a.jpg"),
        (("left/a.jpg", "right/a.jpg"), "right\\a.jpg", "right/a.jpg"),
        (("left/a.jpg", "b.jpg"), "a", "left/a.jpg"),
        (("left/a.jpg", "a.jpg"), "a", "a.jpg"),
        (("left/a.jpg",), "/home/me/photos/left/a.jpg", "left/a.jpg"),
        (("left/a.jpg",), "right/a.jpg", None),
        (("a.jpg", "a.png"), "a.png", "a.png"),
        (("A.jpg", "a.jpg"), "a", "a.jpg"),
        (("a.jpg.jpg",), "a.jpg", "a.jpg.jpg"),
        (("nævus.jpg", "café.jpg"), "cafe\u0301", "café.jpg"),
    ],
)
def test_a_photo_is_found_by_what_it_is_called(
    names: tuple[str, ...], asked: str, found: str | None
) -> None:
    photo = index(*names).find(asked)
    assert (photo.name if photo else None) == found


@pytest.mark.parametrize("names", [("left/a.jpg", "right/a.jpg"), ("a.jpg", "a.png")])
def test_a_name_of_two_photos_is_refused(names: tuple[str, str]) -> None:
    with pytest.raises(DatasetError, match=r"both called"):
        index(*names).find("a")
