"""Some hundred small picture files that nobody should have to read, made here: each with a name.

Heavy ones: `tests.hostile.heavy`."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pillow_heif
from PIL import Image, ImageCms

from core.imaging.formats import READ

pillow_heif.register_heif_opener()
CODECS = {"HEIC": "HEIF", "WebP": "WEBP", "JPEG 2000": "JPEG2000"}
"""What Pillow calls the formats that are read, where it is not by our name."""
CUT = ("JPEG", "PNG", "WebP", "TIFF", "HEIC")
SIDE = 96


class File(NamedTuple):
    """A file: what is odd about it, the name it comes under, its bytes."""

    about: str
    name: str
    data: bytes


def encode(image: Image.Image | np.ndarray, codec: str, **options: Any) -> bytes:
    """A picture file, by Pillow."""
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    buffer = io.BytesIO()
    options = {"speed": 10} | options if codec == "AVIF" else options
    image.save(buffer, codec, **options)
    return buffer.getvalue()


def photo(width: int = SIDE, height: int = SIDE - 16) -> np.ndarray:
    """Colours with some noise, so that a file has contents all along."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([200 - x / 4, 120 + y / 2, 130 + (x + y) / 8], axis=-1)
    return (smooth + np.random.default_rng(3).normal(0, 6, smooth.shape)).clip(0, 255).astype("u1")


@lru_cache
def whole(kind: str) -> bytes:
    """A good file of a format that is read, by its name among `READ`."""
    return encode(photo(), CODECS.get(kind, kind))


def small() -> Iterator[File]:
    """All small files."""
    for source in (
        _under_every_name, _of_every_codec, _polyglots, _cut, _turned, _broken_metadata, _modes,
        _edges, _no_pictures, _strange_names, _lies,
    ):  # fmt: skip
        yield from source()


def _under_every_name() -> Iterator[File]:
    endings = [endings[0] for endings in READ.values()]
    for kind in READ:
        for ending in (*endings, ".gif", ".dcm", ".svg", ".exe", ""):
            yield File(f"{kind} as {ending or 'no ending'}", f"photo{ending}", whole(kind))


def _of_every_codec() -> Iterator[File]:
    """Whatever else Pillow can write."""
    Image.init()
    for codec in sorted(Image.SAVE):
        for picture in (Image.fromarray(photo()), Image.fromarray(photo()).convert("L")):
            try:
                data = encode(picture, codec)
            except (OSError, ValueError, KeyError, TypeError):  # not of such pixels, or no encoder
                continue
            yield File(f"Pillow's {codec}, {picture.mode}", f"photo.{codec.lower()}", data)


def _polyglots() -> Iterator[File]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("../../outside.txt", "x")
    page = b"<html><script>alert(1)</script></html>"
    for kind in READ:
        data = whole(kind)
        for what, more in (("a ZIP", archive.getvalue()), ("a page", page), ("a PDF", b"%PDF-1.7")):
            yield File(f"{kind} and {what} behind it", "photo.jpg", data + more)
            yield File(f"{kind} and {what} before it", "photo.jpg", more + data)
    yield File("JPEG with a script in its comment", "p.jpg", encode(photo(), "JPEG", comment=page))
    yield File("two JPEGs in one", "p.jpg", whole("JPEG") * 2)
    yield File("BMP that is a text", "p.bmp", b"BM" + b"a text about benign melanocytic naevi" * 9)


def _cut() -> Iterator[File]:
    for kind in CUT:
        data = whole(kind)
        for percent in range(0, 100, 5):
            name = f"photo{READ[kind][0]}"
            yield File(f"{kind} cut at {percent} %", name, data[: len(data) * percent // 100])


def _turned() -> Iterator[File]:
    for kind in READ:
        if kind == "BMP":
            continue
        for orientation in (*range(10), 65535):
            exif = Image.Exif()
            exif[0x0112] = orientation
            data = encode(photo(), CODECS.get(kind, kind), exif=exif)
            yield File(f"{kind}, orientation {orientation}", "photo.jpg", data)


EXIF = (
    b"Exif\0\0",
    b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x09\0\0\xff\xff",
    b"Exif\0\0II*\0\xff\xff\xff\x7f",
    b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(200)),
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",  # leads to itself
    b"Exif\0\0II*\0\x08\0\0\0\x01\0\x0e\x01\x02\0\xff\xff\xff\xff\x08\0\0\0\0\0\0\0",  # 4 GB text
    b"Exif\0\0" + bytes(60_000),
)
PROFILES = (b"", b"no profile", bytes(128), b"\xff" * 4000)
XMP = (
    b"<x:xmpmeta",
    b"\xff\xfe\x00",
    b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><x>&b;</x>',
    b'tiff:Orientation="9"',
    b'tiff:Orientation="' * 2000,
    b"<a>" * 20_000,
)


def _broken_metadata() -> Iterator[File]:
    cut_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:200]
    for kind in ("JPEG", "PNG", "WebP", "TIFF", "HEIC", "AVIF"):
        codec = CODECS.get(kind, kind)
        for what, key, blocks in (
            ("EXIF", "exif", EXIF),
            ("ICC profile", "icc_profile", (*PROFILES, cut_profile)),
            ("XMP", "xmp", XMP),
        ):
            for number, block in enumerate(blocks):
                try:
                    data = encode(photo(), codec, **{key: block})
                except (OSError, ValueError, SyntaxError, RuntimeError, struct.error, TypeError):
                    continue  # not even written
                yield File(f"{kind} with {what} {number}", "photo.jpg", data)


def _modes() -> Iterator[File]:
    rgb = Image.fromarray(photo())
    grey = np.asarray(rgb.convert("L")).astype(np.uint16) * 257
    rgba = rgb.convert("RGBA")
    rgba.putalpha(90)
    palette = rgb.quantize(17)
    yield File("JPEG CMYK", "p.jpg", encode(rgb.convert("CMYK"), "JPEG"))
    yield File("TIFF CMYK", "p.tif", encode(rgb.convert("CMYK"), "TIFF"))
    yield File("JPEG YCCK", "p.jpg", _ycck(encode(rgb.convert("CMYK"), "JPEG")))
    yield File("TIFF YCbCr", "p.tif", encode(rgb.convert("YCbCr"), "TIFF"))
    yield File("TIFF Lab", "p.tif", encode(rgb.convert("LAB"), "TIFF"))
    for codec in ("PNG", "TIFF"):
        yield File(f"{codec} 16 bit", "p.png", encode(Image.fromarray(grey), codec))
        yield File(f"{codec} 1 bit", "p.png", encode(rgb.convert("1"), codec))
        yield File(f"{codec} palette", "p.png", encode(palette, codec))
        yield File(f"{codec} grey and alpha", "p.png", encode(rgba.convert("LA"), codec))
    for value in (0.5, np.nan, np.inf, -1e38):
        floats = np.full((SIDE, SIDE), value, np.float32)
        floats[0] = 1
        yield File(f"TIFF of floats, {value}", "p.tif", encode(Image.fromarray(floats), "TIFF"))
    yield File("TIFF of int32", "p.tif", encode(Image.fromarray(grey.astype(np.int32)), "TIFF"))
    yield File("PNG palette and alpha", "p.png", encode(palette, "PNG", transparency=bytes(17)))
    yield File("PNG palette of nothing", "p.png", _without(encode(palette, "PNG"), b"PLTE"))
    for codec in ("PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"):
        more = {"save_all": True, "append_images": [rgba, rgba.rotate(180)]}
        yield File(f"{codec} animated", "p.png", encode(rgba, codec, **more))


def _edges() -> Iterator[File]:
    for width, height in ((1, 5000), (5000, 1), (32, 32), (31, 32), (32, 65_500), (65_500, 32)):
        grey = Image.new("L", (width, height), 120)
        for codec in ("JPEG", "PNG", "TIFF", "BMP"):
            yield File(f"{codec} {width}×{height}", "photo.png", encode(grey, codec))
        if max(width, height) <= 5000:
            yield File(f"WebP {width}×{height}", "p.webp", encode(grey.convert("RGB"), "WEBP"))
    for side in (0, 2**31 - 1, 2**32 - 1):
        yield File(f"PNG that claims {side}", "photo.png", claimed_png(side, side))


def _no_pictures() -> Iterator[File]:
    yield File("nothing", "photo.jpg", b"")
    yield File("one byte", "photo.jpg", b"\xff")
    yield File("zeros", "photo.jpg", bytes(5000))
    svg = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield File("SVG that asks for a file", "p.svg", svg + b"<svg><text>&x;</text></svg>")
    yield File(
        "SVG as JPEG", "p.jpg", b'<svg onload="alert(1)"><image href="http://x.test/"/></svg>'
    )
    yield File("PDF", "p.pdf", b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n%%EOF")
    yield File("DICOM", "p.dcm", bytes(128) + b"DICM" + bytes(400))
    yield File("DICOM as JPEG", "p.jpg", bytes(128) + b"DICM" + whole("JPEG"))
    yield File("a program", "p.jpg", b"\x7fELF" + bytes(500))
    yield File("a pickle", "p.png", b"cos\nsystem\n(S'touch outside.txt'\ntR.")
    yield File("Ghostscript", "p.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n")
    for head in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\xffWEBPVP8 ", b"II*\0",
                 b"MM\0*", b"II+\0\x08\0\0\0", b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypavif",
                 b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"):  # fmt: skip
        yield File(f"nothing behind {head[:12]!r}", "photo.jpg", head)
        yield File(f"ones behind {head[:12]!r}", "photo.jpg", head + b"\xff" * 3000)
        yield File(f"zeros behind {head[:12]!r}", "photo.jpg", head + bytes(3000))


NAMES = (
    "../../outside.jpg", "..\\..\\outside.jpg", "/etc/passwd", "C:\\Windows\\win.ini", "a\0b.jpg",
    "a\nb\r\x1b[31m.jpg", "\u202egpj.exe", "é" * 127 + ".jpg", "a" * 251 + ".jpg", "=1+1.jpg",
    "@SUM(A1).jpg", "-2+3.jpg", "+cmd|' /C calc'!A0.jpg", "<script>alert(1)</script>.jpg",
    "[x](javascript:alert(1)).jpg", "CON.jpg", ".jpg", ".", "..", " ", "\ud800.jpg", "🧪.jpg",
    "%2e%2e%2fx.jpg", "a.jpg\u2028.jpg", "\t=1+1.jpg",
)  # fmt: skip
"""File names that mean something else somewhere."""


def _strange_names() -> Iterator[File]:
    for name in NAMES:
        yield File(f"a photo called {name!r}", name, whole("PNG"))


def _lies() -> Iterator[File]:
    """Headers that do not tell what follows."""
    for kind, place in (("PNG", 16), ("JPEG 2000", 48), ("BMP", 18)):
        for side in (0, 40, 6000):
            data = bytearray(whole(kind))
            order = "<" if kind == "BMP" else ">"
            data[place : place + 8] = struct.pack(f"{order}II", side, side)
            yield File(f"{kind} that claims {side}", "photo.png", bytes(data))
    for kind in ("HEIC", "AVIF"):
        for side in (0, 40, 6000):
            yield File(f"{kind} that claims {side}", "p.heic", with_extent(whole(kind), side))
    yield File("TIFF with a page that is the next one", "p.tif", pages(1, circle=True))
    for tag in (256, 257, 258, 259, 262, 273, 277, 278, 279, 339):
        for value in (0, 65535, 2**32 - 1):
            yield File(f"TIFF, tag {tag} is {value}", "p.tif", with_tag(whole("TIFF"), tag, value))


def claimed_png(width: int, height: int, data: bytes = b"") -> bytes:
    """A well-formed PNG of 8-bit colours that claims that size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", data or zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND")


def tiff(tags: dict[int, tuple[int, ...]], data: bytes) -> bytes:
    """A TIFF of one page whose pixels lie behind it; tag 273 or 324 is set to their place, if it is
    not given."""
    where = 324 if 322 in tags else 273
    tags = {where: (0,)} | tags
    values, entries = b"", []
    start = 8 + 2 + 12 * len(tags) + 4
    room = sum(4 * len(v) for v in tags.values() if len(v) > 1)
    for tag, numbers in sorted(tags.items()):
        if tag == where and len(numbers) == 1:
            numbers = (start + room,)
        if len(numbers) == 1:
            entries.append(struct.pack("<HHII", tag, 4, 1, numbers[0]))
        else:
            entries.append(struct.pack("<HHII", tag, 4, len(numbers), start + len(values)))
            values += struct.pack(f"<{len(numbers)}I", *numbers)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + b"".join(entries)
    return head + bytes(4) + values + data


def grey_tiff(width: int, height: int, data: bytes, **more: int) -> bytes:
    """An 8-bit grey TIFF, deflated; `more` are tags as t322=… ."""
    tags = {256: (width,), 257: (height,), 258: (8,), 259: (8,), 262: (1,), 277: (1,)}
    tags |= {278: (height,), 279: (len(data),)}
    tags |= {int(key[1:]): (value,) for key, value in more.items()}
    if 322 in tags:
        tags[325] = tags.pop(279)
        tags.pop(278)
    return tiff(tags, data)


def pages(count: int, circle: bool = False) -> bytes:
    """A TIFF of so many pages, each the least there can be; the last may lead to the first."""
    first = grey_tiff(64, 64, zlib.compress(bytes(64 * 64)))
    first += bytes(len(first) % 2)
    step = 2 + 12 + 4
    places = [len(first) + step * k for k in range(count)]
    nexts = [*places[1:], 8 if circle else 0]
    body = b"".join(struct.pack("<HHHIII", 1, 254, 4, 1, 0, following) for following in nexts)
    at = 8 + 2 + 12 * struct.unpack_from("<H", first, 8)[0]
    return first[:at] + struct.pack("<I", places[0] if places else 0) + first[at + 4 :] + body


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF whose tag, if it has it, is one number."""
    changed = bytearray(data)
    place = struct.unpack_from("<I", data, 4)[0]
    for entry in range(struct.unpack_from("<H", data, place)[0]):
        at = place + 2 + 12 * entry
        if struct.unpack_from("<H", data, at)[0] == tag:
            changed[at + 2 : at + 12] = struct.pack("<HII", 4, 1, value)
    return bytes(changed)


def with_extent(data: bytes, side: int) -> bytes:
    """A HEIC or AVIF that claims to be a square of that side: its property `ispe`."""
    at = data.find(b"ispe")
    return data[: at + 8] + struct.pack(">II", side, side) + data[at + 16 :]


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A chunk of a PNG."""
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def _ycck(cmyk: bytes) -> bytes:
    """Adobe's marker says that the inks are stored as YCC and K."""
    at = cmyk.find(b"Adobe")
    return cmyk[: at + 11] + b"\x02" + cmyk[at + 12 :]


def _without(png: bytes, kind: bytes) -> bytes:
    at = png.find(kind) - 4
    return png[:at] + png[at + 12 + struct.unpack_from(">I", png, at)[0] :]
