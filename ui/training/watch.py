"""One run: what can be done with it, how far it is, what it learned, and its log."""

import pandas as pd
import streamlit as st

from core.models.registry import kinds_in_use
from train.jobs import Run, Runs
from train.jobs.states import AT_WORK
from ui import access
from ui.frame import duration
from ui.parts.controls import confirm, select
from ui.text import as_text
from ui.training import curves, form, outcome, samples, store, words
from ui.training import waiting as queue

NOTES = 2000


def show(runs: Runs, everything: list[Run]) -> None:
    """Choose a run, and see it."""
    if not everything:
        st.info(
            "Choose “New training” above. The two-minute demo is a good start: it shows in two "
            "minutes how a network learns.",
            title="There are no runs yet",
            icon=":material/model_training:",
        )
        _bin(runs)
        return
    chosen = select("Run", words.labels(everything), store.RUN)
    run = next(run for run in everything if run.id == chosen)
    _header(run)
    outcome.show(run)
    live = st.fragment(_live, run_every=store.SECONDS if run.active else None)
    live(run.id, store.states(everything))
    _choices(run)
    _bin(runs)


def _header(run: Run) -> None:
    st.header(f"{as_text(run.name)} {words.badge(run)}", anchor=False)
    parts = [words.value("kind", run.kind) if run.kind else "Unknown task"]
    parts.append(f"made {words.when(run.created)}")
    if run.ended and run.started:
        took = duration((run.ended - run.started).total_seconds())
        parts.append(f"ended {words.when(run.ended)}, {took} after it last started")
    st.caption(" · ".join(parts))
    if run.notes:
        st.markdown("  \n".join(map(as_text, run.notes.splitlines())))
    if run.message:
        shown = st.error if run.state == "failed" else st.info
        shown(as_text(run.message))
    _actions(run)


def _actions(run: Run) -> None:
    closed = not access.check().allowed
    with st.container(horizontal=True):
        if run.state in ("running", "unknown") and st.button(
            "Stop", icon=":material/stop_circle:", disabled=closed
        ):
            _ask_to_stop(run)
        if run.state == "stopping":
            st.button("Stopping…", icon=":material/stop_circle:", disabled=True)
        if run.resumable:
            st.button(
                "Resume",
                type="primary",
                icon=":material/resume:",
                on_click=store.attempt,
                args=("resume", run.id),
                disabled=closed,
                help="Goes on after the last finished epoch."
                if run.epochs
                else "No epoch was finished yet: it starts over.",
            )
        if run.config is not None:
            st.button(
                "Duplicate with changes",
                icon=":material/content_copy:",
                on_click=_duplicate,
                args=(run,),
                help="Opens the form with this run's choices.",
            )
        with st.popover("Name and notes", icon=":material/edit_note:"):
            _edit(run, closed)
        used = kinds_in_use(run.folder)
        pressed = st.button(
            "Delete",
            icon=":material/delete:",
            on_click=None if used else store.delete,
            args=None if used else (run,),
            disabled=closed or run.state in AT_WORK,
            help="Into the bin, from where it can be taken back. Stop it first if it runs.",
        )
        if pressed and used:
            confirm(
                "Delete the run whose model is in use?",
                "Every page answers with a model of this run, for everybody who has the app open. "
                "With the run in the bin, they get the shipped one. Undo brings the run back, and "
                "“Use this model” its model.",
                "Delete, use the shipped model",
                store.delete,
                run,
                key="delete_in_use",
            )


def _ask_to_stop(run: Run) -> None:
    kept = {0: "No epoch is finished yet, so it would start over", 1: "Its finished epoch is kept"}
    confirm(
        "Stop this training?",
        f"{kept.get(run.epochs, f'Its {run.epochs} finished epochs are kept')}. Only the "
        "unfinished epoch is lost: “Resume” goes on from there, whenever you like.",
        "Stop training",
        store.attempt,
        "stop",
        run.id,
        icon=":material/stop_circle:",
        no="Let it go on",
    )


def _duplicate(run: Run) -> None:
    assert run.config is not None
    form.load(run.config, f"{run.name}, changed")
    st.session_state[store.VIEW] = store.NEW


def _edit(run: Run, closed: bool) -> None:
    name, notes = f"training_name_{run.id}", f"training_notes_{run.id}"
    with st.form(f"about_{run.id}", border=False):
        st.text_input("Name", run.name, max_chars=80, key=name)
        st.text_area(
            "Notes",
            run.notes,
            max_chars=NOTES,
            key=notes,
            placeholder="What did you want to find out? What did you see?",
        )
        st.form_submit_button(
            "Save",
            icon=":material/save:",
            on_click=_save,
            args=(run.id, name, notes),
            disabled=closed,
        )


@access.guarded
def _save(run: str, name: str, notes: str) -> None:
    store.attempt("rename", run, st.session_state[name])
    store.attempt("set_notes", run, st.session_state[notes])
    store.look_at(run)  # the list of runs then shows the new name as chosen


def _live(id: str, seen: store.States) -> None:
    """What changes while it trains."""
    run = next(run for run in store.watched(seen) if run.id == id)
    runs = store.opened()
    if run.state in AT_WORK:
        st.progress(queue.share(run), text=queue.how_far(run))
        if run.phase == "training":
            _figures(run)
    table = store.epochs(runs, id)
    live = pd.DataFrame(runs.live(id))
    if not (table.empty and live.empty):
        curves.show(table, live, f"run-{id}", run.active)
    if not table.empty:
        samples.show(run)
    elif run.active:
        st.caption("Figures of validation and samples show after the first epoch.")
    with st.expander("Log", icon=":material/notes:", on_change="rerun", key=f"log_{id}") as log:
        if log.open:
            st.code(runs.log(id) or "Nothing was printed yet.", language=None, wrap_lines=True)
            if access.check().allowed:
                folder = as_text(str(run.folder))
                st.caption(f"The whole log, checkpoints and TensorBoard's events: {folder}")


def _figures(run: Run) -> None:
    now = run.progress
    if now is None:
        return
    figures = {
        "Epoch": f"{max(now.epoch, 1)} of {now.epochs}" if now.epochs else None,
        "Loss": f"{now.loss:.3f}" if now.loss is not None else None,
        "Learning rate": f"{now.learning_rate:.2g}" if now.learning_rate is not None else None,
        "Photos a second": f"{now.images_per_second:.0f}" if now.images_per_second else None,
        "Time left": duration(now.seconds_left) if now.seconds_left is not None else None,
    }
    with st.container(horizontal=True):
        for label, figure in figures.items():
            st.metric(label, figure or "–", border=True, width=170)


def _choices(run: Run) -> None:
    if run.config is None:
        return
    with st.expander("All choices of this run", icon=":material/list:"):
        chosen = words.values(run.config)
        st.table(
            {
                "Choice": [words.field(name) for name in chosen],
                "Value": [as_text(words.value(name, value)) for name, value in chosen.items()],
            }
        )


def _bin(runs: Runs) -> None:
    binned = runs.bin()
    if not binned:
        return
    with st.expander(f"Bin ({len(binned)})", icon=":material/delete:"):
        st.caption("Deleted runs stay here for a week.")
        closed = not access.check().allowed
        for run in binned:
            row = st.container(horizontal=True, vertical_alignment="center")
            row.markdown(f"{as_text(run.name)} {words.badge(run)}", width="content")
            row.button(
                "Restore",
                icon=":material/restore_from_trash:",
                key=f"restore_{run.id}",
                on_click=store.restore,
                args=(run.id,),
                disabled=closed,
            )
        if st.button("Empty the bin", icon=":material/delete_forever:", disabled=closed):
            confirm(
                "Empty the bin?",
                f"{len(binned)} deleted {'run is' if len(binned) == 1 else 'runs are'} gone for "
                "good then, with checkpoints, curves and models. This cannot be undone.",
                "Empty the bin",
                store.attempt,
                "purge",
                0,
                icon=":material/delete_forever:",
                no="Keep them",
                key="purge_for_good",
            )
