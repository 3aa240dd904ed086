"""The switches of augmentation, and what they make of a few photos."""

import streamlit as st

from core.system.fair_queue import BusyError
from train.choices import AUGMENTATIONS
from train.config import ConfigError
from ui import access, subprocess_task
from ui.text import as_text
from ui.training import form, words

SHEET = "training_preview"
"""Of the session: the task that draws the samples."""


def show() -> None:
    """One switch for each group of random changes, and their preview on request."""
    with st.expander("Augmentation, with a preview", icon=":material/auto_awesome_motion:"):
        spec = words.SPECS["augment"]
        st.pills(
            spec.title,
            list(AUGMENTATIONS),
            selection_mode="multi",
            format_func=lambda name: AUGMENTATIONS[name].title,
            key=form.PREFIX + "augment",
            persist_state="session",
            help=form.help_on(spec.text, AUGMENTATIONS),
        )
        if st.toggle(
            "Show what it does to a few photos",
            key="training_preview_on",
            persist_state="session",
            help="Redrawn, by the training's own code, whenever a switch above changes.",
            disabled=not access.check().allowed,
        ):
            _samples()
        else:
            subprocess_task.drop(SHEET)


def _samples() -> None:
    if not access.check().allowed:
        return
    try:
        config = form.chosen()
        about = (config.kind, config.data, config.augment, config.stages, config.seed)
        command = "preview", "--config", "{folder}/config.json", "--out", "{folder}/sheet.png"
        sheet = subprocess_task.get_or_start(
            SHEET,
            about,
            lambda: subprocess_task.Task("train", command, form.written(config)),
        )
    except ConfigError as error:
        st.warning(as_text(str(error)))
        return
    except (OSError, BusyError) as error:
        st.error(f"No samples can be drawn: {as_text(str(error))}")
        return
    if sheet.running:
        subprocess_task.show_progress(sheet, "Drawing samples…", SHEET)
    elif sheet.cancelled:
        st.caption("Cancelled.")
        st.button(
            "Draw samples",
            icon=":material/refresh:",
            key="training_preview_again",
            on_click=subprocess_task.drop,
            args=(SHEET,),
        )
    elif sheet.problem:
        st.warning(as_text(sheet.problem), title="There are no samples")
    else:
        st.image(
            (sheet.folder / "sheet.png").read_bytes(),
            "A row for each photo: on the left the photo itself, then as training may draw it.",
            width="stretch",
            alt="Photos, and random changes made to each by the chosen augmentations",
        )
