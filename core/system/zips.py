"""ZIP archives from strangers: the one set of guards, for photos, the dataset and models.

Who reads an archive opens it here, and asks here about each member; what is then refused, the
member or the whole archive, and in what words, is for each to say.
"""

import lzma
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import IO

UNREADABLE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError,
    struct.error,
)  # fmt: skip
"""What zipfile raises for damaged archives and members, or for ones packed in ways it lacks."""

_ENTRY = b"PK\x01\x02"
_END, _END_BYTES, _COMMENT = b"PK\x05\x06", 22, 65_535
_END64, _LOCATOR64_BYTES, _END64_BYTES = b"PK\x06\x06", 20, 56
_ENCRYPTED = 0x1


class Problem(Enum):
    """Why an archive or a member of it is not read."""

    UNREADABLE = "damaged, or no ZIP archive"
    MANY = "too many members"
    LARGE = "unpacks to too much"
    RATIO = "unpacks to too many times its size"
    OUTSIDE = "its path leads out of the archive"
    LINK = "a link"
    LOCKED = "locked by a password"
    PACKING = "packed in an unusual way"


class ZipError(ValueError):
    """An archive that is not read, and why."""

    def __init__(self, problem: Problem, said: str = "") -> None:
        super().__init__(said or problem.value)
        self.problem = problem


def open_zip(file: Path | IO[bytes], most: int) -> zipfile.ZipFile:
    """Open an archive of so many members, folders included, at most. They are counted before
    zipfile makes an object of each: a small file can list millions.

    Raises:
        ZipError: MANY or UNREADABLE.
        FileNotFoundError: there is no such file.
    """
    try:
        with file.open("rb") if isinstance(file, Path) else nullcontext(file) as opened:
            if _listed(opened) > most:
                raise ZipError(Problem.MANY)
        return zipfile.ZipFile(file)
    except (ZipError, FileNotFoundError):
        raise
    except UNREADABLE as error:
        raise ZipError(Problem.UNREADABLE, str(error)) from error


def members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Those that are no folders."""
    return [info for info in archive.infolist() if not info.is_dir()]


def check_unpacked(infos: Sequence[zipfile.ZipInfo], size: int, most: int, ratio: int) -> None:
    """Whether members unpack to no more than so many bytes, and times the archive's size.

    Raises:
        ZipError: LARGE or RATIO.
    """
    unpacked = sum(info.file_size for info in infos)
    if unpacked > most:
        raise ZipError(Problem.LARGE)
    if unpacked > ratio * size:
        raise ZipError(Problem.RATIO)


def problem_of(info: zipfile.ZipInfo) -> Problem | None:
    """Why a member is not to be read; its size is for the caller to judge. zipfile then gives no
    more bytes than that."""
    if leads_out(info.filename):
        return Problem.OUTSIDE
    if stat.S_ISLNK(info.external_attr >> 16):
        return Problem.LINK
    if info.flag_bits & _ENCRYPTED:
        return Problem.LOCKED
    if info.compress_type not in (
        zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA,
    ):  # fmt: skip
        return Problem.PACKING
    return None


def leads_out(name: str) -> bool:
    """Whether a member's name is absolute, has a drive, or goes up, on any system."""
    plain = name.replace("\\", "/")
    return bool(
        plain.startswith("/")
        or ".." in PurePosixPath(plain).parts
        or re.match(r"[A-Za-z]:", plain)
        or "\0" in plain
    )


def twice(infos: Sequence[zipfile.ZipInfo]) -> str | None:
    """A name that two members share, if any do."""
    counts = Counter(info.filename for info in infos)
    return next((name for name, count in counts.items() if count > 1), None)


def _listed(file: IO[bytes]) -> int:
    """How many members the table of contents may list: how often an entry of it begins where
    zipfile looks for it or, if it finds none, anywhere."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES - _COMMENT))
    tail = file.read()
    end = len(tail) - _END_BYTES
    if end < 0 or not (tail[end:].startswith(_END) and tail.endswith(b"\0\0")):
        end = tail.rfind(_END)
    if end < 0 or len(tail) - end < _END_BYTES:
        length = place = size
    else:
        (length,) = struct.unpack_from("<I", tail, end + 12)
        place = size - len(tail) + end
    before = place - _LOCATOR64_BYTES - _END64_BYTES
    if before >= 0:
        file.seek(before)
        record = file.read(_END64_BYTES)
        if record.startswith(_END64):
            length, place = struct.unpack_from("<Q", record, 40)[0], before
    file.seek(max(0, place - length))
    count, left, last = 0, min(length, place), b""
    while left > 0 and (chunk := file.read(min(left, 1 << 20))):
        left -= len(chunk)
        count += (last + chunk).count(_ENTRY)
        last = chunk[-3:]
    file.seek(0)
    return count
