"""The guards against archives from strangers."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.system import zips
from core.system.zips import (
    Problem,
    ZipError,
    check_unpacked,
    leads_out,
    open_zip,
    problem_of,
    twice,
)


def packed(names: list[str], comment: bytes = b"", before: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    buffer.write(before)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in names:
            archive.writestr(name, b"x")
        archive.comment = comment
    return buffer.getvalue()


def many(count: int) -> list[str]:
    return [f"{number}.jpg" for number in range(count)]


@pytest.mark.parametrize("before", [b"", b"MZ a program that unpacks itself" * 100])
@pytest.mark.parametrize("comment", [b"", b"a comment" * 1000, b"\0\0" * 20])
def test_members_are_counted_before_they_are_made(
    comment: bytes, before: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = packed(many(11), comment, before)
    (tmp_path / "a.zip").write_bytes(data)
    for file in (io.BytesIO(data), tmp_path / "a.zip"):
        assert len(zips.members(open_zip(file, 11))) == 11
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("made"))
    for file in (io.BytesIO(data), tmp_path / "a.zip"):
        with pytest.raises(ZipError) as refused:
            open_zip(file, 10)
        assert refused.value.problem is Problem.MANY


def test_what_is_said_of_the_number_does_not_matter() -> None:
    data = bytearray(packed(many(50)))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<HH", data, end + 8, 1, 1)
    with pytest.raises(ZipError) as refused:
        open_zip(io.BytesIO(bytes(data)), 10)
    assert refused.value.problem is Problem.MANY


def test_a_large_archive_of_the_newer_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 5)
    data = packed(many(20))
    assert b"PK\x06\x06" in data
    assert len(zips.members(open_zip(io.BytesIO(data), 20))) == 20
    with pytest.raises(ZipError) as refused:
        open_zip(io.BytesIO(data), 19)
    assert refused.value.problem is Problem.MANY


def test_an_archive_inside_does_not_count() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inner.zip", packed(many(100)))
    assert len(zips.members(open_zip(buffer, 1))) == 1


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive" * 9, b"PK\x05\x06" + b"\xff" * 18])
def test_no_archive(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    for file in (io.BytesIO(content), tmp_path / "a.zip"):
        with pytest.raises(ZipError) as refused:
            open_zip(file, 10)
        assert refused.value.problem is Problem.UNREADABLE
    with pytest.raises(FileNotFoundError):
        open_zip(tmp_path / "b.zip", 10)


def test_any_byte_may_be_wrong() -> None:
    whole = packed(many(2), b"note")
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0xFF
        try:
            archive = open_zip(io.BytesIO(bytes(damaged)), 10)
        except ZipError:
            continue
        for info in zips.members(archive):
            if problem_of(info) is None:
                try:
                    assert len(archive.read(info)) <= max(info.file_size, 1)
                except zips.UNREADABLE:
                    continue


def test_what_unpacks_to_too_much() -> None:
    infos = [zipfile.ZipInfo("a"), zipfile.ZipInfo("b")]
    infos[0].file_size = infos[1].file_size = 500
    check_unpacked(infos, 10, 1000, 100)
    for limits, problem in (((10, 999, 100), Problem.LARGE), ((10, 1000, 99), Problem.RATIO)):
        with pytest.raises(ZipError) as refused:
            check_unpacked(infos, *limits)
        assert refused.value.problem is problem


@pytest.mark.parametrize(
    ("name", "out"),
    [
        ("a/b.jpg", False),
        ("a..b/c.jpg", False),
        ("/etc/passwd", True),
        ("a/../../b", True),
        ("..\\b", True),
        ("\\\\server\\b", True),
        ("C:/b", True),
        ("c:b", True),
    ],
)
def test_paths(name: str, out: bool) -> None:
    assert leads_out(name) == out


def link(info: zipfile.ZipInfo) -> None:
    info.external_attr = (stat.S_IFLNK | 0o777) << 16


def lock(info: zipfile.ZipInfo) -> None:
    info.flag_bits |= 1


def odd(info: zipfile.ZipInfo) -> None:
    info.compress_type = 99


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda info: None, None),
        (link, Problem.LINK),
        (lock, Problem.LOCKED),
        (odd, Problem.PACKING),
        (lambda info: setattr(info, "filename", "../a"), Problem.OUTSIDE),
    ],
)
def test_members(change: Callable[[zipfile.ZipInfo], object], problem: Problem | None) -> None:
    info = zipfile.ZipInfo("a.jpg")
    change(info)
    assert problem_of(info) is problem


def test_names_twice() -> None:
    infos = [zipfile.ZipInfo(name) for name in ("a", "b", "a")]
    assert twice(infos) == "a"
    assert twice(infos[:2]) is None
