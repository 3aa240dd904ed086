"""What LesionLab keeps on the disk, and the button that clears what can be made again."""

from collections import Counter

import pandas as pd
import streamlit as st

from core.settings import Settings
from core.system.storage import CLEARED, TITLES, Item, clear, size, survey
from ui import access
from ui.parts.controls import confirm
from ui.text import as_text

DONE = "storage_done"
"""Of the session: what the last clearing freed, until the page has said so."""


def show() -> None:
    """Sizes by kind, each with its place, and the button."""
    settings = Settings.from_environment()
    items, open_to = survey(settings), access.check().allowed
    st.header("Storage", anchor=False)
    if said := st.session_state.pop(DONE, None):
        st.success(said, icon=":material/check_circle:")
    table = pd.DataFrame([_row(kind, items) for kind in TITLES])
    st.dataframe(
        table if open_to else table.drop(columns="Where"),
        hide_index=True,
        width="stretch",
        key="storage_table",
    )
    st.caption(
        f"Decoded photos and their features take at most {settings.cache_gb:g} GB "
        "(`LESIONLAB_CACHE_GB`); those used longest ago go first. The same list, entry by entry: "
        "`python -m core storage`."
    )
    clearable = [item for item in items if item.kind in CLEARED and not item.used]
    if st.button(
        f"Clear {size(sum(item.nbytes for item in clearable))}…",
        key="storage_clear",
        icon=":material/delete_sweep:",
        disabled=not (clearable and open_to),
        help="Removes what can be made again and is not in use: prepared models, decoded photos "
        "and features. Trainings, models and the dataset stay.",
    ):
        freed: Counter[str] = Counter()
        for item in clearable:
            freed[item.kind] += item.nbytes
        lines = [f"- {TITLES[kind]}: {size(freed[kind])}" for kind in CLEARED if kind in freed]
        lines += [
            "",
            "It is made again when it is needed, which takes seconds for a model and minutes for "
            "the photos of a training. What a running training or the app uses stays.",
        ]
        confirm(
            "Clear what can be made again?",
            "\n".join(lines),
            "Clear",
            _clear,
            icon=":material/delete_sweep:",
            key="storage_clear_now",
        )


def _row(kind: str, items: list[Item]) -> dict[str, str | int]:
    of_kind = [item for item in items if item.kind == kind]
    places = sorted({str(item.path.parent) for item in of_kind})
    return {
        "What": TITLES[kind],
        "Size": size(sum(item.nbytes for item in of_kind)),
        "Entries": len(of_kind),
        "In use": sum(item.used for item in of_kind),
        "Can be cleared": "yes" if kind in CLEARED else "no",
        "Where": ", ".join(places),
    }


@access.guarded
def _clear() -> None:
    st.session_state[DONE] = as_text(clear(list(CLEARED), Settings.from_environment()))
