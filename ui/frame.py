"""What every page carries."""

from __future__ import annotations

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


def percent(share: float, digits: int = 0) -> str:
    """A share as a percentage that never claims certainty: `<1 %`, `12 %`, `>99 %`."""
    smallest = 10.0**-digits
    value = share * 100
    if 0 < value < smallest:
        return f"<{smallest:g} %"
    if 100 - smallest < value < 100:
        return f">{100 - smallest:g} %"
    return f"{value:.{digits}f} %"
