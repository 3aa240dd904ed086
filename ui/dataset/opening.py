"""One image in words, and the way from it to the Analyse page."""

import pandas as pd
import streamlit as st

from core.taxonomy import BY_KEY
from ui.dataset import words
from ui.dataset_cases import open_in_analyse


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


def open_button(image_id: str, place: str) -> None:
    """A button that opens the image on the Analyse page, whatever its filters say."""
    if st.button(
        image_id,
        icon=":material/biotech:",
        key=f"open_{place}_{image_id}",
        help="Open in Analyse",
        type="tertiary",
    ):
        open_in_analyse(image_id)
