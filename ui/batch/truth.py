"""One's own true diagnoses beside a batch's answers, from a table or chosen here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.batch.batches import Photo
from core.batch.scoring import matched, score
from core.batch.tables import safe
from core.errors import DatasetError
from core.formatting import percent
from core.imaging.label_files import read_labels
from core.taxonomy import BY_KEY, ORDER
from ui.files import let_go
from ui.text import as_text

_TRUTH = "batch_truth"
"""Of the session: keys of true diagnoses by the photos' names in the tables."""
_TOLD = "batch_truth_told"
"""Of the session: what came of the last table, until it was said."""
_ROUND = "batch_truth_round"
"""Of the session: how many tables were read. Each begins the typing anew."""


def known(photos: Sequence[Photo]) -> dict[str, str]:
    """Keys of true diagnoses by `Photo.image`, as far as they are known."""
    found = st.session_state.get(_TRUTH, {})
    return {photo.image: found[photo.image] for photo in photos if photo.image in found}


def forget() -> None:
    """With the batch, its truth goes."""
    st.session_state.pop(_TRUTH, None)


def ask(photos: Sequence[Photo]) -> None:
    """Where the truth is given."""
    with st.expander("Your own true diagnoses", icon=":material/fact_check:"):
        st.caption(
            "Give the true diagnoses, and the answers are scored against them. The table needs a "
            "column for the photo (image) and one for its diagnosis (dx): a key such as nv, or "
            "the English name."
        )
        st.file_uploader(
            "A table (CSV)",
            key="batch_truth_file",
            max_upload_size=20,
            on_change=_read,
            args=(photos,),
        )
        for kind, words in st.session_state.pop(_TOLD, ()):
            (st.error if kind == "error" else st.info)(words)
        st.markdown("Or choose them here:")
        _type(photos)


def _read(photos: Sequence[Photo]) -> None:
    file = st.session_state["batch_truth_file"]
    if file is None:
        return
    try:
        labels = read_labels(file.getvalue(), as_text(file.name))
    except DatasetError as error:
        st.session_state[_TOLD] = [("error", f"{as_text(str(error))} Nothing was changed.")]
        return
    finally:
        let_go([file])
    told = {str(name): str(dx) for name, dx in labels.table["dx"].items()}
    found = matched({photo.image: photo.name for photo in photos}, told)
    st.session_state[_TRUTH] = st.session_state.get(_TRUTH, {}) | found
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
    said = f"The truth of {len(found):,} of {len(photos):,} photos is known from this table."
    if not found:
        said = (
            "No photo of this batch is named in this table. It must name the photos as the files "
            f"are called: {as_text(photos[0].name)}."
        )
    notes = [("info", as_text(note)) for note in labels.notes()]
    st.session_state[_TOLD] = [("info" if found else "error", said), *notes]


def _type(photos: Sequence[Photo]) -> None:
    given = known(photos)
    names = {BY_KEY[key].name: key for key in ORDER}
    table = pd.DataFrame(
        {
            "Photo": [safe(photo.name) for photo in photos],
            "True diagnosis": [
                BY_KEY[given[p.image]].name if p.image in given else None for p in photos
            ],
        }
    )
    whose = hash(tuple(photo.image for photo in photos))  # of this batch and no other
    key = f"batch_truth_typed_{whose}_{st.session_state.get(_ROUND, 0)}"
    base = st.session_state.setdefault(f"{key}_base", table)
    edited = st.data_editor(
        base,
        hide_index=True,
        disabled=["Photo"],
        height=min(len(photos), 8) * 36 + 38,
        column_config={
            "True diagnosis": st.column_config.SelectboxColumn(options=list(names)),
        },
        key=key,
    )
    chosen = {
        photo.image: names[name]
        for photo, name in zip(photos, edited["True diagnosis"], strict=True)
        if name in names
    }
    if chosen != given:
        st.session_state[_TRUTH] = chosen
        st.rerun()


def show(photos: Sequence[Photo]) -> None:
    """How often the answers are right, and the confusions."""
    given = known(photos)
    found = score((given[p.image], p.prediction) for p in photos if p.image in given)
    if found is None:
        return
    low, high = found.interval
    st.markdown(
        f"**Right in {found.right:,} of {found.images:,} photos: {percent(found.accuracy, 1)}** "
        f"(95 % interval {percent(low, 1)} to {percent(high, 1)}). Balanced accuracy, the mean "
        f"over the diagnoses that occur: {percent(found.balanced, 1)}."
    )
    counts = found.confusion
    counts = counts.loc[counts.sum(axis=1) > 0, counts.sum(axis=0) > 0]
    table = counts.rename(index=_name, columns=_name).rename_axis("True ↓ · Answer →")
    st.table(table.reset_index())
    st.caption(
        "The interval takes the photos for independent: several of one lesion make it too narrow. "
        "Photos that the models learned from are no fair test."
    )


def _name(key: str) -> str:
    return BY_KEY[key].name
