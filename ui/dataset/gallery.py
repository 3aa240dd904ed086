"""The images that pass the filters and are picked, a page at a time."""

import pandas as pd
import streamlit as st

from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.imaging.image import ImageError
from core.taxonomy import BY_KEY
from ui.dataset import playlist, selection
from ui.dataset.opening import facts_of, open_button
from ui.dataset_cases import small
from ui.text import as_text

PER_PAGE = 24
ORDERS = {"image_id": "Image id", "p_true": "Hardest for the model first"}


@st.fragment
def show(table: pd.DataFrame, data: Dataset) -> None:
    """Thumbnails of the rows of a table of facts; turning a page reruns only this."""
    if table.empty:
        st.info("Nothing selected matches the filters. Clear the selection or reset them.")
        return
    row = st.container(horizontal=True, vertical_alignment="center")
    outline = row.toggle("Outline", key="dataset_outline", persist_state="session")
    order = row.selectbox(
        "Order",
        [o for o in ORDERS if o == "image_id" or o in table],
        format_func=ORDERS.__getitem__,
        key="dataset_order",
        persist_state="session",
        label_visibility="collapsed",
        width=260,
    )
    if order == "p_true":
        table = table.sort_values("p_true", kind="stable")
    pages = -(-len(table) // PER_PAGE)
    grid = st.container()
    page = st.pagination(pages, key=selection.page_key(), persist_state="session")
    here = table.iloc[(page - 1) * PER_PAGE : page * PER_PAGE]
    with row:
        playlist.show([str(image_id) for image_id in here.index], data)
    with grid.grid(6, min_column_width=130):
        for image_id, facts in here.iterrows():
            with st.container(gap="xsmall"):
                _cell(str(image_id), facts, data, outline)


def _cell(image_id: str, facts: pd.Series, data: Dataset, outline: bool) -> None:
    try:
        picture = small(data, image_id, outline)
    except (DatasetError, ImageError):
        st.warning(f"{as_text(image_id)} is damaged. Import the dataset again to repair it.")
        return
    st.image(picture, width="stretch", alt=f"{image_id}, {BY_KEY[facts['dx']].name}")
    open_button(image_id, "gallery")
    playlist.button(image_id)
    st.caption(facts_of(facts))
