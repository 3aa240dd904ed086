"""Formats of picture files: the one list of endings that are read, and of those that are not."""

from __future__ import annotations

from dataclasses import dataclass

READ: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png",),
    "WebP": (".webp",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
}
"""Formats that are read, with the endings of their files."""

ENDINGS: tuple[str, ...] = tuple(ending for endings in READ.values() for ending in endings)
"""Every ending of a photo that is read, in lower case, with its dot."""


@dataclass(frozen=True)
class Unread:
    """A format that is not read: its name with an article, and what to do with such a file."""

    name: str
    remedy: str


_VIEWER = "Open it in a picture viewer and save it as PNG or JPEG."
_CAMERA = "Export it from the camera's program as JPEG or TIFF."
_RAW = {
    "Canon": "cr2 cr3 crw",
    "Nikon": "nef nrw",
    "Sony": "arw sr2 srf",
    "Fujifilm": "raf",
    "Olympus": "orf",
    "Panasonic": "rw2",
    "Pentax": "pef",
    "Samsung": "srw",
    "Sigma": "x3f",
    "Hasselblad": "3fr fff",
    "Phase One": "iiq",
}
_OTHERS = {
    Unread("a HEIC photo", _VIEWER): "heic heif heics heifs hif",
    Unread("an AVIF photo", _VIEWER): "avif avifs",
    Unread("a JPEG 2000 photo", _VIEWER): "jp2 j2k j2c jpc jpf jpx",
    Unread("a JPEG XL photo", _VIEWER): "jxl",
    Unread("a JPEG XR photo", _VIEWER): "jxr wdp hdp",
    Unread("a GIF picture", _VIEWER): "gif",
    Unread("a camera raw photo (DNG)", _CAMERA): "dng",
    Unread("a DICOM file", "Export it from the DICOM viewer as PNG or JPEG."): "dcm dicom",
    Unread("a Photoshop file", "Export it from Photoshop as PNG or JPEG."): "psd psb",
    Unread("a GIMP file", "Export it from GIMP as PNG or JPEG."): "xcf",
    Unread("an SVG drawing, not a photo", "Export it as PNG or JPEG."): "svg svgz",
    Unread("a PDF document", "Save the photo in it as PNG or JPEG."): "pdf",
    Unread("a video", "Save one sharp frame of it as PNG or JPEG."): (
        "mp4 m4v mov avi mkv webm wmv mpg mpeg 3gp mts"
    ),
    Unread("a picture of a kind that is not read", _VIEWER): (
        "tga pcx ppm pgm pbm pnm ico icns exr hdr eps wmf emf bpg qoi"
    ),
}
UNREAD: dict[str, Unread] = {
    f".{ending}": unread for unread, endings in _OTHERS.items() for ending in endings.split()
} | {
    f".{ending}": Unread(f"a camera raw photo ({maker} {ending.upper()})", _CAMERA)
    for maker, endings in _RAW.items()
    for ending in endings.split()
}
"""Endings of pictures and recordings that are not read, in lower case."""


def ending_of(name: str) -> str:
    """The known ending of a picture's name or path, in lower case with its dot; empty if it has
    none. What else stands behind a dot (`pat.0`) belongs to the name."""
    stem, dot, last = name.rpartition(".")
    ending = f".{last.lower()}"
    known = bool(dot) and bool(stem) and (ending in ENDINGS or ending in UNREAD)
    return ending if known else ""


def without_ending(name: str) -> str:
    """A picture's name or path without its known ending."""
    return name[: len(name) - len(ending_of(name))]


def not_read(name: str) -> str | None:
    """What to do with a file that by its ending is of a format that is not read; None if it is
    not."""
    unread = UNREAD.get(ending_of(name))
    return f"By its ending this is {unread.name}. {unread.remedy}" if unread else None
