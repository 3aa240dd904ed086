"""The runs that the page shows, and what this visitor is looking at."""

import pandas as pd
import streamlit as st

from core.models.registry import StoredModel, models
from train.jobs import JobError, Run, Runs, ensure_supervisor
from ui import access
from ui.choices import in_address
from ui.text import as_text

NEW, RUNS, COMPARE, MODELS, STORAGE = "new", "runs", "compare", "models", "storage"
VIEWS = {
    NEW: ":material/add_circle: New training",
    RUNS: ":material/monitoring: Runs",
    COMPARE: ":material/stacked_line_chart: Compare",
    MODELS: ":material/deployed_code: Models",
    STORAGE: ":material/hard_drive: Storage",
}
"""The sections of the page."""

VIEW, RUN = "training_view", "training_run"
"""Of the session: the section, and the id of the run that is looked at."""
_BINNED = "training_binned"

SECONDS = 2.0
"""Between two looks at a training that runs."""

States = tuple[tuple[str, str], ...]


def opened() -> Runs:
    """The runs of this computer, with someone to see to their queue. Raises JobError."""
    runs = Runs.open()
    ensure_supervisor(runs)
    return runs


def states(runs: list[Run]) -> States:
    """What would change the page as a whole."""
    return tuple((run.id, run.state) for run in runs)


def watched(seen: States) -> list[Run]:
    """All runs now, for what refreshes itself; the whole page reruns once one of them is in
    another state than `seen`."""
    found = opened().recent()
    if states(found) != seen or access.has_problem():
        st.rerun()
    return found


def offered_models() -> list[StoredModel]:
    """The models that lie ready, but for those whose run lies in the bin. Raises JobError."""
    binned = {run.id for run in Runs.open().bin()}
    return [m for m in models() if not m.own or m.folder.parents[1].name not in binned]


def epochs(runs: Runs, run: str) -> pd.DataFrame:
    """A row for each finished epoch: `epoch` (from 1, as people count), `train_loss`, `val_…`."""
    table = pd.DataFrame(runs.metrics(run))
    if table.empty:
        return table
    known = table["epoch"] if "epoch" in table else pd.Series(range(len(table)))
    return table.assign(epoch=known + 1)


def section(runs: list[Run]) -> str:
    """The section of the page that is open, and in the session a run to look at, if there is any:
    at first the newest one."""
    first = RUNS if runs else NEW
    opened = in_address("section", VIEW, {view: view for view in (first, *VIEWS)})
    st.session_state[VIEW] = opened
    _run_to_look_at(opened, [run.id for run in runs])
    return opened


def _run_to_look_at(opened: str, ids: list[str]) -> None:
    """Have the session name a run, and the address as well where it is not the newest."""
    if ids and st.session_state.get(RUN) not in ids:
        st.session_state[RUN] = ids[0]
    if ids and opened == RUNS:
        st.session_state[RUN] = in_address("run", RUN, {id: id for id in ids})


def look_at(run: str) -> None:
    """Show that run from now on."""
    st.session_state.update({VIEW: RUNS, RUN: run})


@access.guarded
def attempt(what: str, *arguments: object) -> None:
    """A method of `Runs`, for a button; what cannot be done is said on the page."""
    try:
        getattr(opened(), what)(*arguments)
        opened()  # its supervisor learns of it
    except JobError as error:
        access.keep_problem(str(error))


@access.guarded
def delete(run: Run) -> None:
    """Into the bin, with the offer to take it back."""
    attempt("delete", run.id)
    st.session_state[_BINNED] = (run.id, run.name)


@access.guarded
def restore(run: str) -> None:
    """Out of the bin, to be looked at."""
    attempt("restore", run)
    look_at(run)


def notices(runs: Runs) -> None:
    """What a person should know or can be undone, above the section."""
    closed = not access.check().allowed
    if runs.notice:
        st.warning(as_text(runs.notice))
        st.button("I have read this", on_click=attempt, args=("dismiss_notice",), disabled=closed)
    if not (binned := st.session_state.get(_BINNED)):
        return
    run, name = binned
    if run not in {other.id for other in runs.bin()}:
        del st.session_state[_BINNED]
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/delete: “{as_text(name)}” is in the bin.", width="content")
        st.button("Undo", icon=":material/undo:", on_click=restore, args=(run,), disabled=closed)
        st.button("Close", type="tertiary", on_click=st.session_state.pop, args=(_BINNED, None))
