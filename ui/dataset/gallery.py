"""The images that pass the filters and are picked, a page at a time."""

import pandas as pd
import streamlit as st

from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.imaging.image import ImageError
from core.taxonomy import BY_KEY
from ui.dataset import playlist, selection, words
from ui.dataset_cases import case_link, small
from ui.parts.controls import select
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
    order = select(
        "Order",
        {o: name for o, name in ORDERS.items() if o == "image_id" or o in table},
        "dataset_order",
        row,
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
    case_link(image_id, f"open_gallery_{image_id}")
    playlist.button(image_id)
    st.caption(facts_of(facts))


def facts_of(row: pd.Series) -> str:
    """A row of the table of facts in a few words of Markdown."""
    lines = [f"**{BY_KEY[row['dx']].name}**"]
    if "age" in row:
        age = "age unknown" if pd.isna(row["age"]) else f"{row['age']:.0f} years"
        place = words.name("localization", row["localization"])
        lines.append(f"{words.name('sex', row['sex'])}, {age}, {place}")
    if isinstance(row.get("answer"), str):
        lines.append(
            ":material/check: the model agrees"
            if row["answer"] == row["dx"]
            else f":material/close: the model says {BY_KEY[row['answer']].name}"
        )
    lines.append(f":material/stacks: {words.name('split', row['split'])} split")
    return "  \n".join(lines)
