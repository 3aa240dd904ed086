"""Small pictures of the dataset's photos."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.ham10000.thumbnails import THUMBNAIL_PX, thumbnail
from core.imaging.image import ImageError
from core.imaging.overlay import OUTLINE
from tests.effort import cost


def pixels(jpeg: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(jpeg)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("RGB")).astype(int)


def has_outline(rgb: np.ndarray) -> bool:
    return bool((np.abs(rgb - OUTLINE).sum(axis=2) < 90).any())


def test_small_photo_keeps_its_size_and_large_one_shrinks(ham: Path) -> None:
    Image.new("RGB", (1200, 900), (180, 120, 120)).save(ham / "images/ISIC_0000002.jpg")
    dataset = Dataset.open(ham.parent)
    assert pixels(thumbnail(dataset, "ISIC_0000001")).shape == (48, 64, 3)
    assert pixels(thumbnail(dataset, "ISIC_0000002")).shape == (180, THUMBNAIL_PX, 3)


def test_outline_only_on_request_and_where_there_is_a_mask(ham: Path) -> None:
    (ham / "masks/ISIC_0000002.png").unlink()
    dataset = Dataset.open(ham.parent)
    assert has_outline(pixels(thumbnail(dataset, "ISIC_0000001", outline=True)))
    assert not has_outline(pixels(thumbnail(dataset, "ISIC_0000001")))
    assert not has_outline(pixels(thumbnail(dataset, "ISIC_0000002", outline=True)))


def test_damage_is_told(ham: Path) -> None:
    dataset = Dataset.open(ham.parent)
    (ham / "images/ISIC_0000001.jpg").write_bytes(b"no photo")
    (ham / "images/ISIC_0000002.jpg").unlink()
    (ham / "masks/ISIC_0000003.png").write_bytes(b"no mask")
    with pytest.raises(ImageError):
        thumbnail(dataset, "ISIC_0000001")
    with pytest.raises(DatasetError, match="has no file in images"):
        thumbnail(dataset, "ISIC_0000002")
    with pytest.raises(DatasetError, match="delete it and import it again"):
        thumbnail(dataset, "ISIC_0000003", outline=True)
    with pytest.raises(DatasetError, match="There is no image"):
        thumbnail(dataset, "ISIC_9999999")


def test_page_of_24_is_quick(drawn: Dataset) -> None:
    """With outlines, from the disk."""
    starts = iter(range(0, 24 * 5, 24))

    def page() -> None:
        start = next(starts)
        for image_id in drawn.table.index[start : start + 24]:
            thumbnail(drawn, str(image_id), outline=True)

    assert cost(page, 5) < 30
