"""From the name of a diagnosis to what is said of it."""

import streamlit as st

from core.taxonomy import BY_KEY

PAGE = "pages/screens/diagnoses.py"


def diagnosis(key: str, place: str) -> None:
    """The name, which leads to the page of the diagnoses.

    Args:
        place: of the link on the page, so that several may lead to the same one.
    """
    with st.container(key=f"{place}_{key}"):
        st.page_link(
            PAGE,
            label=BY_KEY[key].name,
            icon=":material/menu_book:",
            query_params={"diagnosis": key},
        )
