"""Formats of picture files: the one list of endings that are read, and of those that are not."""

import re
from dataclasses import dataclass

READ: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png",),
    "HEIC": (".heic", ".heif", ".hif", ".heics", ".heifs"),
    "AVIF": (".avif", ".avifs"),
    "WebP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "BMP": (".bmp", ".dib"),
    "JPEG 2000": (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
}
"""Formats that are read, with the endings of their files."""

ENDINGS: tuple[str, ...] = tuple(ending for endings in READ.values() for ending in endings)
"""Every ending of a photo that is read, in lower case, with its dot."""


@dataclass(frozen=True)
class Unread:
    """A format that is not read: its name with an article, to stand before "file", what it is
    exactly, and what to do with such a file."""

    name: str
    remedy: str
    detail: str = ""

    @property
    def told(self) -> str:
        """`a camera raw file (Canon CR3)`."""
        return f"{self.name} file" + (f" ({self.detail})" if self.detail else "")

    @property
    def sentence(self) -> str:
        """For whoever has such a file."""
        return f"This is {self.told}; {listed('and')} photos are read here. {self.remedy}"


def listed(last: str) -> str:
    """The formats that are read, with `and` or `or` before the last."""
    *names, final = READ
    return f"{', '.join(names)} {last} {final}"


def raw(detail: str) -> Unread:
    """A camera's own format."""
    program = "Open it in the camera's program and save it as PNG or JPEG."
    return Unread("a camera raw", program, detail)


_VIEWER = "Open it in a picture viewer and save it as PNG or JPEG."
JPEG_XL = Unread("a JPEG XL", _VIEWER)
GIF = Unread("a GIF", _VIEWER)
DICOM = Unread("a DICOM", "Open it in a DICOM viewer and save it as PNG or JPEG.")
PHOTOSHOP = Unread("a Photoshop", "Open it in Photoshop and save it as PNG or JPEG.")
PDF = Unread("a PDF", "Open it, copy the photo out of it and save it as PNG or JPEG.")
VIDEO = Unread("a video", "Stop it at a sharp picture and save it as PNG or JPEG.")
SVG = Unread("an SVG", "It is a drawing: open it in a browser and save it as PNG or JPEG.")

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
    JPEG_XL: "jxl",
    GIF: "gif",
    DICOM: "dcm dicom",
    PHOTOSHOP: "psd psb",
    PDF: "pdf",
    VIDEO: "mp4 m4v mov avi mkv webm wmv mpg mpeg 3gp mts",
    SVG: "svg svgz",
    raw("DNG"): "dng",
    Unread("a JPEG XR", _VIEWER): "jxr wdp hdp",
    Unread("a GIMP", "Open it in GIMP and save it as PNG or JPEG."): "xcf",
    Unread("another picture", _VIEWER): (
        "tga pcx ppm pgm pbm pnm ico icns exr hdr eps wmf emf bpg qoi"
    ),
}
UNREAD: dict[str, Unread] = {
    f".{ending}": unread for unread, endings in _OTHERS.items() for ending in endings.split()
} | {
    f".{ending}": raw(f"{maker} {ending.upper()}")
    for maker, endings in _RAW.items()
    for ending in endings.split()
}
"""Endings of pictures and recordings that are not read, in lower case."""

_SIGNATURES: tuple[tuple[str | Unread, bytes], ...] = (  # how files begin
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("WebP", rb"RIFF.{4}WEBP"),
    ("BMP", rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),  # "BM" may begin a text
    (raw("Canon CR2"), rb"II\*\0.{4}CR"),
    (raw("Olympus ORF"), rb"IIR[OS]|MMOR"),
    (raw("Panasonic RW2"), rb"IIU\0"),
    (raw("Fujifilm RAF"), rb"FUJIFILMCCD-RAW"),
    (raw("Canon CR3"), rb".{4}ftypcrx"),
    (raw("Sigma X3F"), rb"FOVb"),
    ("TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("JPEG 2000", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    (JPEG_XL, rb"\xff\x0a|\0\0\0\x0cJXL "),
    (GIF, rb"GIF8"),
    (PHOTOSHOP, rb"8BPS"),
    (PDF, rb"%PDF"),
    (DICOM, rb".{128}DICM"),
    (VIDEO, rb".{4}ftyp|RIFF.{4}AVI |\x1a\x45\xdf\xa3|.{4}moov|\0\0\x01[\xb3\xba]"),
    (SVG, rb"\s*(<\?xml[^>]*>)?\s*(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg"),
)
_HEIF_BRANDS = set(b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 heif".split())


def format_of(head: bytes, name: str = "") -> str | Unread | None:
    """The format of a file, by its first bytes, as names lie: a key of `READ`, a format that is not
    read, or None for no known picture. Where the bytes are no proof, the name's ending is heard:
    many raw formats begin as TIFF does, and some DICOM files as anything.

    Args:
        head: the file, or its first 4,096 bytes.
        name: of the file.
    """
    by_name = UNREAD.get(ending_of(name))
    if head[4:8] == b"ftyp":
        length = min(max(int.from_bytes(head[:4], "big"), 16), 256)
        brands = {head[8:12], *(head[k : k + 4] for k in range(16, length, 4))}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIC"
    head = head[:4096]
    found = (kind for kind, start in _SIGNATURES if re.match(start, head, re.DOTALL))
    kind = next(found, None)
    if kind == "TIFF" and by_name is not None and by_name.name == raw("").name:
        return by_name
    return by_name if kind is None else kind


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
    """A sentence for a file that by its ending is of a format that is not read; None if it is
    not."""
    unread = UNREAD.get(ending_of(name))
    return unread.sentence if unread else None
