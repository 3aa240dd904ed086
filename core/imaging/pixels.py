"""From a picture that Pillow has opened to upright sRGB pixels.

A photo of 40 million pixels takes 160 MB in Pillow and 120 MB as the array that is wanted: it is
converted in bands, so that there is never a third copy of it.
"""

import contextlib
import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageCms

BAND = 1 << 18
"""Pixels converted at a time."""
_ORIENTATION, _PHOTOMETRIC, _BITS = 0x0112, 262, 258
"""EXIF and TIFF tags."""
TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: lambda rgb: rgb[:, ::-1],
    3: lambda rgb: rgb[::-1, ::-1],
    4: lambda rgb: rgb[::-1],
    5: lambda rgb: rgb.transpose(1, 0, 2),
    6: lambda rgb: rgb[::-1].transpose(1, 0, 2),
    7: lambda rgb: rgb[::-1, ::-1].transpose(1, 0, 2),
    8: lambda rgb: rgb[:, ::-1].transpose(1, 0, 2),
}
"""What EXIF's orientations need, for pixels (height, width, channels)."""
_Convert = Callable[[Image.Image], Image.Image]


def orientation_of(image: Image.Image) -> int:
    """EXIF's orientation of an opened file, 1…8; 1 (upright) if it has none, or a broken block of
    EXIF, which counts as none."""
    found = 1
    with contextlib.suppress(Exception):
        found = image.getexif().get(_ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def pixels(image: Image.Image, notes: list[str]) -> tuple[np.ndarray, bool]:
    """The first frame of an opened file: upright, in sRGB, over white where it is see-through; and
    whether width and height changed places. The file is closed, what was changed is noted.

    Returns:
        uint8 of shape (height, width, 3), C-contiguous.

    Raises:
        Exception: whatever a decoder says of a damaged file.
    """
    orientation = orientation_of(image)
    by_pillow = image.format == "TIFF"  # turned while it is loaded
    image.load()
    if orientation != 1:
        notes.append("This photo was turned upright, as the camera noted.")
    rgb = _rgb(image, notes)
    image.close()
    if orientation in TURNS and not by_pillow:
        rgb = np.ascontiguousarray(TURNS[orientation](rgb))
    return rgb, orientation in range(5, 9)


def _rgb(image: Image.Image, notes: list[str]) -> np.ndarray:
    if image.mode[0] in "IF":
        return _grey(image, notes)
    see_through = image.has_transparency_data
    mode = "RGB" if see_through or image.mode not in ("RGB", "CMYK", "L", "1") else image.mode
    mode = "L" if mode == "1" else mode
    to_srgb = _to_srgb(mode, image.info.get("icc_profile"), notes)
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    seen_through = False
    for rows, band in _bands(image):
        alpha, colours = None, band
        if see_through:
            colours = (band.convert("LA") if band.mode == "La" else band).convert("RGBA")
            alpha = colours.getchannel("A")
        colours = to_srgb(colours if colours.mode == mode else colours.convert(mode))
        if alpha is not None and alpha.getextrema() != (255, 255):
            seen_through = True
            colours = Image.composite(colours, Image.new("RGB", band.size, "white"), alpha)
        rgb[rows] = np.asarray(colours)
    if seen_through:
        notes.append("Transparent parts of this photo were laid over white.")
    return rgb


def _bands(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """The picture in bands of whole rows, and which rows they are."""
    step = max(1, BAND // image.width)
    for top in range(0, image.height, step):
        bottom = min(image.height, top + step)
        yield slice(top, bottom), image.crop((0, top, image.width, bottom))


def _grey(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Scale grey of more than eight bits; Pillow's own ``convert("L")`` would clip it at 255.

    Modes "I;16…" keep the most significant byte, as Pillow does for 16-bit colour (12-bit TIFF: of
    those 12). Modes "I" and "F" have no agreed range: their extremes become black and white.
    """
    to_8_bit: Callable[[np.ndarray], np.ndarray]
    if image.mode.startswith("I;16"):
        notes.append("This photo has more than 256 shades of grey: they were scaled to 256.")
        tiff_tags = getattr(image, "tag_v2", {})
        shift = tiff_tags.get(_BITS, (16,))[0] - 8
        inverted = tiff_tags.get(_PHOTOMETRIC) == 0
        to_8_bit = lambda grey: 255 - (grey >> shift) if inverted else grey >> shift  # noqa: E731
    else:
        notes.append(
            "The brightness scale of this photo is unknown: "
            "its darkest pixel was made black and its brightest white."
        )
        ends = [(found.min(), found.max()) for found in (_finite(b) for _, b in _bands(image))]
        low, high = min(e[0] for e in ends), max(e[1] for e in ends)
        factor = 255 / (high - low or 1.0)
        to_8_bit = lambda grey: np.rint((grey - low) * factor)  # noqa: E731
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    for rows, band in _bands(image):
        grey = np.asarray(band) if image.mode.startswith("I;16") else _finite(band)
        rgb[rows] = to_8_bit(grey).astype(np.uint8)[..., None]
    return rgb


def _finite(band: Image.Image) -> np.ndarray:
    return np.nan_to_num(np.asarray(band).astype(np.float64), posinf=0.0, neginf=0.0)


def _to_srgb(mode: str, profile: bytes | None, notes: list[str]) -> _Convert:
    """How colours become sRGB: by the embedded ICC profile if it is valid, else by Pillow's plain
    rule."""
    transform = _transform(mode, profile) if profile else None
    if transform is not None:
        if _is_srgb(mode, transform):
            return lambda band: band
        notes.append("Colours were converted to sRGB by the colour profile in this photo.")
        return lambda band: _converted(band, transform)
    if mode == "CMYK":
        notes.append("This photo was saved for printing (CMYK): its colours are approximate.")
    return lambda band: band.convert("RGB")


def _transform(mode: str, profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None if it is invalid, or of other colours than the photo's."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        found = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
        )  # fmt: skip
        _converted(Image.new(mode, (1, 1)), found)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None
    return found


def _converted(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    found = ImageCms.applyTransform(image, transform)
    assert found is not None  # it is None in place only
    return found


def _is_srgb(mode: str, transform: ImageCms.ImageCmsTransform) -> bool:
    """Profiles are told from sRGB by what they do to a ladder of colours, as their names vary."""
    if mode != "RGB":
        return False
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    ladder = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 6, 3)
    seen = np.asarray(_converted(Image.fromarray(ladder), transform))
    return bool(np.abs(seen.astype(int) - ladder).max() <= 3)
