"""One's own true diagnoses beside a batch's answers, from a table or chosen here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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

BATCH = "batch"
"""Of the page's address, and of the session: the id of the batch."""
_TRUTH = "batch_truth"
"""Of the session: a `_Truth`."""


@dataclass
class _Truth:
    """What is known of one batch's photos.

    Attributes:
        batch: its id.
        given: keys of true diagnoses by `Photo.image`.
        told: what came of the last table, until it was said: kinds of box with Markdown.
        tables: how many were read. Each restarts the typing.
        typing: the table as the typing began.
    """

    batch: str
    given: dict[str, str] = field(default_factory=dict)
    told: list[tuple[str, str]] = field(default_factory=list)
    tables: int = 0
    typing: pd.DataFrame | None = None


def _truth() -> _Truth:
    """That of the batch that the page shows: of another one, nothing is left."""
    batch = str(st.session_state.get(BATCH))
    found: _Truth | None = st.session_state.get(_TRUTH)
    if found is None or found.batch != batch:
        found = st.session_state[_TRUTH] = _Truth(batch)
    return found


def known(photos: Sequence[Photo]) -> dict[str, str]:
    """Keys of true diagnoses by `Photo.image`, as far as they are known."""
    given = _truth().given
    return {photo.image: given[photo.image] for photo in photos if photo.image in given}


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
        truth = _truth()
        for kind, words in truth.told:
            (st.error if kind == "error" else st.info)(words)
        truth.told = []
        st.markdown("Or choose them here:")
        _type(photos)


def _read(photos: Sequence[Photo]) -> None:
    file = st.session_state["batch_truth_file"]
    if file is None:
        return
    truth = _truth()
    try:
        labels = read_labels(file.getvalue(), file.name)
    except DatasetError as error:
        truth.told = [("error", f"{as_text(str(error))} Nothing was changed.")]
        return
    finally:
        let_go([file])
    told = {str(name): str(dx) for name, dx in labels.table["dx"].items()}
    found = matched({photo.image: photo.name for photo in photos}, told)
    truth.given |= found
    truth.tables, truth.typing = truth.tables + 1, None
    said = f"The truth of {len(found):,} of {len(photos):,} photos is known from this table."
    if not found:
        said = (
            "No photo of this batch is named in this table. It must name the photos as the files "
            f"are called: {as_text(photos[0].name)}."
        )
    notes = [("info", as_text(note)) for note in labels.notes()]
    truth.told = [("info" if found else "error", said), *notes]


def _type(photos: Sequence[Photo]) -> None:
    given, truth = known(photos), _truth()
    names = {BY_KEY[key].name: key for key in ORDER}
    if truth.typing is None:
        diagnoses = [_name(given[p.image]) if p.image in given else None for p in photos]
        photo_names = [safe(photo.name) for photo in photos]
        truth.typing = pd.DataFrame({"Photo": photo_names, "True diagnosis": diagnoses})
    edited = st.data_editor(
        truth.typing,
        hide_index=True,
        disabled=["Photo"],
        height=min(len(photos), 8) * 36 + 38,
        column_config={
            "True diagnosis": st.column_config.SelectboxColumn(options=list(names)),
        },
        key=f"batch_truth_typed_{truth.batch}_{truth.tables}",
    )
    chosen = {
        photo.image: names[name]
        for photo, name in zip(photos, edited["True diagnosis"], strict=True)
        if name in names
    }
    if chosen != given:
        truth.given = chosen
        st.rerun()


def show(photos: Sequence[Photo]) -> None:
    """How often the answers are right, and the confusions."""
    given = known(photos)
    answered = [photo for photo in photos if photo.answered]
    found = score((given[p.image], p.prediction) for p in answered if p.image in given)
    if found is None:
        return
    right = found.right
    st.markdown(
        f"**Right in {right.hits:,} of {right.of:,} photos: {percent(right.hits / right.of, 1)}** "
        f"(95 % interval {percent(right.low, 1)} to {percent(right.high, 1)}). Balanced accuracy, "
        f"the mean over the diagnoses that occur: {percent(found.balanced, 1)}."
    )
    counts = found.confusion
    counts = counts.loc[counts.sum(axis=1) > 0, counts.sum(axis=0) > 0]
    table = counts.rename(index=_name, columns=_name).rename_axis("True ↓ · Answer →")
    st.table(table.reset_index())
    st.caption(
        "The interval takes the photos for independent: several of one lesion make it too narrow. "
        "Photos that the models learned from are not a fair test."
    )


def is_wrong(photo: Photo, given: Mapping[str, str]) -> bool:
    """Whether a photo has an answer that is not its true diagnosis (`given`, by `Photo.image`)."""
    return photo.answered and given.get(photo.image, photo.prediction) != photo.prediction


def _name(key: str) -> str:
    return BY_KEY[key].name
