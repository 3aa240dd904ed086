"""What every page carries."""

from __future__ import annotations

import re

import streamlit as st

from core.export import DISCLAIMER
from ui.state import cards


def header() -> None:
    """The disclaimer above every page."""
    st.markdown(f":orange-badge[:material/school: Teaching, not diagnosis] :small[{DISCLAIMER}]")


def footer() -> None:
    """The models in use, below every page."""
    st.divider()
    models = [f"{card['name']} `{card['sha256'][:8]}`" for card in cards().values()]
    st.caption(" · ".join(["LesionLab", DISCLAIMER, *models]))


def as_text(words: str) -> str:
    """Words of a stranger (a file name), so that Markdown shows them as they are."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|<>~$:])", r"\\\1", words)


def percent(share: float, digits: int = 0) -> str:
    """A share 0…1 as a percentage: `12 %`."""
    return f"{share * 100:.{digits}f} %"


def chance(probability: float, digits: int = 0) -> str:
    """A probability as a percentage that never claims certainty: `<1 %`, `12 %`, `>99 %`."""
    smallest = 10.0**-digits
    value = probability * 100
    if value < smallest:
        return f"<{smallest:g} %"
    if value > 100 - smallest:
        return f">{100 - smallest:g} %"
    return f"{value:.{digits}f} %"
