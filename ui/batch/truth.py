"""One's own true diagnoses beside a batch's answers, from a table or chosen here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import streamlit as st

from core.batch.batches import BatchJob, Photo
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
_ASKED = "batch_truth"
"""Of the session: an `_Asked`."""


@dataclass
class _Asked:
    """How far one batch's truth has been asked for in this session.

    Attributes:
        batch: its id.
        told: what came of the last table, until it was said: kinds of box with Markdown.
        seen: its truth as this session knows it; with any other, the typing starts again.
        typing: the table as the typing began.
        beginnings: how often it has begun; each beginning has a table of its own.
    """

    batch: str
    told: list[tuple[str, str]] = field(default_factory=list)
    seen: dict[str, str] | None = None
    typing: pd.DataFrame = field(default_factory=pd.DataFrame)
    beginnings: int = 0


def _asked() -> _Asked:
    """Of the batch that the page shows: of another one, nothing is left."""
    batch = str(st.session_state.get(BATCH))
    found: _Asked | None = st.session_state.get(_ASKED)
    if found is None or found.batch != batch:
        found = st.session_state[_ASKED] = _Asked(batch)
    return found


def forget() -> None:
    """With the batch, what was asked goes."""
    st.session_state.pop(_ASKED, None)


def ask(job: BatchJob) -> None:
    """Where the truth is given."""
    title, icon = "Your own true diagnoses", ":material/fact_check:"
    with st.expander(title, icon=icon, key="batch_truth_asked"):  # open while more shows above it
        st.caption(
            "Give the true diagnoses, and the answers are scored against them. The table needs a "
            "column for the photo (image) and one for its diagnosis (dx): a key such as nv, or "
            "the English name. The downloaded table with a column dx added will do."
        )
        st.file_uploader(
            "A table (CSV)",
            key="batch_truth_file",
            max_upload_size=20,
            on_change=_read,
            args=(job,),
        )
        asked = _asked()
        for kind, words in asked.told:
            (st.error if kind == "error" else st.info)(words)
        asked.told = []
        st.markdown("Or choose them here:")
        _type(job, asked)


def _read(job: BatchJob) -> None:
    file = st.session_state["batch_truth_file"]
    if file is None:
        return
    asked = _asked()
    try:
        labels = read_labels(file.getvalue(), file.name)
    except DatasetError as error:
        asked.told = [("error", f"{as_text(str(error))} Nothing was changed.")]
        return
    finally:
        let_go([file])
    table, names = labels.table, {photo.image: photo.name for photo in job.photos}
    columns = [table["file"]] if "file" in table else []  # of our own tables, which name it whole
    for column in (*columns, table.index):
        told = {str(name): dx for name, dx in zip(column, table["dx"], strict=True) if name}
        found, several = matched(names, told)
        if found:
            break
    job.truth = job.truth | found
    said = f"The truth of {len(found):,} of {len(names):,} photos is known from this table."
    if not found:
        said = (
            "No photo of this batch is named in this table. It must name the photos as the files "
            f"are called: {as_text(job.photos[0].name)}."
        )
    notes = [("info", as_text(note)) for note in labels.notes()]
    if several:
        notes.append(("error", as_text(_of_several(several))))
    asked.told = [("info" if found else "error", said), *notes]


def _of_several(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return (
        f"Left out, as several photos are called so: {', '.join(names[:3])}{more}. Write their "
        "folders before the names, or add the column dx to the downloaded table."
    )


def _type(job: BatchJob, asked: _Asked) -> None:
    names = {BY_KEY[key].name: key for key in ORDER}
    if asked.seen != job.truth:
        diagnoses = [
            _name(job.truth[p.image]) if p.image in job.truth else None for p in job.photos
        ]
        photo_names = [safe(photo.name) for photo in job.photos]
        asked.typing = pd.DataFrame({"Photo": photo_names, "True diagnosis": diagnoses})
        asked.seen, asked.beginnings = job.truth, asked.beginnings + 1
    edited = st.data_editor(
        asked.typing,
        hide_index=True,
        disabled=["Photo"],
        height=min(len(job.photos), 8) * 36 + 38,
        column_config={
            "True diagnosis": st.column_config.SelectboxColumn(options=list(names)),
        },
        key=f"batch_truth_typed_{asked.batch}_{asked.beginnings}",
    )
    chosen = {
        photo.image: names[name]
        for photo, name in zip(job.photos, edited["True diagnosis"], strict=True)
        if name in names
    }
    if chosen != asked.seen:
        job.truth = asked.seen = chosen
        st.rerun()


def show(job: BatchJob) -> None:
    """How often the answers are right, and the confusions."""
    answered = [photo for photo in job.photos if photo.answered and photo.image in job.truth]
    found = score((job.truth[photo.image], photo.prediction) for photo in answered)
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
