"""What the wall and the participants of a class share."""

import threading

import streamlit as st
from cachetools import TTLCache

from core.errors import DatasetError
from core.imaging.image import ImageError
from core.learning.classes import Classes, ClassView
from core.learning.lessons import LESSONS
from core.settings import Settings
from core.taxonomy import BY_KEY
from ui.learning import material

POLL_SECONDS = 1.0
"""How often a page asks whether the class has gone on."""
_views: TTLCache[tuple[str, str], ClassView] = TTLCache(64, ttl=0.4)
_viewing = threading.Lock()


def view(code: str) -> ClassView:
    """What is to be seen of a class; all participants share one look at the answers in 0.4 s.
    Raises LearningError."""
    with _viewing:
        key = (str(Settings.from_environment().learning), code)
        found = _views.get(key)
        if found is None:
            found = _views[key] = Classes.open().view(code)
        return found


def changed() -> None:
    """Look again."""
    with _viewing:
        _views.clear()


def photo(image: str) -> None:
    """The photo of a case."""
    try:
        shown = material.jpeg(material.case_of(image, "case"))
    except (DatasetError, ImageError, ValueError):
        st.error("The photo of this case is not there. The teacher may go on to the next case.")
        return
    with st.container(key="class_photo"):
        st.image(shown, width="stretch", alt="Dermatoscopic photo of the lesion to name")


def truth(key: str, right: bool | None = None) -> None:
    """What a case was, and how such lesions usually look; in the shade of an answer that was
    `right` or not."""
    box, icon = {
        None: (st.info, ":material/visibility:"),
        True: (st.success, ":material/check_circle:"),
        False: (st.warning, ":material/cancel:"),
    }[right]
    usually = f"Look for what is typical, though not every one shows it:\n{LESSONS[key].points}"
    box(usually, title=BY_KEY[key].with_group, icon=icon)
