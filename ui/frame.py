"""What every page carries."""

from pathlib import Path

import streamlit as st

from core.models.cards import Card
from core.models.registry import models_in_use, use_shipped
from core.report.downloads import DISCLAIMER
from ui import access, lock
from ui.parts import scroll
from ui.parts.controls import confirm
from ui.parts.theme import follow_theme
from ui.state import cards
from ui.text import as_text

_LOOKS = Path(__file__).with_suffix(".css")


def header() -> None:
    """The disclaimer above every page, what could not be done just now and, where a run's model is
    in use, the way back."""
    st.html(_LOOKS)
    models = models_in_use()
    own = "".join(
        f" :violet-badge[:material/model_training: Own {m.kind}]" for m in models if m.own
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":orange-badge[:material/school: Teaching, not diagnosis. Not a medical device.]{own}",
            width="content",
        )
        lock.show()
    access.show_problem()
    closed = not access.check().allowed
    for model in models:
        if model.problem:
            st.warning(
                f"{as_text(model.problem)} The shipped one answers instead.",
                title=f"The {model.kind} you chose cannot be used",
            )
            st.button(
                "Understood, keep the shipped one",
                key=f"shipped_{model.kind}",
                icon=":material/undo:",
                on_click=_back_to_shipped,
                args=(model.kind,),
                disabled=closed,
            )
        elif model.own:
            with st.sidebar.container(border=True):
                st.markdown(f":violet-badge[:material/model_training: Own {model.kind}]")
                name = cards().get(model.kind, Card()).name or model.folder.name
                st.markdown(f"In use, for everybody: **{as_text(name)}**")
                shipped_button(f"Back to the shipped {model.kind}", model.kind, "shipped")


def shipped_button(label: str, kind: str, place: str) -> None:
    """The way back to the shipped model, which asks first; its key is `PLACE_KIND`."""
    closed = not access.check().allowed
    if st.button(label, key=f"{place}_{kind}", icon=":material/undo:", disabled=closed):
        confirm(
            "Back to the shipped model?",
            f"From the next click on, every page answers with the shipped {kind}, for everybody "
            "who has the app open. The run keeps its model: it can be chosen again on the Training "
            "page.",
            "Use the shipped one",
            _back_to_shipped,
            kind,
            icon=":material/undo:",
            no="Keep this one",
            key="shipped_for_everybody",
        )


@access.guarded
def _back_to_shipped(kind: str) -> None:
    try:
        use_shipped(kind)
    except OSError as error:
        access.keep_problem(f"The model stays as it is: the choice cannot be written ({error}).")


def footer() -> None:
    """The models in use, below every page."""
    scroll.control()
    follow_theme()
    st.divider()
    own = {model.kind for model in models_in_use() if model.own}
    models = [
        f"{as_text(card.name)} ({as_text(card.sha256[:8])})"
        + (" (not the shipped one)" if kind in own else "")
        for kind, card in cards().items()
    ]
    st.caption(" · ".join(["LesionLab", DISCLAIMER, *models]))


def duration(seconds: float) -> str:
    """A time to wait, rounded: `40 s`, `3 min`, `2 h`."""
    if seconds < 55:
        return f"{max(5, 5 * round(seconds / 5))} s"
    if seconds < 55 * 60:
        return f"{max(1, round(seconds / 60))} min"
    return f"{max(1, round(seconds / 3600))} h"
