"""The readers on input that nobody thought of: right, or an error with a sentence."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from core.errors import DatasetError
from core.imaging.formats import ending_of, format_of, without_ending
from core.imaging.image import ImageError, LesionImage
from core.imaging.label_files import read_labels
from core.imaging.mask_files import Grid, read_mask
from core.imaging.photo_files import PhotoFile, PhotoIndex

pillow_heif.register_heif_opener()
RUNS = settings(max_examples=40, deadline=None, derandomize=True)
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@RUNS
@given(st.binary(max_size=300))
def test_any_bytes_as_a_table(content: bytes) -> None:
    for start in (b"", b"image_id,dx\n", b"image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC\n", b"\xff\xfe"):
        with contextlib.suppress(DatasetError):
            read_labels(start + content, "any.csv")


@RUNS
@given(st.lists(st.tuples(CELLS, st.sampled_from(["nv", "Melanoma", "wart", ""])), max_size=8))
def test_no_row_of_a_table_is_lost(rows: list[tuple[str, str]]) -> None:
    import csv

    buffer = io.StringIO()
    csv.writer(buffer).writerows([("image_id", "dx"), *rows])
    with contextlib.suppress(DatasetError):
        found = read_labels(buffer.getvalue().encode(), "any.csv")
        given_rows = [row for row in rows if any(cell.strip() for cell in row)]
        assert len(found.table) + sum(found.left_out.values()) == len(given_rows)


SHAPES = arrays.arrays(bool, st.tuples(st.integers(3, 24), st.integers(3, 24)))


@RUNS
@given(SHAPES, st.sampled_from([1, 255]), st.sampled_from(["L", "RGB", "16", "float", "alpha"]))
def test_any_shape_in_any_form(shape: np.ndarray, high: int, form: str) -> None:
    values = shape.astype(np.uint8) * high
    pixels = {
        "L": values,
        "RGB": np.dstack([values] * 3),
        "16": values.astype(np.uint16) * 257,
        "float": shape.astype(np.float32),
        "alpha": np.dstack([np.full_like(values, 90)] * 3 + [shape.astype(np.uint8) * 255]),
    }[form]
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "TIFF" if form == "float" else "PNG")
    height, width = shape.shape
    border = np.concatenate([shape[0], shape[-1], shape[:, 0], shape[:, -1]])
    if not shape.any() or border.all():
        with pytest.raises(DatasetError, match=r"m\.png"):
            read_mask(buffer.getvalue(), Grid(width, height), "m.png")
    else:
        found = read_mask(buffer.getvalue(), Grid(width, height), "m.png")
        assert (found == shape).all()


@RUNS
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.just(4))))
def test_any_pixels_as_a_mask(pixels: np.ndarray) -> None:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    with contextlib.suppress(DatasetError):
        found = read_mask(buffer.getvalue(), None, "m.png")
        assert found.any()


NAMES = st.lists(
    st.from_regex(r"([a-c]/)?[ab](\.[01])?\.(jpg|png|JPG)", fullmatch=True), unique=True, max_size=8
)


@RUNS
@given(NAMES)
def test_every_photo_is_found_by_its_own_name(names: list[str]) -> None:
    index = PhotoIndex(PhotoFile(Path("/photos") / name, name) for name in names)
    for name in names:
        found = index.find(name)
        assert found is not None
        assert found.name == name


@RUNS
@given(st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_and_any_name_as_a_photo(content: bytes, name: str) -> None:
    format_of(content, name)
    assert without_ending(name) + name[len(name) - len(ending_of(name)) :] == name
    with contextlib.suppress(ImageError):
        LesionImage.from_bytes(content, name)


def _encoded(file_format: str) -> bytes:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, file_format)
    return buffer.getvalue()


@pytest.mark.parametrize("file_format", ["HEIF", "AVIF", "JPEG2000", "TIFF"])
def test_a_damaged_file_is_pixels_or_a_sentence(file_format: str) -> None:
    whole = _encoded(file_format)

    @settings(RUNS, max_examples=25)
    @given(st.integers(0, min(len(whole), 900) - 1), st.integers(0, 255))
    def damaged(place: int, byte: int) -> None:
        data = bytearray(whole)
        data[place] = byte
        with contextlib.suppress(ImageError):
            assert LesionImage.from_bytes(bytes(data)).rgb.dtype == np.uint8

    damaged()
