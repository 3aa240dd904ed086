"""A part's script and style sheet, read once."""

import base64
from pathlib import Path
from typing import Any

import streamlit as st

_FOLDER = Path(__file__).resolve().parent


def part(name: str, html: str, *also: str) -> Any:
    """The component of that name, to be called once a run where it shall stand. Its style sheet,
    if it has one, comes behind that of all parts (`part.css`).

    Args:
        also: scripts with functions that its own one uses.
    """
    script = "".join((_FOLDER / f"{script}.js").read_text("utf-8") for script in (*also, name))
    sheets = (_FOLDER / "part.css", _FOLDER / f"{name}.css")
    looks = "".join(sheet.read_text("utf-8") for sheet in sheets if sheet.is_file())
    return st.components.v2.component(f"lesionlab_{name}", html=html, js=script, css=looks)


def data_url(data: bytes, kind: str) -> str:
    """A picture as an address of its own, such as `data:image/jpeg;base64,…`."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
