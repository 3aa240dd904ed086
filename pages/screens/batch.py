"""Many photos: a whole folder or class at once, as a table to sort, open and take home."""

import streamlit as st

from core.batch.batches import BatchJob
from ui.batch import picker as batch_picker
from ui.batch import results as batch_results
from ui.batch import store as batches
from ui.frame import duration


def watch(job: BatchJob) -> None:
    """How far a running batch is; ends with a new run of the whole page."""
    progress = job.progress
    if progress.state != "running":
        st.rerun()
    parts = [f"{progress.done:,} of {progress.total:,} files", f"{progress.rejected:,} rejected"]
    if progress.seconds_left is not None:
        parts.append(f"about {duration(progress.seconds_left)} left")
    st.progress(progress.done / progress.total, text=" · ".join(parts))
    st.button(
        "Stopping after this photo…" if job.stopping else "Cancel",
        icon=":material/cancel:",
        on_click=job.cancel,
        disabled=job.stopping,
        help="What is done until then stays.",
    )
    st.caption(
        "You may look at other pages meanwhile, or reload this one: its address leads back to the "
        "batch, here and in another window."
    )


st.title(
    "Many photos",
    anchor=False,
    help="Analyse a class's photos or a whole folder at once, then sort, open and download.",
)
batch = batches.current()
if batch is None:
    if batches.lost():
        st.warning(
            "The server was restarted, needed the memory for newer batches, or the batch was "
            "cleared in another window. Please choose the photos again, and download the results "
            "when they are there: batches are kept in memory only.",
            title="This batch is no longer here",
            icon=":material/history:",
        )
    batch_picker.choose()
elif batch.progress.state == "running":
    st.fragment(watch, run_every=1.0)(batch)
else:
    batch_results.show(batch)
