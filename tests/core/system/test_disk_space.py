"""Room on the disk is asked for first, and set aside where that can be done."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from core.system import disk_space as room
from core.system.disk_space import NoRoomError, check_room, reserve


def test_room_where_a_folder_will_lie(tmp_path: Path) -> None:
    check_room(tmp_path / "not" / "there" / "yet", 1, "Photos")
    with pytest.raises(NoRoomError, match="Photos need") as refused:
        check_room(tmp_path / "not" / "there" / "yet", 10**18, "Photos")
    assert str(tmp_path) in str(refused.value)


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot set room aside")
def test_reserved_room_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "array"
    path.touch()
    os.truncate(path, 1 << 20)
    assert path.stat().st_blocks * 512 < 1 << 20
    reserve(path, 1 << 20)
    assert path.stat().st_blocks * 512 >= 1 << 20
    assert path.stat().st_size == 1 << 20


def test_room_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "array"
    path.touch()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            reserve(path, 1 << 20)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert refused.value.errno in room.REFUSED


def test_a_file_system_that_cannot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    (tmp_path / "array").touch()
    reserve(tmp_path / "array", 10)
