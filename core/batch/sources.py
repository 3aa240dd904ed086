"""Where the photos of a batch come from: files, ZIP archives, a folder, the practice lesions.

An archive from a stranger is read in memory, member by member; nothing is written, so the names of
its members lead nowhere. What would unpack to far more than it is, is refused as a whole.
"""

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from core.batch.folder import find_pictures, read_picture
from core.imaging.formats import ending_of, not_read
from core.imaging.image import MAX_BYTES, ImageError, display_name, to_png
from core.imaging.photo_files import is_hidden
from core.lesion.phantom import practice_set
from core.system import zips
from core.system.zips import Problem, ZipError

MAX_MEMBERS = 5_000
"""Entries of an archive, folders and hidden files included."""

MAX_UNPACKED_BYTES = 2 * 1024**3
"""What all members of an archive may have together when unpacked."""

MAX_RATIO = 100
"""How many times its own size an archive may unpack to. Photos hardly shrink in an archive, and
uncompressed ones (BMP, TIFF) to a tenth or so; deflate reaches 1,000, which only bombs do."""


@dataclass(frozen=True)
class Source:
    """A file that may be a photo.

    Attributes:
        name: what people call it; of an archive's member, with its folders. Printable.
        read: gives its bytes; raises ImageError or OSError if there is no photo to be had.
        nbytes: memory it takes until it is read.
        practice: title of the practice lesion that it is; empty for a file.
    """

    name: str
    read: Callable[[], bytes]
    nbytes: int = 0
    practice: str = ""


def from_file(name: str, data: bytes) -> list[Source]:
    """A file from a visitor: a photo, or an archive of photos by its ending or, without one, by its
    first bytes, with which documents (DOCX, XLSX) begin as well."""
    ending = re.search(r"\.\w+$", name)
    if name.lower().endswith(".zip") or (data.startswith(b"PK\x03\x04") and not ending):
        return from_zip(name, data)
    return [Source(display_name(name), lambda: data, len(data))]


def from_zip(name: str, data: bytes) -> list[Source]:
    """The files of a ZIP archive, those in its folders too; hidden ones are left out.

    What cannot be used, the whole archive or one member, becomes a source whose `read` says why.
    """
    try:
        archive = zips.open_zip(io.BytesIO(data), MAX_MEMBERS)
        found = zips.members(archive)
        zips.check_unpacked(found, len(data), MAX_UNPACKED_BYTES, MAX_RATIO)
    except ZipError as error:
        return [_refused(display_name(name), _reason(error.problem))]
    members = [info for info in found if not is_hidden(info.filename)]
    if not members:
        return [_refused(display_name(name), "There is no file in this archive.")]
    return [
        Source(_printable(info.filename), partial(_member, archive, info), info.compress_size)
        for info in members
    ]


def from_folder(folder: Path) -> tuple[list[Source], tuple[str, ...]]:
    """The pictures in a folder and below it, each read only when its turn comes; and sentences on
    what is passed over.

    Raises:
        FileNotFoundError: there is no such folder, or no picture in it.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder} on this computer.")
    found = find_pictures([folder])
    sources = [
        Source(_printable(path.relative_to(folder).as_posix()), partial(read_picture, path))
        for path in found.pictures
    ]
    return sources, found.notes(pictures=False)


def practice() -> list[Source]:
    """The practice lesions, as files without loss."""
    return [
        Source(f"{p.title}.png", partial(to_png, p.image.rgb), practice=p.title)
        for p in practice_set()
    ]


def _reason(problem: Problem) -> str:
    """For a student."""
    return {
        Problem.UNREADABLE: "This is no ZIP file that can be read. Pack the photos again, then try "
        "again.",
        Problem.MANY: f"This archive lists more than {MAX_MEMBERS:,} files. Pack fewer into each.",
        Problem.LARGE: f"This archive unpacks to more than {MAX_UNPACKED_BYTES // 1024**3} GB. "
        "Pack fewer photos into each.",
        Problem.RATIO: f"This archive unpacks to more than {MAX_RATIO} times its size, which "
        "photos never do. It was not opened.",
        Problem.OUTSIDE: "Its path leads out of the archive, so it was not read.",
        Problem.LINK: "This is a link to a file, not a file. Pack the photo itself.",
        Problem.LOCKED: "This file is locked by a password. Pack the photos without one.",
        Problem.PACKING: "This file is packed in an unusual way. Pack the photos as a plain ZIP.",
    }[problem]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read one member. Raises ImageError."""
    name, problem = info.filename.replace("\\", "/"), zips.problem_of(info)
    if problem in (Problem.OUTSIDE, Problem.LINK):
        raise ImageError(_reason(problem))
    if name.lower().endswith(".zip"):
        raise ImageError("An archive inside an archive is not opened. Choose it by itself.")
    if not ending_of(name):
        raise ImageError("By its ending this is not a picture, so it was not read.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = problem or Problem.PACKING
    if problem:
        raise ImageError(_reason(problem))
    if info.file_size > MAX_BYTES:
        raise ImageError(
            not_read(name)
            or f"This file unpacks to more than {MAX_BYTES // 1024**2} MB. "
            "Crop the photo to the lesion or save it as JPEG."
        )
    try:
        return archive.read(info)
    except zips.UNREADABLE as error:
        raise ImageError("This file is damaged inside the archive. Pack it again.") from error


def _printable(path: str) -> str:
    return "".join(c for c in path if c.isprintable()) or "photo"


def _refused(name: str, reason: str) -> Source:
    def read() -> bytes:
        raise ImageError(reason)

    return Source(name, read)
