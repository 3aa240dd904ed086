"""Masks in every form that programs save them in, and what is refused by name."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DatasetError
from core.imaging.mask_files import Grid, pair_masks, read_mask
from core.imaging.photo_files import PhotoFile
from core.imaging.pixels import TURNS

TRUTH = np.zeros((60, 80), bool)
TRUTH[10:30, 20:60] = True
TRUTH[30:40, 20:35] = True  # an L: no turn or mirror leaves it as it is
PHOTO = Grid(80, 60)


def file(pixels: np.ndarray | Image.Image, kind: str = "PNG", **options: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def painted(on: tuple[int, ...], off: tuple[int, ...]) -> np.ndarray:
    return np.where(TRUTH[..., None], np.array(on), np.array(off)).astype(np.uint8)


def palette(on: tuple[int, ...], off: tuple[int, ...], **options: object) -> bytes:
    image = Image.fromarray(TRUTH.astype(np.uint8)).convert("P")
    image.putpalette([*off, *on])
    return file(image, **options)


def soft() -> np.ndarray:
    """Edges of many shades."""
    large = Image.fromarray(TRUTH.astype(np.uint8) * 255).resize((800, 600))
    return np.asarray(large.resize((80, 60), Image.Resampling.BICUBIC))


FORMS = {
    "0/255": file(TRUTH.astype(np.uint8) * 255),
    "0/1": file(TRUTH.astype(np.uint8)),
    "0/7": file(TRUTH.astype(np.uint8) * 7),
    "dark/light": file(np.where(TRUTH, 200, 30).astype(np.uint8)),
    "one bit": file(Image.fromarray(TRUTH)),
    "16 bit 0/1": file(TRUTH.astype(np.uint16)),
    "16 bit 0/65535": file(TRUTH.astype(np.uint16) * 65535),
    "int32 TIFF": file(TRUTH.astype(np.int32) * 255, "TIFF"),
    "float TIFF": file(TRUTH.astype(np.float32), "TIFF"),
    "float TIFF with nothing outside": file(np.where(TRUTH, 1, np.nan).astype(np.float32), "TIFF"),
    "palette black and white": palette((255, 255, 255), (0, 0, 0)),
    "palette in colour": palette((128, 0, 0), (0, 0, 0)),
    "palette of one colour": palette((0, 0, 0), (0, 0, 0)),
    "palette, one place see-through": palette((200, 30, 30), (0, 0, 0), transparency=0),
    "red on black": file(painted((255, 0, 0), (0, 0, 0))),
    "dark blue on white": file(painted((0, 0, 128), (255, 255, 255))),
    "yellow on white": file(painted((255, 255, 0), (255, 255, 255))),
    "green on black, JPEG": file(painted((0, 200, 0), (0, 0, 0)), "JPEG", quality=60),
    "white on black, JPEG": file(TRUTH.astype(np.uint8) * 255, "JPEG", quality=50),
    "white on black, WebP": file(painted((255,) * 3, (0,) * 3), "WEBP", quality=50),
    "soft edges": file(soft()),
    "grey on black, JPEG": file(TRUTH.astype(np.uint8) * 128, "JPEG", quality=75),
    "RGB white": file(painted((255,) * 3, (0,) * 3)),
    "RGBA, opaque": file(painted((255, 255, 255, 255), (0, 0, 0, 255))),
    "RGBA, black shape cut out": file(painted((0, 0, 0, 255), (0, 0, 0, 0))),
    "RGBA, white shape cut out": file(painted((255, 255, 255, 255), (0, 0, 0, 0))),
    "RGBA, half-transparent red": file(painted((255, 0, 0, 120), (255, 0, 0, 0))),
    "LA cut out": file(Image.fromarray(painted((90, 255), (90, 0)), "LA")),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_mask(form: str) -> None:
    found = read_mask(FORMS[form], PHOTO, "m.png")
    assert found.dtype == bool
    lossy = "JPEG" in form or "WebP" in form or "soft" in form
    assert (found != TRUTH).mean() <= (0.01 if lossy else 0)


def test_a_cut_out_photo_is_its_shape() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    pixels = np.dstack([noise, TRUTH.astype(np.uint8) * 255])
    assert (read_mask(file(pixels), PHOTO, "m.png") == TRUTH).all()


def test_white_on_black_within_a_transparent_frame() -> None:
    alpha = np.zeros((60, 80), np.uint8)
    alpha[5:50, 10:70] = 255
    grey = TRUTH.astype(np.uint8) * 255
    found = read_mask(file(np.dstack([grey, grey, grey, alpha])), PHOTO, "m.png")
    assert (found == TRUTH).all()


NOISE = np.random.default_rng(1).integers(0, 256, (60, 80, 3), np.uint8)
CLASSES = TRUTH.astype(np.uint8) + (np.arange(80) < 40) * TRUTH


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (file(np.zeros((60, 80), np.uint8)), "empty"),
        (file(np.zeros((60, 80), np.float32), "TIFF"), "empty"),
        (file(np.full((60, 80), 255, np.uint8)), "full"),
        (file(np.ones((60, 80), np.uint8)), "full"),
        (file(~TRUTH), "inverted"),
        (file(painted((0, 0, 0), (255, 255, 255))), "inverted"),
        (file(painted((128,) * 3, (255,) * 3)), "inverted"),
        (file(CLASSES.astype(np.uint8)), "several shades"),
        (file((CLASSES * 127).astype(np.uint8)), "several shades"),
        (file(NOISE), "what is the lesion cannot be told"),
        (file(painted((255, 0, 0), (0, 255, 0))), "what is the lesion cannot be told"),
        (b"", "damaged"),
        (b"no picture", "damaged"),
        (file(NOISE)[:300], "damaged"),
    ],
)
def test_what_is_no_mask_is_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(DatasetError, match=rf"lesion 7\.png.*{words}"):
        read_mask(content, PHOTO, "lesion 7.png")


def test_a_lesion_may_fill_everything_where_that_is_said() -> None:
    assert read_mask(file(np.ones((60, 80), np.uint8)), PHOTO, "m.png", whole=True).all()


def stored(orientation: int) -> tuple[bytes, bytes]:
    """A photo with that EXIF orientation, shown upright as 80×60 with `TRUTH` light, and a mask
    drawn on its pixels as they are stored."""
    back = {6: 8, 8: 6}.get(orientation, orientation)
    upright = TRUTH.astype(np.uint8)[..., None] * 255
    raw = Image.fromarray((TURNS[back](upright) if orientation > 1 else upright)[..., 0])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return file(raw.convert("RGB"), "JPEG", exif=exif, quality=95), file(raw)


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_a_mask_is_turned_with_its_photo_where_its_shape_says_so(orientation: int) -> None:
    photo, raw = stored(orientation)
    grid = Grid.of(photo, "p.jpg")
    assert grid == Grid(80, 60, orientation)
    assert (read_mask(raw, grid, "m.png") == TRUTH).all()
    assert (read_mask(FORMS["0/255"], grid, "m.png") == TRUTH).all(), "drawn upright"


@pytest.mark.parametrize("orientation", [2, 3, 4])
def test_a_mask_whose_shape_does_not_tell_is_refused(orientation: int) -> None:
    photo, raw = stored(orientation)
    with pytest.raises(DatasetError, match=r"m\.png.*upright"):
        read_mask(raw, Grid.of(photo, "p.jpg"), "m.png")


def test_a_square_photo_that_is_turned_does_not_tell_either() -> None:
    square = file(TRUTH[:, :60].astype(np.uint8))
    with pytest.raises(DatasetError, match=r"m\.png.*upright"):
        read_mask(square, Grid(60, 60, 6), "m.png")


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_mask_with_an_orientation_of_its_own_says_it_itself(orientation: int) -> None:
    photo, raw = stored(orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(io.BytesIO(raw)) as image:
        tagged = file(image, exif=exif)
    assert (read_mask(tagged, Grid.of(photo, "p.jpg"), "m.png") == TRUTH).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("block", [b"Exif\0\0II*\0", b"Exif\0\0nonsense"])
def test_a_broken_block_of_exif_counts_as_none(block: bytes, kind: str) -> None:
    broken = file(TRUTH.astype(np.uint8) * 255, kind, dpi=(72, 72), exif=block)
    assert Grid.of(broken, "p") == PHOTO
    assert read_mask(broken, PHOTO, "m").sum() == pytest.approx(TRUTH.sum(), rel=0.05)


@pytest.mark.parametrize("size", [(40, 30), (160, 120), (107, 80), (1000, 750)])
def test_another_size_of_the_same_aspect_fits(size: tuple[int, int]) -> None:
    mask = Image.fromarray(TRUTH.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    assert read_mask(file(mask), PHOTO, "m.png").shape == (size[1], size[0])


@pytest.mark.parametrize("size", [(60, 80), (80, 80), (80, 50), (256, 256)])
def test_another_shape_is_refused(size: tuple[int, int]) -> None:
    mask = Image.fromarray(TRUTH.astype(np.uint8)).resize(size, Image.Resampling.NEAREST)
    with pytest.raises(DatasetError, match=r"m\.png has .* pixels, its photo 80 × 60"):
        read_mask(file(mask), PHOTO, "m.png")


def names(*found: str) -> list[PhotoFile]:
    return [PhotoFile(Path("/data") / name, name) for name in found]


def test_masks_are_paired_by_name() -> None:
    photos = names(
        "a.jpg", "b.0.JPG", "C.png", "left/d.jpg", "right/d.jpg", "e.jpg", "IMD1.bmp", "g.jpg"
    )
    masks = names(
        "a.png",
        "b.0_segmentation.png",
        "c_MASK.tif",
        "left/d_mask.png",
        "right/d.png",
        "f.png",
        "IMD1_lesion.bmp",
        "g.jpg.png",
    )
    pairs = pair_masks(photos, [PhotoFile(Path("/masks") / m.name, m.name) for m in masks])
    assert {photo.name: mask.name for photo, mask in pairs.items()} == {
        "a.jpg": "a.png",
        "b.0.JPG": "b.0_segmentation.png",
        "C.png": "c_MASK.tif",
        "left/d.jpg": "left/d_mask.png",
        "right/d.jpg": "right/d.png",
        "IMD1.bmp": "IMD1_lesion.bmp",
        "g.jpg": "g.jpg.png",
    }


def test_photos_and_masks_in_one_folder() -> None:
    both = names("a.jpg", "a_mask.png", "b.jpg", "b_Segmentation.png", "c.jpg")
    found = {photo.name: mask.name for photo, mask in pair_masks(both, both).items()}
    assert found == {"a.jpg": "a_mask.png", "b.jpg": "b_Segmentation.png"}
