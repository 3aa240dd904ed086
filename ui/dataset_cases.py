"""Photos of the dataset, wherever a page shows a small one, leads to its analysis, or says whether
the models have seen it."""

import pandas as pd
import streamlit as st

from core.ham10000.dataset import Dataset
from core.ham10000.thumbnails import thumbnail
from ui import state
from ui.analyse import address
from ui.files import written_at


@st.cache_data(max_entries=500, show_spinner=False, hash_funcs={Dataset: lambda d: str(d.root)})
def _small(data: Dataset, image_id: str, outline: bool, stamps: tuple[int, ...]) -> bytes:
    return thumbnail(data, image_id, outline)


def small(data: Dataset, image_id: str, outline: bool = False) -> bytes:
    """A thumbnail (some 10 kB); the last 500 are remembered. Raises DatasetError, ImageError."""
    parts = (data.root / "images" / f"{image_id}.jpg", data.root / "masks" / f"{image_id}.png")
    return _small(data, image_id, outline, written_at(*parts))


def case_link(image_id: str, key: str, label: str = "") -> None:
    """A link to the case on the Analyse page, one step of the browser's history.

    Args:
        key: of the container around it.
        label: what it says, its id if nothing else.
    """
    with st.container(key=key, width="content"):
        st.page_link(
            "pages/screens/analyse.py",
            label=label or image_id,
            icon=":material/biotech:",
            query_params=address.of_case(image_id),
        )


def own_split() -> bool:
    """Whether the dataset is split as it was for the models in use; True without a dataset."""
    data = state.dataset()
    return isinstance(data, str) or {c.split_id for c in state.cards().values()} == {data.split.id}


def unfair(record: pd.Series | None) -> str:
    """Why a right answer of the models to a case says little; empty if they have not seen it.

    Args:
        record: its row of the dataset, None of a photo from elsewhere.
    """
    if record is None:
        return ""
    if not own_split():
        return "the dataset's split is not the models' own: they may know this lesion"
    if record["split"] == "test":
        return ""
    return f"seen during {'training' if record['split'] == 'train' else 'tuning'}: not a fair test"
