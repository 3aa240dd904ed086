"""From the bytes of a picture file to checked, upright, eight-bit sRGB pixels.

A file from a stranger is checked in this order: number of bytes, first bytes, size in the header;
only then is it decoded. Whatever is wrong with it becomes an :class:`ImageError`, whose message
tells a student what happened and what to do. Only pixels leave this module, no EXIF, no GPS.
"""

import contextlib
import hashlib
import io
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image, TiffImagePlugin

from core.errors import UserError
from core.imaging.formats import SVG, Unread, format_of, listed, raw
from core.imaging.pixels import pixels
from core.imaging.structure import MOST_PARTS, is_sound

MAX_BYTES = 20 * 1024**2
MAX_PIXELS = 40_000_000
MOST_PIXELS = {"WebP": 15_000_000, "AVIF": 15_000_000, "JPEG 2000": 15_000_000}
"""Less for formats whose decoders need 20 bytes of memory a pixel; no camera writes such photos."""
MIN_SIDE = 32

# Pillow warns of oversized pictures (refused below) and of damaged metadata (dropped below).
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

_PILLOW = {"HEIC": "HEIF", "JPEG 2000": "JPEG2000"}
"""What Pillow calls formats, where it is not by our name."""
_NCLX = b"colrnclx"
_SEQUENCES = (b"msf1", b"hevc", b"hevx", b"hevm", b"hevs")
"""First brands of HEIC files that are made of a track; most have a photo besides."""
_SUBFILE_TYPE, _SAMPLE_FORMAT = 254, 339
"""TIFF tags."""


class ImageError(UserError, ValueError):
    """A picture that cannot be used; the message is a sentence to show to a student."""


@dataclass(frozen=True, eq=False)
class LesionImage:
    """A photo ready to be analysed.

    Attributes:
        rgb: pixels, uint8 of shape (height, width, 3), sRGB, 0 to 255, C-contiguous and read-only;
            of a file decoded at a reduced scale, fewer than the photo has.
        name: what to call the photo on screen; never a path.
        digest: SHA-256 (64 hex digits) of the file's bytes, or of shape and pixels for an array.
        width, height: of the upright photo at its full scale, in pixels.
        notes: plain sentences about what was changed while reading the file.
    """

    rgb: np.ndarray
    name: str
    digest: str
    width: int
    height: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.rgb.setflags(write=False)

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "photo", enough: int | None = None) -> Self:
        """Decode a file of one of the formats in `core.imaging.formats.READ`.

        Args:
            data: the whole file.
            name: file name or title; folders in it are dropped.
            enough: a JPEG may be decoded at a half, a quarter or an eighth of its scale, which is
                several times faster, as long as its longest side keeps so many pixels.

        Raises:
            ImageError: whatever the bytes are.
        """
        notes: list[str] = []
        rgb, (width, height) = _decode(data, name, notes, enough)
        digest = hashlib.sha256(data).hexdigest()
        return cls(rgb, display_name(name), digest, width, height, tuple(notes))

    @classmethod
    def from_array(cls, rgb: np.ndarray, name: str = "photo", notes: tuple[str, ...] = ()) -> Self:
        """Wrap a copy of sRGB pixels, uint8 of shape (height, width, 3).

        Raises:
            ValueError: another dtype or shape.
            ImageError: it is too small or too large, as for a file.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"Expected uint8 pixels (H, W, 3), got {rgb.dtype} {rgb.shape}.")
        _check_size(rgb.shape[1], rgb.shape[0], MAX_PIXELS)
        rgb = rgb.copy(order="C")
        digest = hashlib.sha256(repr(rgb.shape).encode() + rgb.tobytes()).hexdigest()
        return cls(rgb, display_name(name), digest, rgb.shape[1], rgb.shape[0], tuple(notes))


def resize(rgb: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Scale a picture: the only resize there is, so that training and serving see the same pixels.

    Pillow's bilinear filter, which averages over all source pixels when scaling down (torchvision
    calls this ``antialias=True``; OpenCV's ``INTER_LINEAR`` does not do it). With
    ``reducing_gap=3.0`` a picture over six times too large is first shrunk by a whole factor,
    which is several times faster and differs by a few grey levels at most.

    Args:
        rgb: uint8, shape (height, width, 3) or (height, width).
        size: wanted (width, height) in pixels, the order Pillow uses.

    Returns:
        A new uint8 array of shape (size[1], size[0], …).
    """
    image = Image.fromarray(np.ascontiguousarray(rgb))
    return np.array(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))


def scaled(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height in pixels, of the same aspect, with a longest side of so many."""
    factor = longest / max(width, height)
    return max(1, round(width * factor)), max(1, round(height * factor))


def to_jpeg(rgb: np.ndarray, quality: int = 90) -> bytes:
    """Encode uint8 pixels of shape (height, width, 3) as a JPEG file without metadata."""
    return _encode(rgb, "JPEG", quality=quality)


def to_png(array: np.ndarray, **options: Any) -> bytes:
    """Encode uint8 pixels (height, width, 3), or a uint8 mask (height, width), as a PNG file, with
    Pillow's options for it."""
    return _encode(array, "PNG", **options)


def to_webp(rgba: np.ndarray) -> bytes:
    """Encode uint8 pixels of shape (height, width, 4), opacity last, as a small WebP file."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(rgba)).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _encode(array: np.ndarray, file_format: str, **options: Any) -> bytes:
    if array.dtype != np.uint8 or not (array.ndim == 2 or array.shape[2:] == (3,)):
        raise ValueError(f"Expected uint8 (H, W, 3) or (H, W), got {array.dtype} {array.shape}.")
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(buffer, file_format, **options)
    return buffer.getvalue()


def display_name(name: str) -> str:
    """What to call a photo of that file name or path: its last part, printable, never empty."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip() or "photo"


def _check_size(width: int, height: int, most: int) -> None:
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"This photo is only {width} × {height} pixels; each side needs at least {MIN_SIDE}. "
            "Use the original photo rather than a thumbnail."
        )
    if width * height > most:
        of, otherwise = (" of this format", " or as JPEG") if most < MAX_PIXELS else ("", "")
        raise ImageError(
            f"This photo has {width} × {height} pixels; at most {most // 10**6} million{of} are "
            f"read. Crop it to the lesion or save it smaller{otherwise}."
        )


@contextlib.contextmanager
def opened(data: bytes, name: str = "") -> Iterator[Image.Image]:
    """Open a picture file of a format that is read, its header alone.

    Raises:
        ImageError: it is empty, of no format that is read, or not built as its format is.
        OSError, SyntaxError, ValueError: the header is damaged.
    """
    if not data:
        raise ImageError("This file is empty. Copy or download the photo again.")
    kind = format_of(data[:4096], name)
    if kind is SVG:
        raise ImageError(f"This file is not a photo but an SVG. {SVG.remedy}")
    if isinstance(kind, Unread):
        raise ImageError(kind.sentence)
    if kind is None:
        raise ImageError(
            f"This file is not a photo, whatever its name says. Choose a {listed('or')} file."
        )
    if not is_sound(data, kind):
        raise ImageError(
            f"This {kind} file is damaged, or no camera made it: it has more than {MOST_PARTS:,} "
            "parts, or parts larger than the photo. Open it in a picture viewer and save it as a "
            "new PNG or JPEG."
        )
    if kind == "HEIC":
        import pillow_heif.HeifImagePlugin  # registers itself with Pillow  # noqa: F401

    with Image.open(io.BytesIO(data), formats=[_PILLOW.get(kind, kind)]) as image:
        yield image


def _decode(
    data: bytes, name: str, notes: list[str], enough: int | None
) -> tuple[np.ndarray, tuple[int, int]]:
    """Decode to a new uint8 (height, width, 3) array, with the photo's full (width, height), and
    append to ``notes``."""
    kind = format_of(data[:4096], name)
    if len(data) > MAX_BYTES and not isinstance(kind, Unread):
        raise ImageError(
            f"This file has {len(data) / 1024**2:.1f} MB; at most "
            f"{MAX_BYTES // 1024**2} MB are read. Crop the photo to the lesion or save it as JPEG."
        )
    try:
        with opened(data, name) as image:
            _check_size(*image.size, min(MAX_PIXELS, MOST_PIXELS.get(str(kind), MAX_PIXELS)))
            _refuse_hdr(image, data)
            full = image.size
            if enough is not None and kind == "JPEG":
                share = enough / max(full)
                image.draft(None, (math.ceil(full[0] * share), math.ceil(full[1] * share)))
            reduced = image.size != full
            _say_what_is_left_out(image, notes)
            rgb, turned = pixels(image, notes)
            if not reduced:
                return rgb, (rgb.shape[1], rgb.shape[0])
            return rgb, (full[1], full[0]) if turned else full
    except ImageError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise ImageError(
            "This photo claims more pixels than can be read; at most "
            f"{MAX_PIXELS // 10**6} million are. Crop it to the lesion or save it smaller."
        ) from None
    except Exception as error:  # decoders fail in many ways: OSError, SyntaxError, zlib.error …
        if kind == "TIFF" and _has_float_colours(data):
            raise ImageError(
                "This TIFF file has floating-point colours, whose brightness scale is unknown. "
                "Open it in the program that made it and save it with 8 or 16 bits a colour."
            ) from error
        if kind == "HEIC" and data[8:12] in _SEQUENCES:
            raise ImageError(
                "This HEIC file holds a sequence, such as a burst, and no single photo that can be "
                "read. Open it in a picture viewer and save one picture of it as PNG or JPEG."
            ) from error
        raise ImageError(
            f"This {kind} file is damaged or incomplete. Copy or download it again, "
            "or open it in a picture viewer and save it as a new PNG or JPEG."
        ) from error


def _has_float_colours(data: bytes) -> bool:
    """Whether a TIFF's first page says so; Pillow reads floats of grey alone."""
    with contextlib.suppress(Exception):
        directory = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if b"+" in data[:4] else 8])
        file = io.BytesIO(data)
        file.seek(directory.next)
        directory.load(file)
        return 3 in directory.get(_SAMPLE_FORMAT, ())
    return False


def _refuse_hdr(image: Image.Image, data: bytes) -> None:
    """Pixels of more brightness than a screen has (transfer curve PQ or HLG, ITU-T H.273) are no
    sRGB. Phones save what HDR adds beside an ordinary photo, which is read."""
    transfer = None
    if image.format == "HEIF" and "icc_profile" not in image.info:
        transfer = (image.info.get("nclx_profile") or {}).get("transfer_characteristics")
    elif image.format == "AVIF" and "icc_profile" not in image.info:
        place = data.find(_NCLX)
        if place >= 0:  # primaries and transfer curve follow, two bytes each
            transfer = int.from_bytes(data[place + 10 : place + 12], "big")
    if transfer in (16, 18):
        raise ImageError(
            "This photo is stored in HDR (PQ or HLG), which is not read here: its colours would be "
            "wrong. Open it in the camera's program or a picture viewer and save it as JPEG."
        )


def _say_what_is_left_out(image: Image.Image, notes: list[str]) -> None:
    """Of a file of several pictures. Raises ImageError: the first is a preview."""
    if getattr(image, "tag_v2", {}).get(_SUBFILE_TYPE, 0) & 1:  # a DNG, NEF or the like
        raise ImageError(raw("DNG, NEF or alike").sentence)
    if getattr(image, "is_animated", False):
        notes.append(
            "This file is animated: only its first frame is used."
            if image.format in ("PNG", "WEBP")
            else "This file holds several pictures: only the main one is used."
            if image.format == "HEIF"
            else "This file holds several pictures: only the first is used."
        )
