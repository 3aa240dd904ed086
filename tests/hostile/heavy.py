"""Heavy picture files: bombs, files of millions of parts, and honest ones at the limits of size.

Each is given by what it is, its name, and how to make it.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import Image, ImageCms

from core.imaging.image import MAX_BYTES
from tests.hostile.pictures import (
    chunk,
    claimed_png,
    encode,
    grey_tiff,
    pages,
    photo,
    tiff,
    whole,
    with_extent,
)

Heavy = tuple[str, str, Callable[[], bytes]]
FAST = {"WEBP": {"method": 0}, "TIFF": {"compression": "tiff_deflate"}}
"""Options that save time of writing."""


def crowded() -> Iterator[Heavy]:
    """Files of 20 MB made of more parts than any camera writes."""
    jpeg, png = b"\xff\xd8", whole("PNG")[:33]
    yield "zeros behind a JPEG's head", "p.jpg", lambda: jpeg + b"\xff".ljust(MAX_BYTES - 2, b"\0")
    yield (
        "JPEG of 5 million segments",
        "p.jpg",
        lambda: jpeg + b"\xff\xe0\0\2" * (MAX_BYTES // 4 - 1),
    )
    yield "JPEG of padding", "p.jpg", lambda: jpeg.ljust(MAX_BYTES, b"\xff")
    yield "PNG of 1.6 million chunks", "p.png", lambda: png + chunk(b"tEXt") * 1_600_000
    yield "BigTIFF of 900,000 tags", "p.tif", lambda: _big_tiff(900_000)
    yield "TIFF of 4 million strips", "p.tif", lambda: _strips(4_000_000)
    yield (
        "TIFF whose tile is larger than it", "p.tif",
        lambda: grey_tiff(64, 64, zeros(1 << 30), t322=32_768, t323=32_768),
    )  # fmt: skip


def bombs() -> Iterator[Heavy]:
    """Files that unpack to far more than they are, or claim other sizes than they have."""
    for what, side in (("claims 60,000", 60_000), ("claims 64", 64)):
        yield f"PNG bomb that {what}", "p.png", lambda s=side: claimed_png(s, s, zeros(1 << 30))
        yield f"TIFF bomb that {what}", "p.tif", lambda s=side: grey_tiff(s, s, zeros(1 << 30))
    yield (
        "TIFF whose strip is larger than it", "p.tif",
        lambda: grey_tiff(64, 64, zeros(1 << 30), t278=2**24),
    )  # fmt: skip
    yield "TIFF of 1 million pages", "p.tif", lambda: pages(1_000_000)
    for kind in ("HEIC", "AVIF"):
        yield f"{kind} that claims 5,999", "p.heic", lambda k=kind: with_extent(whole(k), 5999)
    yield "PNG with 19 MB of EXIF", "p.png", lambda: encode(photo(), "PNG", exif=_exif(19_000_000))
    yield "HEIC of 2.5 million boxes", "p.heic", (
        lambda: whole("HEIC")[:24] + b"\0\0\0\x08free" * 2_500_000
    )  # fmt: skip
    head = b"WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x3f\0\0"
    yield (
        "WebP of 2.5 million chunks", "p.webp",
        lambda: b"RIFF" + struct.pack("<I", 20_000_000) + head + b"ABCD\0\0\0\0" * 2_490_000,
    )  # fmt: skip
    yield "PNG of 40 million pixels", "p.png", (
        lambda: claimed_png(8000, 5000, zeros((3 * 8000 + 1) * 5000))
    )  # fmt: skip


def large() -> Iterator[Heavy]:
    """Honest files, nearly as large as may be; they take minutes to write."""
    for codec, mode, size in (
        ("PNG", "RGBA", (8000, 5000)),
        ("PNG", "LA", (8000, 5000)),
        ("PNG", "P", (8000, 5000)),
        ("PNG", "I;16", (8000, 5000)),
        ("JPEG", "RGB", (65_500, 610)),
        ("JPEG", "RGB", (610, 65_500)),
        ("JPEG", "CMYK", (8000, 5000)),
        ("TIFF", "F", (8000, 5000)),
        ("TIFF", "I", (8000, 5000)),
        ("TIFF", "RGBA", (8000, 5000)),
        ("TIFF", "LAB", (8000, 5000)),
        ("TIFF", "CMYK", (8000, 5000)),
        ("WEBP", "RGBA", (5000, 3000)),
        ("WEBP", "RGB", (16_383, 915)),
        ("JPEG2000", "RGB", (5000, 3000)),
        ("AVIF", "RGBA", (5000, 3000)),
        ("HEIF", "RGB", (6000, 4000)),
    ):
        yield (
            f"{codec} {mode} of {size[0]}×{size[1]}", "photo.png",
            lambda c=codec, m=mode, s=size: encode(Image.new(m, s, 0), c, **FAST.get(c, {})),
        )  # fmt: skip
    blank = Image.new("RGB", (8000, 5000))
    for orientation in (6, 3):
        exif = Image.Exif()
        exif[0x0112] = orientation
        yield (
            f"JPEG of 8000×5000, orientation {orientation}", "photo.jpg",
            lambda e=exif: encode(blank, "JPEG", exif=e),
        )  # fmt: skip
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    yield (
        "JPEG of 8000×5000 with a profile", "photo.jpg",
        lambda: encode(blank, "JPEG", icc_profile=profile),
    )  # fmt: skip
    for codec in ("HEIF", "AVIF", "JPEG2000"):
        data = encode(Image.new("RGB", (6400, 6400)), codec, **FAST.get(codec, {}))
        yield f"{codec} of 41 million pixels", "p.heic", lambda d=data: d
        yield f"{codec} of 41 million that claims 64", "p.heic", lambda d=data: _claims_64(d)


def zeros(count: int) -> bytes:
    """So many zeros, packed by zlib to a thousandth: one block of them, again and again."""
    blocks, rest = divmod(count, 1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(bytes(rest)) + packer.flush()
    checksum = struct.pack(">I", count % 65_521 << 16 | 1)  # Adler-32
    return b"\x78\xda" + block * blocks + end + checksum


def _claims_64(data: bytes) -> bytes:
    at = data.find(b"ihdr")
    if at < 0:
        return with_extent(data, 64)
    return data[: at + 4] + struct.pack(">II", 64, 64) + data[at + 12 :]


def _big_tiff(tags: int) -> bytes:
    entry = struct.pack("<HHQQ", 40_000, 4, 1, 0)
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, tags) + entry * tags + bytes(8)


def _strips(count: int) -> bytes:
    """Each strip of the same row."""
    tags = {256: (64,), 257: (64,), 258: (8,), 259: (1,), 262: (1,), 277: (1,), 278: (1,)}
    return tiff(tags | {273: (8,) * count, 279: (64,)}, bytes(64))


def _exif(length: int) -> bytes:
    entry = struct.pack("<HHII", 0x010E, 2, length, 26)
    return b"Exif\0\0II*\0\x08\0\0\0\x01\0" + entry + bytes(4) + b"a" * length
