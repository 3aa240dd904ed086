"""Every way a picture file can be odd: each becomes right pixels or a sentence, never a crash."""

import contextlib
import hashlib
import io
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from core.imaging import image as imaging
from core.imaging.image import (
    ImageError,
    LesionImage,
    resize,
    to_jpeg,
    to_png,
)

pillow_heif.register_heif_opener()
ROOT = Path(__file__).parents[3]
RED, GREEN, BLUE, YELLOW = (220, 20, 20), (20, 200, 20), (20, 20, 220), (230, 220, 10)


def quadrants(width: int = 96, height: int = 64) -> np.ndarray:
    """Red, green (top), blue, yellow (bottom): shows turns, mirrors and swapped channels alike."""
    rgb = np.empty((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2], rgb[: height // 2, width // 2 :] = RED, GREEN
    rgb[height // 2 :, : width // 2], rgb[height // 2 :, width // 2 :] = BLUE, YELLOW
    return rgb


def photo(width: int = 160, height: int = 120) -> np.ndarray:
    """Smooth colours with some noise, so that compressed files have contents all along."""
    y, x = np.mgrid[:height, :width]
    smooth = np.stack([200 - x / 4, 120 + y / 2, 130 + (x + y) / 8], axis=-1)
    return (smooth + np.random.default_rng(3).normal(0, 6, smooth.shape)).clip(0, 255).astype("u1")


def encode(image: Image.Image | np.ndarray, file_format: str, **options: object) -> bytes:
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A well-formed PNG that claims a size and holds hardly any pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def read(data: bytes, name: str = "photo") -> LesionImage:
    image = LesionImage.from_bytes(data, name)
    assert image.rgb.dtype == np.uint8
    assert image.rgb.shape == (image.height, image.width, 3)
    assert image.rgb.flags.c_contiguous
    assert not image.rgb.flags.writeable
    return image


# What a good file becomes


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF", "WEBP", "JPEG"])
def test_formats(file_format: str) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}
    data = encode(quadrants(), file_format, **options.get(file_format, {}))
    image = read(data, "lesion.any")
    error = np.abs(image.rgb.astype(int) - quadrants())
    assert error.max() <= (6 if file_format == "JPEG" else 0)
    assert (image.width, image.height) == (96, 64)
    assert image.notes == ()
    assert image.digest == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a.jpg", "a.jpg"),
        ("/home/someone/a.jpg", "a.jpg"),
        (r"C:\fakepath\mole 1.png", "mole 1.png"),
        ("a\n\x00b.jpg", "ab.jpg"),
        ("", "photo"),
        ("///", "photo"),
    ],
)
def test_name_is_no_path(name: str, shown: str) -> None:
    assert read(encode(quadrants(), "PNG"), name).name == shown


def test_digest_tells_files_apart_not_names() -> None:
    first, second = encode(quadrants(), "PNG"), encode(quadrants()[::-1], "PNG")
    assert read(first, "a").digest == read(first, "b").digest != read(second, "a").digest


# Orientation and metadata

UPRIGHT = {  # the colours top left, top right, bottom left, bottom right once turned
    1: (RED, GREEN, BLUE, YELLOW),
    2: (GREEN, RED, YELLOW, BLUE),
    3: (YELLOW, BLUE, GREEN, RED),
    4: (BLUE, YELLOW, RED, GREEN),
    5: (RED, BLUE, GREEN, YELLOW),
    6: (BLUE, RED, YELLOW, GREEN),
    7: (YELLOW, GREEN, BLUE, RED),
    8: (GREEN, YELLOW, RED, BLUE),
}


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int, file_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read(encode(quadrants(), file_format, exif=exif))
    assert (image.width, image.height) == ((96, 64) if orientation < 5 else (64, 96))
    y, x = image.height // 4, image.width // 4
    corners = [image.rgb[y, x], image.rgb[y, -x], image.rgb[-y, x], image.rgb[-y, -x]]
    assert np.abs(np.array(corners, int) - UPRIGHT[orientation]).max() < 24
    assert (image.notes != ()) == (orientation != 1)


@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",
        b"Exif\0\0garbage that is no TIFF at all",
        b"Exif\0\0II*\0\xff\xff\xff\x7f",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + bytes(range(200)),
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0",  # orientation 99
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x09\0\0\xff\xff",  # a text elsewhere
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_is_ignored(exif: bytes, file_format: str) -> None:
    image = read(encode(quadrants(), file_format, exif=exif))
    assert (image.width, image.height, image.notes) == (96, 64, ())


def test_nothing_but_pixels_is_written() -> None:
    exif = Image.Exif()
    exif[0x010E] = "SECRET PATIENT"
    image = read(encode(quadrants(), "JPEG", exif=exif, comment=b"SECRET COMMENT"))
    for data in (to_jpeg(image.rgb), to_png(image.rgb)):
        assert b"SECRET" not in data
        assert not Image.open(io.BytesIO(data)).getexif()


# Colour modes and depths


@pytest.mark.parametrize("file_format", ["JPEG", "TIFF"])
def test_cmyk(file_format: str) -> None:
    """Pillow writes JPEGs as Adobe does: inverted, with a marker that says so."""
    options = {"quality": 95} if file_format == "JPEG" else {}
    image = read(encode(Image.fromarray(quadrants()).convert("CMYK"), file_format, **options))
    assert np.abs(image.rgb.astype(int) - quadrants())[5:27, 5:43].max() < 16
    assert "CMYK" in image.notes[0]


def sixteen_bit(file_format: str) -> tuple[np.ndarray, bytes]:
    ramp = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    if file_format == "png":
        return ramp, cv2.imencode(".png", ramp)[1].tobytes()
    if file_format == "tiff":
        return ramp, cv2.imencode(".tiff", ramp)[1].tobytes()
    if file_format == "big-endian":
        return ramp, encode(Image.fromarray(ramp.astype(">u2")), "TIFF")
    return ramp, encode(Image.fromarray(65535 - ramp), "TIFF", tiffinfo={262: 0})  # white is zero


@pytest.mark.parametrize("file_format", ["png", "tiff", "big-endian", "white is zero"])
def test_16_bit_grey_is_scaled_not_clipped(file_format: str) -> None:
    ramp, data = sixteen_bit(file_format)
    image = read(data)
    assert np.abs(image.rgb[..., 0] - ramp / 257.0).max() <= 1
    assert (image.rgb[..., :1] == image.rgb).all()
    assert "shades of grey" in image.notes[0]


def test_12_bit_grey_tiff_uses_its_own_depth() -> None:
    ramp = np.linspace(0, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)
    pairs = ramp.reshape(-1, 2).astype(np.uint32)
    packed = (pairs[:, 0] << 12) | pairs[:, 1]
    strip = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], 1).astype(np.uint8).tobytes()
    entries = [(256, 64), (257, 64), (258, 12), (259, 1), (262, 1), (273, 122), (277, 1), (278, 64)]
    entries += [(279, len(strip))]
    ifd = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + ifd + bytes(4)
    assert len(head) == 122
    assert np.abs(read(head + strip).rgb[..., 0] - ramp / 16.06).max() <= 1


@pytest.mark.parametrize("extension", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_colour(extension: str, channels: int) -> None:
    bgr = np.full((40, 50, 4), 65535, np.uint16)
    bgr[..., :3] = quadrants(50, 40)[..., ::-1].astype(np.uint16) * 257
    data = cv2.imencode(extension, np.ascontiguousarray(bgr[..., :channels]))[1].tobytes()
    assert (read(data).rgb == quadrants(50, 40)).all()


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_unknown_brightness_range_is_stretched(dtype: type) -> None:
    values = np.linspace(-5000, 90000, 40 * 40).reshape(40, 40).astype(dtype)
    image = read(encode(Image.fromarray(values), "TIFF"))
    assert (image.rgb.min(), image.rgb.max()) == (0, 255)
    assert np.abs(image.rgb[..., 1] - np.linspace(0, 255, 1600).reshape(40, 40)).max() <= 1
    assert "unknown" in image.notes[0]


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan, np.inf])
def test_one_brightness_everywhere(value: float) -> None:
    image = read(encode(Image.fromarray(np.full((40, 40), value, np.float32)), "TIFF"))
    assert (image.rgb == 0).all()


def test_grey_and_one_bit() -> None:
    grey = quadrants()[..., 1]
    assert (read(encode(grey, "PNG")).rgb == grey[..., None]).all()
    image = read(encode(Image.fromarray(grey > 100), "PNG"))
    assert (image.rgb == np.where(grey > 100, 255, 0)[..., None]).all()


def test_palette() -> None:
    assert (read(encode(Image.fromarray(quadrants()).quantize(4), "PNG")).rgb == quadrants()).all()


def test_palette_with_transparency_is_laid_over_white() -> None:
    indexed = Image.fromarray(quadrants()).quantize(4)
    see_through = indexed.getpixel((0, 0))
    image = read(encode(indexed, "PNG", transparency=see_through))
    assert (image.rgb[0, 0] == 255).all()
    assert tuple(image.rgb[0, -1]) == GREEN
    assert "white" in image.notes[0]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_over_white(file_format: str) -> None:
    rgba = np.dstack([quadrants(), np.full((64, 96), 255, np.uint8)])
    rgba[:32, :48, 3], rgba[:32, 48:, 3] = 0, 128
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    image = read(encode(rgba, file_format, **options))
    assert (image.rgb[0, 0] == 255).all()
    assert np.abs(image.rgb[0, -1] - (np.array(GREEN) * 128 + 255 * 127) / 255).max() <= 1
    assert tuple(image.rgb[-1, 0]) == BLUE
    assert "white" in image.notes[0]


def test_opaque_alpha_needs_no_note() -> None:
    image = read(encode(np.dstack([quadrants(), np.full((64, 96), 255, np.uint8)]), "PNG"))
    assert (image.rgb == quadrants()).all()
    assert image.notes == ()


def test_grey_with_alpha() -> None:
    la = Image.merge(
        "LA", [Image.new("L", (40, 40), 60), Image.linear_gradient("L").resize((40, 40))]
    )
    image = read(encode(la, "PNG"))
    assert image.rgb[0].min() > 250
    assert image.rgb[-1].max() < 70


# Colour profiles


def swapped_primaries_profile() -> bytes:
    """A valid matrix profile whose red and blue primaries changed places."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    table = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(profile[131])}
    red, blue = table[b"rXYZ"], table[b"bXYZ"]
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_other_colour_profile_is_converted(file_format: str) -> None:
    image = read(encode(quadrants(), file_format, icc_profile=swapped_primaries_profile()))
    red, blue = image.rgb[5, 5].astype(int), image.rgb[-5, 5].astype(int)
    assert np.abs(red - RED[::-1]).max() < 24
    assert np.abs(blue - BLUE[::-1]).max() < 24
    assert "sRGB" in image.notes[0]


def test_profile_and_alpha_together() -> None:
    rgba = np.dstack([quadrants(), np.full((64, 96), 255, np.uint8)])
    rgba[:32, 48:, 3] = 0
    image = read(encode(rgba, "PNG", icc_profile=swapped_primaries_profile()))
    assert np.abs(image.rgb[5, 5].astype(int) - RED[::-1]).max() < 4
    assert (image.rgb[5, -5] == 255).all()
    assert len(image.notes) == 2


def test_srgb_profile_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = read(encode(quadrants(), "PNG", icc_profile=srgb))
    assert (image.rgb == quadrants()).all()
    assert image.notes == ()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA"])
@pytest.mark.parametrize("profile", [b"nonsense", bytes(400), b"sRGB of another mode"])
def test_broken_or_unfit_profile_is_ignored(profile: bytes, mode: str) -> None:
    if profile.startswith(b"sRGB"):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    picture = Image.fromarray(quadrants()).convert(mode)
    image = read(encode(picture, "PNG", icc_profile=profile))
    assert (image.rgb == np.asarray(picture.convert("RGB"))).all()
    assert image.notes == ()


# Several frames


@pytest.mark.parametrize("file_format", ["WEBP", "PNG", "TIFF"])
def test_first_frame_of_several(file_format: str) -> None:
    frames = [Image.new("RGB", (48, 40), colour) for colour in (RED, GREEN, BLUE)]
    options = {"lossless": True} if file_format == "WEBP" else {}
    data = encode(frames[0], file_format, save_all=True, append_images=frames[1:], **options)
    image = read(data)
    assert (image.rgb == RED).all()
    assert "first" in image.notes[0]
    assert ("animated" in image.notes[0]) == (file_format != "TIFF")


def test_phone_photo_with_a_second_picture() -> None:
    frames = [Image.fromarray(quadrants()), Image.new("RGB", (48, 40), RED)]
    image = read(encode(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert (image.width, image.height) == (96, 64)
    assert "several pictures" in image.notes[0]


# What is refused


def test_empty() -> None:
    with pytest.raises(ImageError, match="empty"):
        LesionImage.from_bytes(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"this is a text, whatever its name says\n" * 20,
        b"<!doctype html><html><body>404 not found</body></html>",
        b"BMI 31, asked for a second opinion, referred to the clinic.",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"/>',
        b"\xff",
        bytes(5000),
        np.random.default_rng(0).bytes(5000),
    ],
)
def test_not_an_image(data: bytes) -> None:
    with pytest.raises(ImageError, match="not a photo"):
        LesionImage.from_bytes(data, "lesion.jpg")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (encode(quadrants(), "GIF"), "GIF"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(90), "JPEG XL"),
        (b"\xff\x0a" + bytes(90), "JPEG XL"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(90), "camera raw"),
        (b"FUJIFILMCCD-RAW 0201FF159502X-T1" + bytes(90), "camera raw"),
        (b"IIRO\x08\0\0\0" + bytes(90), "camera raw"),
        (b"IIU\0\x18\0\0\0" + bytes(90), "camera raw"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(90), "video"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(90), "video"),
        (b"8BPS\0\x01" + bytes(90), "Photoshop"),
        (b"%PDF-1.7\n", "PDF"),
        (bytes(128) + b"DICM" + bytes(90), "DICOM"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(90), "camera raw"),
        (encode(quadrants(), "TIFF", tiffinfo={254: 1}), "camera raw"),
    ],
)
def test_unsupported_formats_are_named(data: bytes, name: str) -> None:
    with pytest.raises(ImageError, match=f"This is a {name} file.*JPEG, PNG") as caught:
        LesionImage.from_bytes(data, "lesion.jpg")
    assert "save it as PNG or JPEG" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [("scan.DCM", "DICOM"), ("mole.nef", "Nikon NEF"), ("mole.DNG", "DNG"), ("old.x3f", "Sigma")],
)
def test_the_ending_tells_what_the_bytes_do_not(name: str, told: str) -> None:
    data = bytes(300) if name == "scan.DCM" else encode(quadrants(), "TIFF")
    with pytest.raises(ImageError, match=told):
        LesionImage.from_bytes(data, name)
    assert read(encode(quadrants(), "JPEG"), name).width == 96, "bytes that are a proof go first"


def test_a_raw_photo_too_large_is_called_what_it_is() -> None:
    with pytest.raises(ImageError, match="CR3"):
        LesionImage.from_bytes(b"\0\0\0\x18ftypcrx " + bytes(imaging.MAX_BYTES))


# What phones and newer programs save


def heic(orientation: int = 1, **options: object) -> bytes:
    """As a phone does: the turn in the container, and once more in EXIF."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(quadrants(), "HEIF", exif=exif.tobytes(), quality=95, chroma=444, **options)


def corners(rgb: np.ndarray) -> list[tuple[int, int, int]]:
    """Of the four quadrants, the pure colour each is nearest to."""
    height, width = rgb.shape[:2]
    places = [(y, x) for y in (height // 4, -height // 4) for x in (width // 4, -width // 4)]
    known = (RED, GREEN, BLUE, YELLOW)
    return [min(known, key=lambda c: np.abs(rgb[p].astype(int) - c).sum()) for p in places]


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_heic_is_turned_once(orientation: int) -> None:
    image = read(heic(orientation), "IMG_0001.HEIC")
    assert corners(image.rgb) == list(UPRIGHT[orientation])
    assert (image.width, image.height) == ((64, 96) if orientation > 4 else (96, 64))


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_avif_is_turned_once(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = read(encode(quadrants(), "AVIF", exif=exif, quality=95), "a.avif")
    assert corners(image.rgb) == list(UPRIGHT[orientation])


def test_jpeg_2000() -> None:
    data = encode(quadrants(), "JPEG2000")
    assert (read(data, "a.jp2").rgb == quadrants()).all()
    codestream = encode(quadrants(), "JPEG2000", no_jp2=True)
    assert (read(codestream, "a.j2k").rgb == quadrants()).all()


def test_heic_of_ten_bits_and_with_colours_of_another_space() -> None:
    wide = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read(heic(icc_profile=wide), "a.heic").notes == ()
    levels = (quadrants().astype(np.uint16) * 257).tobytes()
    deep = pillow_heif.from_bytes(mode="RGB;16", size=(96, 64), data=levels)
    buffer = io.BytesIO()
    deep.save(buffer, quality=95, chroma=444)
    assert corners(read(buffer.getvalue()).rgb) == [RED, GREEN, BLUE, YELLOW]


def test_heic_with_several_pictures_gives_the_main_one() -> None:
    several = pillow_heif.from_pillow(Image.fromarray(quadrants()[::-1].copy()))
    several.add_from_pillow(Image.fromarray(quadrants()))
    buffer = io.BytesIO()
    several.save(buffer, primary_index=1, quality=95)
    image = read(buffer.getvalue())
    assert corners(image.rgb) == [RED, GREEN, BLUE, YELLOW]
    assert "several pictures" in " ".join(image.notes)


def test_a_heic_sequence_is_read_where_it_has_a_photo_and_named_else() -> None:
    for brand in (b"msf1", b"hevc"):
        data = heic()[:8] + brand + heic()[12:]
        assert corners(read(data, "burst.heics").rgb) == [RED, GREEN, BLUE, YELLOW]
        with pytest.raises(ImageError, match="sequence"):
            LesionImage.from_bytes(data[:24] + b"\0\0\0\x08moov" + bytes(200))


@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize("file_format", ["HEIF", "AVIF"])
def test_hdr_is_refused_by_name(curve: int, file_format: str) -> None:
    data = bytearray(encode(quadrants(), file_format))
    place = data.index(b"colrnclx") + 10
    data[place : place + 2] = struct.pack(">H", curve)
    with pytest.raises(ImageError, match="HDR"):
        LesionImage.from_bytes(bytes(data))


@pytest.mark.parametrize("file_format", ["HEIF", "AVIF", "JPEG2000"])
def test_limits_hold_for_every_format(file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(quadrants(), file_format)
    monkeypatch.setattr(imaging, "MAX_PIXELS", 96 * 64 - 1)
    with pytest.raises(ImageError, match="at most 0 million"):
        LesionImage.from_bytes(data)
    with pytest.raises(ImageError, match="at least 32"):
        LesionImage.from_bytes(encode(quadrants(96, 20), file_format))


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.9])
@pytest.mark.parametrize("file_format", ["HEIF", "AVIF", "JPEG2000"])
def test_truncated_files_of_newer_formats(file_format: str, share: float) -> None:
    data = encode(photo(), file_format)
    with pytest.raises(ImageError, match="damaged or incomplete"):
        LesionImage.from_bytes(data[: max(24, int(share * len(data)))])


def test_big_tiff() -> None:
    data = encode(quadrants(), "TIFF", big_tiff=True)
    assert data[:4] == b"II+\0"
    assert (read(data).rgb == quadrants()).all()


def test_float_colours_are_named() -> None:
    _, data = cv2.imencode(".tif", quadrants().astype(np.float32) / 255)
    with pytest.raises(ImageError, match="floating-point"):
        LesionImage.from_bytes(data.tobytes())


def test_pillow_heif_is_loaded_only_for_heic() -> None:
    code = (
        "import sys, io; from PIL import Image; from core.imaging.image import LesionImage;"
        "b = io.BytesIO(); Image.new('RGB', (64, 64)).save(b, 'PNG');"
        "LesionImage.from_bytes(b.getvalue()); print('pillow_heif' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.strip() == "False", told.stderr


JPEG, PNG = encode(photo(), "JPEG"), encode(photo(), "PNG")


@pytest.mark.parametrize("share", [0.01, 0.05, 0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "progressive", "WEBP", "BMP", "TIFF"])
def test_truncated(file_format: str, share: float) -> None:
    progressive = file_format == "progressive"
    options = {"progressive": True} if progressive else {}
    data = encode(photo(), "JPEG" if progressive else file_format, **options)
    with pytest.raises(ImageError, match="damaged or incomplete"):
        LesionImage.from_bytes(data[: max(18, int(share * len(data)))])


def test_every_cut_of_a_small_file_is_told() -> None:
    """Up to the last 24 bytes, which in a PNG are checksums and an end mark after all pixels."""
    for data in (encode(photo(40, 40), "JPEG"), encode(photo(40, 40), "PNG")):
        for end in (*range(0, len(data) - 24, 37), len(data) - 24):
            with pytest.raises(ImageError):
                LesionImage.from_bytes(data[:end])


BOMBS = [(50_000, 50_000), (10_000, 10_000), (8000, 5001), (40, 2**20), (2**31 - 1, 2**31 - 1)]


@pytest.mark.parametrize("size", BOMBS)
@pytest.mark.parametrize("action", ["ignore", "error"])
def test_bombs_are_refused_by_their_header(
    size: tuple[int, int], action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded before the size was checked")

    monkeypatch.setattr(imaging, "pixels", decode)
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises(ImageError, match="40 million"):
            LesionImage.from_bytes(png_header(*size))


def test_bombs_print_no_warning() -> None:
    """In a process of its own, as pytest has its own idea of which warnings are shown."""
    code = (
        "import sys; from core.imaging.image import ImageError, LesionImage\n"
        "try: LesionImage.from_bytes(sys.stdin.buffer.read())\n"
        "except ImageError as error: print('refused' if '40 million' in str(error) else error)"
    )
    command = [sys.executable, "-W", "always", "-c", code]
    done = subprocess.run(command, input=png_header(10_000, 10_000), capture_output=True, cwd=ROOT)
    assert done.stdout.strip() == b"refused"
    assert done.stderr == b""


def test_too_many_bytes() -> None:
    with pytest.raises(ImageError, match="20 MB"):
        LesionImage.from_bytes(JPEG + bytes(imaging.MAX_BYTES))
    assert read(JPEG + bytes(1000)).width == 160  # harmless bytes after the end


@pytest.mark.parametrize("size", [(31, 200), (200, 31), (1, 1)])
def test_too_small(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="at least 32"):
        LesionImage.from_bytes(encode(Image.new("RGB", size), "PNG"))


def test_smallest() -> None:
    assert read(encode(Image.new("RGB", (32, 32)), "PNG")).rgb.shape == (32, 32, 3)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("broken"), "damaged or incomplete"),
        (SyntaxError("broken"), "damaged or incomplete"),
        (struct.error("broken"), "damaged or incomplete"),
        (zlib.error("broken"), "damaged or incomplete"),
        (EOFError(), "damaged or incomplete"),
        (KeyError("broken"), "damaged or incomplete"),
        (MemoryError(), "more pixels than can be read"),
    ],
)
def test_any_decoder_failure_is_told(
    error: Exception, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "load", fail)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    with pytest.raises(ImageError, match=told):
        LesionImage.from_bytes(JPEG)


def test_messages_are_sentences_without_paths() -> None:
    for data in (b"", b"text", JPEG[:300], encode(quadrants(), "GIF"), png_header(9, 9)):
        with pytest.raises(ImageError) as caught:
            LesionImage.from_bytes(data, "/home/someone/secret/a.jpg")
        message = str(caught.value)
        assert message.startswith("This ")
        assert message.endswith(".")
        assert "secret" not in message


@pytest.mark.parametrize("original", [JPEG, PNG], ids=["JPEG", "PNG"])
def test_mutated_files_never_crash(original: bytes) -> None:
    rng = np.random.default_rng(20)
    for _ in range(150):
        data = bytearray(original)
        for position in rng.integers(0, len(data), rng.integers(1, 12)):
            data[position] = rng.integers(256)
        start, length = rng.integers(0, len(data)), rng.integers(0, 40)
        if rng.random() < 0.3:
            del data[start : start + length]
        with contextlib.suppress(ImageError):
            read(bytes(data))


# Arrays, resizing, encoding


def test_from_array_copies_and_freezes() -> None:
    pixels = quadrants()
    image = LesionImage.from_array(pixels[:, ::-1], "drawn", ("By a program.",))
    pixels[:] = 0
    assert tuple(image.rgb[0, -1]) == RED
    assert image.rgb.flags.c_contiguous
    assert image.notes == ("By a program.",)
    assert pixels.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        image.rgb[0, 0] = 0


def test_from_array_digest_knows_the_shape() -> None:
    flat = np.zeros((32, 64, 3), np.uint8)
    one, other = LesionImage.from_array(flat), LesionImage.from_array(flat.reshape(64, 32, 3))
    assert one.digest != other.digest
    assert one.digest == LesionImage.from_array(flat, "another name").digest


@pytest.mark.parametrize(
    "array", [np.zeros((40, 40)), np.zeros((40, 40), np.uint8), np.zeros((40, 40, 4), np.uint8)]
)
def test_from_array_wants_rgb(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        LesionImage.from_array(array)


def test_from_array_checks_the_size() -> None:
    with pytest.raises(ImageError, match="at least 32"):
        LesionImage.from_array(np.zeros((31, 40, 3), np.uint8))


def test_resize_takes_width_then_height() -> None:
    assert resize(quadrants(), (30, 20)).shape == (20, 30, 3)
    assert resize(quadrants()[..., 0], (30, 20)).shape == (20, 30)
    assert (resize(quadrants(), (96, 64)) == quadrants()).all()


@pytest.mark.parametrize("width", [60, 600, 3000])
def test_resize_averages_fine_stripes(width: int) -> None:
    stripes = np.zeros((width, width, 3), np.uint8)
    stripes[:, ::2] = 255
    small = resize(stripes, (20, 20)).astype(int)
    assert np.abs(small - 127).max() <= 16


def test_resize_is_torchvision_antialias() -> None:
    functional = pytest.importorskip("torch").nn.functional
    torch = pytest.importorskip("torch")
    source = photo(600, 450)
    tensor = torch.from_numpy(source.copy()).permute(2, 0, 1)[None].float()
    theirs = functional.interpolate(tensor, (224, 224), mode="bilinear", antialias=True)
    ours = resize(source, (224, 224))
    assert np.abs(ours - theirs[0].permute(1, 2, 0).numpy()).max() <= 1.5


def test_reducing_gap_changes_little() -> None:
    source = resize(photo(), (3000, 2250))
    exact = Image.fromarray(source).resize((224, 168), Image.Resampling.BILINEAR)
    assert np.abs(resize(source, (224, 168)).astype(int) - np.asarray(exact)).max() <= 4


def test_encoding_round_trip() -> None:
    assert (np.asarray(Image.open(io.BytesIO(to_png(quadrants())))) == quadrants()).all()
    mask = np.where(quadrants()[..., 0] > 100, 255, 0).astype(np.uint8)
    decoded = Image.open(io.BytesIO(to_png(mask)))
    assert decoded.mode == "L"
    assert (np.asarray(decoded) == mask).all()
    jpeg = np.asarray(Image.open(io.BytesIO(to_jpeg(quadrants(), quality=95))))
    assert np.abs(jpeg[10, 10].astype(int) - RED).max() < 10
    assert len(to_jpeg(photo(), quality=30)) < len(to_jpeg(photo()))


@pytest.mark.parametrize("array", [np.zeros((4, 4), bool), np.zeros((4, 4, 4), np.uint8)])
def test_encoding_wants_uint8(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="uint8"):
        to_png(array)


# Reduced decoding


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(1600, 1200), (1601, 1600)])
def test_large_jpeg_is_decoded_smaller_and_upright(size: tuple[int, int], orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encode(Image.fromarray(quadrants(*size)), "JPEG", exif=exif, quality=95)
    whole, reduced = LesionImage.from_bytes(data), LesionImage.from_bytes(data, enough=300)
    assert (reduced.width, reduced.height) == (whole.width, whole.height)
    assert whole.rgb.shape[:2] == (whole.height, whole.width)
    assert reduced.digest == whole.digest
    assert max(reduced.rgb.shape) < max(size) / 3
    assert max(reduced.rgb.shape) >= 300
    small = resize(whole.rgb, reduced.rgb.shape[1::-1])
    assert np.abs(small.astype(int) - reduced.rgb).mean() < 3


def test_never_decoded_smaller_than_enough() -> None:
    data = encode(photo(640, 480), "JPEG")
    for enough, width in ((640, 640), (321, 640), (320, 320), (161, 320), (160, 160), (10, 80)):
        image = LesionImage.from_bytes(data, enough=enough)
        assert (image.rgb.shape[1], image.width, image.height) == (width, 640, 480)


def test_other_formats_are_decoded_whole() -> None:
    image = LesionImage.from_bytes(encode(photo(640, 480), "PNG"), enough=100)
    assert image.rgb.shape == (480, 640, 3)
