"""Photos of the dataset, wherever a page shows a small one or leads to its analysis."""

import streamlit as st

from core.ham10000.dataset import Dataset
from core.ham10000.thumbnails import thumbnail
from ui.analyse import address
from ui.files import written_at


@st.cache_data(max_entries=500, show_spinner=False, hash_funcs={Dataset: lambda d: str(d.root)})
def _small(data: Dataset, image_id: str, outline: bool, stamps: tuple[int, ...]) -> bytes:
    return thumbnail(data, image_id, outline)


def small(data: Dataset, image_id: str, outline: bool = False) -> bytes:
    """A thumbnail (some 10 kB); the last 500 are remembered. Raises DatasetError, ImageError."""
    parts = (data.root / "images" / f"{image_id}.jpg", data.root / "masks" / f"{image_id}.png")
    return _small(data, image_id, outline, written_at(*parts))


def open_in_analyse(image_id: str) -> None:
    """Leave for the Analyse page, with that case open."""
    address.choose(image_id)
    address.open_analyse()
