"""Lesion masks from picture files, as the programs of this field save them: the one reader.

Which pixels are the lesion follows from the file alone, and what could be read in two ways is
refused: nothing is guessed. Read are white on black (also as 0 and 1, in 16 bit, as floats, in a
palette, or softened by JPEG), one colour on black or white, and a shape cut out by transparency.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from PIL import Image, ImageOps

from core.errors import DatasetError
from core.imaging.image import MAX_PIXELS, opened
from core.imaging.photo_files import PhotoFile, PhotoIndex
from core.imaging.pixels import TURNS, orientation_of

ENDINGS = ("_segmentation", "-segmentation", "_mask", "-mask", "_seg", "_lesion", "")
"""What follows a photo's name in the name of its mask, before the ending; any case."""

ASPECT_TOLERANCE = 0.01
"""How far the ratio of a mask's sides may be from the photo's, beyond what rounding makes."""

_SIDEWAYS = range(5, 9)
_LABELS = 20
"""Up to this value whole numbers are classes rather than shades."""
_MIDDLE = (0.25, 0.75)
_SHARE = 0.2
"""A shade between black and white that covers so much of the shape is no soft edge."""
_COLOURED = 32
"""Levels, of 255, between the channels of what counts as a colour: JPEG tints grey by a few."""

WHITE_ON_BLACK = "Save it with white on the lesion and black elsewhere"


@dataclass(frozen=True)
class Grid:
    """The pixels of a photo: its upright width and height, and the EXIF orientation (1…8) with
    which they are stored."""

    width: int
    height: int
    orientation: int = 1

    @classmethod
    def of(cls, photo: bytes, name: str) -> Self:
        """Read it off a photo's header. Raises DatasetError if that cannot be read."""
        try:
            with opened(photo, name) as image:
                width, height = image.size
                orientation = orientation_of(image)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DatasetError(f"{name} cannot be read. Repair it or take it out.") from error
        if orientation in _SIDEWAYS:
            width, height = height, width
        return cls(width, height, orientation)


def read_mask(mask: bytes, photo: Grid | None, name: str, whole: bool = False) -> np.ndarray:
    """Read the mask of a photo.

    Args:
        mask: the file.
        photo: the grid of the photo that it belongs to; None if only its values are asked for.
        name: of the mask's file, for what is said of it.
        whole: a lesion may fill all of it.

    Returns:
        bool H×W, true on the lesion, upright as the photo, at the mask's own size: of the photo's
        aspect, though not always of as many pixels.

    Raises:
        DatasetError: the file is damaged or no picture; it marks nothing, or everything; it has
            more than two kinds of pixels, or looks inverted; its shape is not the photo's; or the
            photo is turned by EXIF and the shape does not tell whether the mask is, too.
    """
    pixels, alpha, turned = _pixels(mask, name)
    found = _shape(pixels, alpha, name)
    if not found.any():
        raise DatasetError(
            f"The mask {name} is empty: no lesion is marked. Draw it, or take the mask out."
        )
    if found.all():
        if not whole:
            raise DatasetError(
                f"The mask {name} is full: everything is marked. {WHITE_ON_BLACK}, or take the "
                "mask out."
            )
    elif found[0].all() and found[-1].all() and found[:, 0].all() and found[:, -1].all():
        raise DatasetError(
            f"The mask {name} marks all but a part in the middle: it looks inverted. "
            f"{WHITE_ON_BLACK}."
        )
    return found if photo is None else _on_grid(found, photo, turned, name)


def pair_masks(
    photos: Sequence[PhotoFile], masks: Sequence[PhotoFile]
) -> dict[PhotoFile, PhotoFile]:
    """The mask of each photo that has one: `NAME.png`, `NAME_segmentation.png`, `NAME_mask.png`,
    `NAME.jpg.png` and the like, in any case and of any picture format.

    Photos and masks may be in one folder; then a file that is a mask by its name is no photo, and
    the other way round.

    Raises:
        DatasetError: a photo has two masks, or two photos share one.
    """
    both = {photo.path for photo in photos} & {mask.path for mask in masks}
    index = PhotoIndex(m for m in masks if m.path not in both or _named_as_mask(m))
    pairs: dict[PhotoFile, PhotoFile] = {}
    taken: dict[PhotoFile, PhotoFile] = {}
    for photo in photos:
        if photo.path in both and _named_as_mask(photo):
            continue
        called = [name + ending for name in (photo.id, photo.name) for ending in ENDINGS]
        found = (index.find(name) for name in called)
        fitting = sorted({mask for mask in found if mask}, key=lambda mask: mask.name)
        if not fitting:
            continue
        mask = fitting[0]
        if len(fitting) > 1:
            raise DatasetError(
                f"{photo.name} has two masks, {mask.name} and {fitting[1].name}. Keep one."
            )
        if other := taken.get(mask):
            raise DatasetError(
                f"{other.name} and {photo.name} share the mask {mask.name}. Give each its own, in "
                "folders like those of the photos."
            )
        pairs[photo], taken[mask] = mask, photo
    return pairs


def _named_as_mask(file: PhotoFile) -> bool:
    return file.id.lower().endswith(ENDINGS[:-1])


def _pixels(mask: bytes, name: str) -> tuple[np.ndarray, np.ndarray | None, bool]:
    """Values H×W (of any number type) or uint8 H×W×3; alpha uint8 H×W if it varies; and whether
    the file's own orientation was heeded."""
    try:
        with opened(mask, name) as file:
            image = file
            if image.width * image.height > MAX_PIXELS:
                raise DatasetError(
                    f"The mask {name} has more than {MAX_PIXELS // 10**6} million pixels. "
                    "Save it smaller."
                )
            turned = orientation_of(image) != 1
            image.load()
            if turned and file.format != "TIFF":  # a TIFF is turned while it is loaded
                image = ImageOps.exif_transpose(image)
            return *_values(image), turned
    except DatasetError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise DatasetError(
            f"The mask {name} is damaged or no picture. Repair it or take it out."
        ) from error


def _values(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    alpha = None
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        alpha = np.asarray(coloured.getchannel("A"))
        alpha = None if alpha.min() == alpha.max() else alpha
        if image.mode != "P" or alpha is not None:
            return _grey_if_it_is(np.asarray(coloured.convert("RGB"))), alpha
    if image.mode == "P":
        places = np.asarray(image)
        palette = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        palette = np.pad(palette, ((0, 256 - len(palette)), (0, 0)))
        used = palette[np.bincount(places.ravel(), minlength=256) > 0]
        if len(used) > 1 and (used == used[0]).all():
            return places, None  # a palette of one colour: the places themselves differ
        if (used == used[:, :1]).all():
            return palette[:, 0][places], alpha
        return _grey_if_it_is(palette[places]), alpha
    if image.mode in ("L", "1") or image.mode[0] in "IF":
        values = np.asarray(image)
        return np.nan_to_num(values) if values.dtype.kind == "f" else values, alpha
    return _grey_if_it_is(np.asarray(image.convert("RGB"))), alpha


def _grey_if_it_is(rgb: np.ndarray) -> np.ndarray:
    return rgb if _spread(rgb).max() > _COLOURED else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)


def _spread(rgb: np.ndarray) -> np.ndarray:
    """From each pixel's lowest channel to its highest."""
    red, green, blue = np.moveaxis(rgb, 2, 0)
    high = np.maximum(np.maximum(red, green), blue)
    return high - np.minimum(np.minimum(red, green), blue)


def _shape(pixels: np.ndarray, alpha: np.ndarray | None, name: str) -> np.ndarray:
    if alpha is not None:
        opaque = alpha > (int(alpha.min()) + int(alpha.max())) / 2
        if not _black_and_white(pixels[opaque]):
            return opaque
        pixels = np.where(opaque, pixels, 0)
    return _coloured(pixels, name) if pixels.ndim == 3 else _grey(pixels, name)


def _black_and_white(values: np.ndarray) -> bool:
    """Whether these pixels show a mask of their own: nothing but both extremes."""
    if values.ndim != 1:
        return False
    dark, light = values < 64, values > 191
    return bool(dark.any() and light.any() and (dark | light).mean() > 0.9)


def _grey(values: np.ndarray, name: str) -> np.ndarray:
    """What is nearer to the brightest value than to the darkest."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        return values > 0
    found = values > (low + high) / 2
    if ((values == low) | (values == high)).all():
        return found
    levels, counts = np.unique(values, return_counts=True)
    place = (levels - low) / (high - low)
    inside = (place > _MIDDLE[0]) & (place < _MIDDLE[1])
    classes = len(levels) > 2 and high <= _LABELS and bool((levels == levels.round()).all())
    if classes or (counts[inside] > _SHARE * counts[1:].sum()).any():
        raise DatasetError(
            f"The mask {name} has several shades of grey, so what is the lesion cannot be told. "
            f"{WHITE_ON_BLACK}."
        )
    return found


def _coloured(rgb: np.ndarray, name: str) -> np.ndarray:
    """One colour on black or on white."""
    spread = _spread(rgb)
    strong = spread > spread.max() / 2
    hue = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)[..., 0][strong].astype(np.float64) * (np.pi / 90)
    together = abs(np.exp(1j * hue).mean())  # 1: all of one hue
    plain = rgb[~strong].max(axis=1)
    black, white = (float(found.sum()) / max(1, len(plain)) for found in (plain < 64, plain > 191))
    if together < 0.98 or max(black, white) < 0.9:
        raise DatasetError(
            f"The mask {name} is neither white on black nor one colour on black or white, so what "
            f"is the lesion cannot be told. {WHITE_ON_BLACK}."
        )
    if white > black:
        return strong
    light = rgb.max(axis=2)
    return light > light.max() / 2


def _on_grid(mask: np.ndarray, photo: Grid, turned: bool, name: str) -> np.ndarray:
    """The mask upright as the photo is shown."""
    height, width = mask.shape
    upright, as_stored = _same_aspect(width, height, photo.width, photo.height), False
    if photo.orientation in _SIDEWAYS and not turned:
        as_stored = _same_aspect(width, height, photo.height, photo.width)
    elif photo.orientation != 1 and not turned:
        as_stored = upright
    if as_stored and upright:
        raise DatasetError(
            f"The photo of the mask {name} is turned or mirrored by its EXIF tag, and the "
            "mask's shape does not tell whether it was drawn on the turned photo. Save the "
            "photo turned upright, without the tag, and a mask that fits it."
        )
    if upright:
        return mask
    if as_stored:
        return np.ascontiguousarray(TURNS[photo.orientation](mask[..., None])[..., 0])
    raise DatasetError(
        f"The mask {name} has {width} × {height} pixels, its photo {photo.width} × {photo.height}: "
        "the shapes differ. Draw the mask on the whole photo, or take it out."
    )


def _same_aspect(width: int, height: int, wanted_width: int, wanted_height: int) -> bool:
    rounding = 0.5 / min(width, height) + 0.5 / min(wanted_width, wanted_height)
    ratio = (width * wanted_height) / (height * wanted_width)
    return abs(ratio - 1) <= ASPECT_TOLERANCE + rounding
