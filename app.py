"""LesionLab: the router. Run with `streamlit run app.py`."""

import streamlit as st

from core.export import DISCLAIMER
from ui.frame import footer, header

st.set_page_config(
    page_title="LesionLab",
    page_icon="🔬",
    layout="wide",
    menu_items={"About": f"**LesionLab** {DISCLAIMER}"},
)
page = st.navigation(
    [
        st.Page("pages/analyse.py", title="Analyse", icon=":material/biotech:", default=True),
        st.Page("pages/about.py", title="About", icon=":material/info:"),
    ],
    position="top",
)
header()
page.run()
footer()
