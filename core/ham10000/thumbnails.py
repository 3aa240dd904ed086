"""Small pictures of the dataset's photos, for galleries."""

from core.ham10000.dataset import Dataset
from core.imaging.image import LesionImage, to_jpeg
from core.imaging.overlay import canvas_for, draw

THUMBNAIL_PX = 240
"""Longest side: sharp in a gallery of six to a row; of a smaller photo, its own size."""


def thumbnail(dataset: Dataset, image_id: str, outline: bool = False) -> bytes:
    """A JPEG file of a photo, its longest side at most `THUMBNAIL_PX`.

    Args:
        outline: draw the border of the dataset's mask, if there is one.

    Raises:
        DatasetError: the photo or the mask is unknown, missing or damaged.
        ImageError: the photo is damaged.
    """
    rgb = LesionImage.from_bytes(dataset.photo(image_id), image_id, THUMBNAIL_PX).rgb
    canvas = canvas_for(rgb, 0, THUMBNAIL_PX)
    if outline and dataset.table.at[image_id, "has_mask"]:
        canvas = draw(canvas, mask=dataset.mask(image_id))
    return to_jpeg(canvas)
