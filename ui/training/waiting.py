"""What trains now and what waits, above every section of the page."""

import streamlit as st

from train.jobs import Run
from train.jobs.states import AT_WORK
from ui import access
from ui.frame import duration
from ui.text import as_text
from ui.training import store

PHASES = {
    "waiting": "waiting for the cluster",
    "preparing": "reading the photos",
    "training": "training",
    "exporting": "keeping the model",
    "evaluating": "measuring on validation",
}


def show(runs: list[Run], besides: str | None) -> None:
    """What is under way, refreshed by itself; nothing if nothing is.

    Args:
        besides: id of a run whose progress the page shows anyway.
    """
    if any((run.active and run.id != besides) or run.position for run in runs):
        st.fragment(_now, run_every=store.SECONDS)(store.states(runs), besides)


def _now(seen: store.States, besides: str | None) -> None:
    runs = store.watched(seen)
    waiting = sorted((r for r in runs if r.position), key=lambda r: r.position or 0)
    with st.container(border=True):
        for run in runs:
            if run.state in AT_WORK and run.id != besides:
                _working(run)
        for run in waiting:
            _waiting(run, len(waiting))


def _working(run: Run) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f":material/play_circle: **{as_text(run.name)}**", width="content")
    row.button(
        "Watch",
        type="tertiary",
        icon=":material/visibility:",
        key=f"watch_{run.id}",
        on_click=store.look_at,
        args=(run.id,),
    )
    st.progress(share(run), text=how_far(run))


def _waiting(run: Run, many: int) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    closed = not access.check().allowed
    row.markdown(f":material/schedule: {run.position}. {as_text(run.name)}", width="content")
    for label, icon, step, end in (
        ("Earlier", "arrow_upward", -1, run.position == 1),
        ("Later", "arrow_downward", 1, run.position == many),
    ):
        row.button(
            label,
            type="tertiary",
            icon=f":material/{icon}:",
            key=f"{icon}_{run.id}",
            disabled=closed or end,
            on_click=store.attempt,
            args=("move", run.id, step),
        )
    row.button(
        "Remove from queue",
        type="tertiary",
        icon=":material/close:",
        key=f"out_{run.id}",
        on_click=store.attempt,
        args=("stop", run.id),
        disabled=closed,
        help="It stays among the runs and can be put back.",
    )


def share(run: Run) -> float:
    """How much of its present phase is done, 0…1; of training, all planned epochs."""
    now = run.progress
    if now is None or not now.steps:
        return 0.0
    part = now.step / now.steps
    if run.phase == "training" and now.epochs:
        part = (max(now.epoch, 1) - 1 + part) / now.epochs
    return min(max(part, 0.0), 1.0)


def how_far(run: Run) -> str:
    """Where a running training is, in words."""
    if run.state == "stopping":
        return "Stopping after this step; finished epochs are kept…"
    if run.state == "unknown":
        return "The cluster does not answer, so its progress is not known."
    now, phase = run.progress, PHASES.get(run.phase or "", run.phase or "starting")
    parts = [phase.capitalize()]
    if now is not None and run.phase == "training":
        parts.append(f"epoch {max(now.epoch, 1)} of {now.epochs}")
    elif now is not None and now.steps:
        parts.append(f"{now.step:,} of {now.steps:,}")
    if now is not None and now.seconds_left is not None:
        parts.append(f"about {duration(now.seconds_left)} left")
    return " · ".join(parts)
