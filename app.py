"""LesionLab: the router. Run with `streamlit run app.py`."""

import logging
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

from core.report.downloads import DISCLAIMER
from core.settings import Settings, SettingsError
from core.system.allocator import give_back_freed_memory
from ui import login
from ui.browser import BrowserCookie
from ui.choices import arrive
from ui.frame import footer, header
from ui.serving.compression import CompressedScripts
from ui.serving.garbage import collect_later
from ui.serving.preloading import load_models
from ui.serving.theme import keep_theme
from ui.serving.uploads import BrokenUploads, keep_in_memory
from ui.text import as_text

give_back_freed_memory()  # before there are many threads
keep_in_memory()
keep_theme()

SCREENS = Path(__file__).resolve().parent / "pages" / "screens"
UNLISTED = {"My progress", "Class"}
"""Pages that other pages lead to."""
PAGES = {
    "Analyse": ("analyse", ":material/biotech:"),
    "Compare": ("compare", ":material/compare:"),
    "Many photos": ("batch", ":material/photo_library:"),
    "Quiz": ("quiz", ":material/quiz:"),
    "My progress": ("progress", ":material/trending_up:"),
    "Class": ("classroom", ":material/co_present:"),
    "Diagnoses": ("diagnoses", ":material/menu_book:"),
    "Dataset": ("dataset", ":material/dataset:"),
    "Performance": ("performance", ":material/monitoring:"),
    "Training": ("training", ":material/model_training:"),
    "About": ("about", ":material/info:"),
}


def navigate() -> st.Page:
    """The page that the visitor's address names; the navigation shows all."""
    return st.navigation(
        [
            st.Page(
                SCREENS / f"{name}.py",
                title=title,
                icon=icon,
                default=name == "analyse",
                visibility="hidden" if title in UNLISTED else "visible",
            )
            for title, (name, icon) in PAGES.items()
        ],
        position="top",
    )


def show() -> None:
    """One run of one visitor's page."""
    collect_later()
    # Before the navigation: without an icon of its own the browser asks an outside server for the
    # page's, which is a name of a font.
    st.set_page_config(
        page_icon="🔬", layout="wide", menu_items={"About": f"**LesionLab** {DISCLAIMER}"}
    )
    page = navigate()
    st.set_page_config(page_title=f"{page.title} · LesionLab")
    try:
        Settings.from_environment()
    except SettingsError as error:
        st.error(as_text(str(error)), title="A setting cannot be used")
        st.stop()
    if not login.is_let_in():
        st.stop()
    header()
    arrive(page.url_path)
    page.run()
    footer()
    login.logout_button()


if __name__ == "__main__":
    show()
else:
    # `streamlit run` imports this file once, before anybody visits, and serves the app it finds.
    # Until st.navigation was called, Streamlit takes the folder pages/ for the list of pages: the
    # first visitor after a start would read "Page not found" above the page.
    logging.disable(logging.WARNING)  # of a script without a visitor
    navigate()
    logging.disable(logging.NOTSET)
    load_models()
    layers = [Middleware(part) for part in (BrokenUploads, BrowserCookie, CompressedScripts)]
    app = st.App(__file__, middleware=layers)
