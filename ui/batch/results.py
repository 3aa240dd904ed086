"""What a batch found: tables, downloads, and a way to each photo."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.answer.words import DOMAIN_NAMES, WORRIED, domain_note
from core.batch.batches import BatchJob, Photo
from core.batch.tables import safe, safe_table
from core.formatting import chance
from core.models.gate import ELSEWHERE, FAMILIAR, REFUSED
from core.taxonomy import BY_KEY, ORDER
from ui import files, state
from ui.batch import store as batches
from ui.batch import truth
from ui.parts.bars import counts
from ui.parts.controls import confirm
from ui.parts.files import data_url
from ui.text import as_text

ANY = "any"
WITHHELD = "what the model says of such photos is only in the files to download"
ROW, HEADER_ROW = 66, 37
"""Heights in pixels; the header's with the frame. From 65 on, a row wraps long words."""


def show(job: BatchJob) -> None:
    """The whole outcome of a batch that does not run any more."""
    progress, photos = job.progress, job.photos
    if progress.state == "cancelled":
        st.info(
            f"Cancelled after {progress.done:,} of {progress.total:,} files. What was done until "
            "then is below.",
            icon=":material/cancel:",
        )
    with st.container(horizontal=True):
        st.metric("Analysed", f"{progress.analysed:,}", border=True)
        st.metric("Rejected", f"{progress.rejected:,}", border=True)
        domains = Counter(photo.domain for photo in photos)
        st.metric(
            DOMAIN_NAMES[ELSEWHERE],
            f"{domains[ELSEWHERE]:,}",
            border=True,
            help="Dermoscopy unlike the photos the models learned from: they are right less often.",
        )
        st.metric(
            DOMAIN_NAMES[REFUSED],
            f"{domains[REFUSED]:,}",
            border=True,
            help="The models know dermoscopy of single lesions only. For these photos the figures "
            "mean little.",
        )
    if job.notes:
        st.caption(as_text(" ".join(job.notes)))
    if any(not photo.practice for photo in photos):
        _own(ELSEWHERE if domains[ELSEWHERE] else FAMILIAR)
    if photos:
        _counts(photos)
        truth.show(job)
        _table(_filtered(job), job.truth)
    _downloads(job)
    if job.rejected:
        st.header("Rejected files", anchor=False)
        st.dataframe(
            safe_table(
                pd.DataFrame([(r.name, r.reason) for r in job.rejected], columns=["File", "Reason"])
            ),
            hide_index=True,
            row_height=ROW,
            column_config={
                "File": st.column_config.TextColumn(width="medium"),
                "Reason": st.column_config.TextColumn(width="large"),
            },
            alt="Rejected files and the reason for each",
        )
    if photos:
        truth.ask(job)


def _own(domain: str) -> None:
    """What to know of answers to photos that visitors brought along."""
    st.info(WORRIED, icon=":material/health_and_safety:")
    card = state.model_server().analyser.classifier_card
    if note := domain_note(domain, card, own=True):
        st.caption(f":material/photo_camera: {note[1]}")


def _counts(photos: Sequence[Photo]) -> None:
    """How often each answer was given to dermoscopy; of other photos an answer means nothing."""
    answered = [photo.prediction for photo in photos if photo.answered]
    others = len(photos) - len(answered)
    if answered and others:
        st.write(
            f"Answers to {len(answered):,} of the {len(photos):,} photos. "
            + ("One" if others == 1 else f"{others:,}")
            + f" of them {'is' if others == 1 else 'are'} not dermoscopy: {WITHHELD}."
        )
    elif others:
        st.write(f"No answer is counted, as none of these photos is dermoscopy: {WITHHELD}.")
    if answered:
        counts(answered, state.usual())


def _filtered(job: BatchJob) -> list[Photo]:
    """Show the filters; returns the photos that pass."""
    photos, known = job.photos, job.truth
    row = st.container(horizontal=True, vertical_alignment="bottom")
    answer = row.selectbox(
        "Answer",
        [ANY, *ORDER],
        format_func=lambda key: "Any answer" if key == ANY else BY_KEY[key].name,
        key="batch_answer",
        persist_state="session",
        width=280,
    )
    kinds = row.pills(
        "Kind of photo",
        list(DOMAIN_NAMES),
        selection_mode="multi",
        format_func=DOMAIN_NAMES.__getitem__,
        key="batch_kinds",
        persist_state="session",
        help="None chosen: all",
        wrap=True,
    )
    wrong = bool(known) and row.toggle(
        "Wrong answers only", key="batch_wrong", persist_state="session"
    )
    found = [
        photo
        for photo in photos
        if (answer == ANY or (answer == photo.prediction and photo.answered))
        and (not kinds or photo.domain in kinds)
        and (not wrong or truth.is_wrong(photo, known))
    ]
    row.markdown(f"{len(found):,} of {len(photos):,} photos", width="content")
    return found


def _table(photos: Sequence[Photo], known: Mapping[str, str]) -> None:
    if not photos:
        st.info("No photo passes the filters.")
        return
    shown = frame(photos, known)
    table = st.dataframe(
        shown.style.format(chance, na_rep="–", subset=["Probability", "Malignant"]),
        placeholder="–",
        hide_index=True,
        height=min(len(photos), 10) * ROW + HEADER_ROW,
        row_height=ROW,
        column_config={
            "": st.column_config.ImageColumn(width=90, pinned=True),
            "Photo": st.column_config.TextColumn(width=160),
            "Malignant": st.column_config.Column(
                help="Melanoma, basal cell carcinoma and actinic keratosis / Bowen's disease "
                "together."
            ),
            "Most probable": st.column_config.TextColumn(
                help="The answer makes up for how common each diagnosis is; this does not."
            ),
            "Kind of photo": st.column_config.TextColumn(
                help="Familiar: like the photos that the models learned from."
            ),
            "Area": st.column_config.NumberColumn(
                format="%.1f %%", help="Of the outlined lesion, as a share of the frame."
            ),
            "Diameter": st.column_config.NumberColumn(
                format="%.0f px", help="Of a disc of the same area."
            ),
            "Asymmetry": st.column_config.NumberColumn(
                format="%.2f", help="Of shape: 0 symmetric about both axes, 1 not at all."
            ),
            "Compactness": st.column_config.NumberColumn(
                format="%.2f", help="Of the border: 1 a smooth disc, more: ragged or elongated."
            ),
        },
        key="batch_table",
        on_select="rerun",
        selection_mode="single-row",
        alt="Answers, one row for each photo",
    )
    st.caption(
        "Tick a row (or Shift and Space) to open its photo on the Analyse page. "
        "A click on a heading sorts."
    )
    if rows := table.selection.rows:
        photo = photos[rows[0]]
        if photo.copy is None and not photo.practice:
            st.warning("The batch was too large to keep this photo. Open it on the Analyse page.")
        else:
            batches.open_in_analyse(photo)


def frame(photos: Sequence[Photo], known: Mapping[str, str]) -> pd.DataFrame:
    """The table of a batch, a row for each photo; probabilities 0…1, other shares in percent. What
    is not dermoscopy has no answer here, as on the Analyse page, where it is a click away. Rows
    can be copied into a spreadsheet, so names are made safe for that here too.

    Args:
        known: keys of true diagnoses by `Photo.image`; where there are any, they are a column.
    """
    return pd.DataFrame([_row(photo, known) for photo in photos])


def _row(photo: Photo, known: Mapping[str, str]) -> dict[str, str | float | None]:
    answered = photo.answered
    measured = photo.measurements if answered else None
    key = known.get(photo.image)
    true = {"Truth": BY_KEY[key].name if key else None} if known else {}
    return {
        "": data_url(photo.thumbnail, "jpeg"),
        "Answer": BY_KEY[photo.prediction].name if answered else "not shown",
        **true,
        "Probability": photo.probability if answered else None,
        "Photo": safe(photo.name),
        "Malignant": photo.malignant if answered else None,
        "Most probable": BY_KEY[photo.most_probable].name if answered else None,
        "Kind of photo": DOMAIN_NAMES[photo.domain],
        "Area": 100 * measured.area_share if measured else None,
        "Diameter": measured.equivalent_diameter_px if measured else None,
        "Asymmetry": measured.asymmetry if measured else None,
        "Compactness": measured.compactness if measured else None,
    }


def _downloads(job: BatchJob) -> None:
    begins = "for_teaching_only"
    with st.container(horizontal=True):
        if job.photos:
            files.download("Table (CSV)", job.predictions_csv, f"{begins}_predictions.csv")
            files.download("Masks and tables (ZIP)", job.results_zip, f"{begins}_results.zip")
        if job.rejected:
            files.download("Rejected files (CSV)", job.rejected_csv, f"{begins}_rejected.csv")
        if st.button("Clear", icon=":material/delete:", key="batch_clear"):
            confirm(
                "Clear this batch?",
                "Its answers, masks and tables are gone for good then. Download them first if you "
                "want to keep them.",
                "Clear",
                batches.clear,
                key="clear_for_good",
            )
