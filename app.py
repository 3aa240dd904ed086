"""LesionLab: the router. Run with `streamlit run app.py`."""

import streamlit as st

from core.export import DISCLAIMER
from core.settings import Settings, SettingsError
from ui.frame import footer, header

# The pages lie one folder down: Streamlit lists the files right below pages/ by itself and would,
# on the first visit after a start, run one of them without this router.
st.set_page_config(
    page_title="LesionLab",
    page_icon="🔬",
    layout="wide",
    menu_items={"About": f"**LesionLab** {DISCLAIMER}"},
)
page = st.navigation(
    [
        st.Page(
            "pages/screens/analyse.py", title="Analyse", icon=":material/biotech:", default=True
        ),
        st.Page("pages/screens/compare.py", title="Compare", icon=":material/compare:"),
        st.Page("pages/screens/batch.py", title="Many photos", icon=":material/photo_library:"),
        st.Page("pages/screens/dataset.py", title="Dataset", icon=":material/dataset:"),
        st.Page("pages/screens/performance.py", title="Performance", icon=":material/monitoring:"),
        st.Page("pages/screens/training.py", title="Training", icon=":material/model_training:"),
        st.Page("pages/screens/about.py", title="About", icon=":material/info:"),
    ],
    position="top",
)
try:
    Settings.from_environment()
except SettingsError as error:
    st.error(str(error), title="A setting cannot be used")
    st.stop()
header()
page.run()
footer()
