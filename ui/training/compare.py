"""Runs side by side: curves over each other, what was chosen differently, and what came of it."""

from typing import Any

import pandas as pd
import streamlit as st

from core.batch.tables import safe_table
from core.evaluation.metrics import column_title
from train.config import Config, ConfigError
from train.jobs import Run, Runs
from train.learn.beginning import beginning_of, with_precision
from ui.parts.controls import select
from ui.performance import charts
from ui.text import as_text
from ui.training import curves, store, words

CHOSEN, MEASURE = "training_compared", "training_measure"
MOST = 6
MINUTES = "Minutes of epochs"


def show(runs: Runs, everything: list[Run]) -> None:
    """Choose runs and see them together."""
    candidates = {run.id: run for run in everything if run.epochs}
    if len(candidates) < 2:
        st.info(
            "Two runs with at least one finished epoch are needed. Duplicate a run, change one "
            "choice, and see here what it changed.",
            title="There is nothing to compare yet",
            icon=":material/stacked_line_chart:",
        )
        return
    kept = st.session_state.get(CHOSEN, _newest(candidates))
    st.session_state[CHOSEN] = [id for id in kept if id in candidates]
    labels = words.labels(list(candidates.values()))
    chosen = st.multiselect(
        f"Runs, up to {MOST}",
        list(candidates),
        format_func=labels.__getitem__,
        key=CHOSEN,
        persist_state="session",
        max_selections=MOST,
        select_all=False,
    )
    compared = {labels[id]: candidates[id] for id in chosen}
    if not compared:
        st.caption("Choose runs above.")
        return
    tables = {name: store.epochs(runs, run.id) for name, run in compared.items()}
    _curves(tables)
    _figures(compared, tables)
    _differences(compared)


def _newest(candidates: dict[str, Run]) -> list[str]:
    """The newest run and the one of the same task before it."""
    first = next(iter(candidates.values()))
    alike = [id for id, run in candidates.items() if run.kind == first.kind]
    return alike[:2] if len(alike) > 1 else list(candidates)[:2]


def _curves(tables: dict[str, pd.DataFrame]) -> None:
    offered = curves.columns(tables)
    if not offered:
        st.caption("These runs have measured nothing yet.")
        return
    if st.session_state.get(MEASURE) not in offered:
        st.session_state[MEASURE] = offered[0]
    column = select(
        "Curve of",
        {name: column_title(name) for name in offered},
        MEASURE,
        help="On the validation photos of each run's own data, but for the training loss.",
    )
    drawn = [name for name, table in tables.items() if column in table]
    long = pd.concat([t.assign(run=name) for name, t in tables.items()], ignore_index=True)
    ends = ", ".join(f"{n} ends at {tables[n][column].iloc[-1]:.3f}" for n in drawn)
    charts.show(
        curves.overlaid(tables, column),
        "runs",
        f"{column_title(column)} by epoch: {ends}",
        "Lines compare only where data and subset are the same: look at the differences below. "
        "Another seed moves a curve, too: do not read much into a small gap.",
        long,
    )
    if others := [name for name in tables if name not in drawn]:
        st.caption(
            f":material/info: Not drawn, as it was not measured there: {as_text('; '.join(others))}"
        )


def _figures(compared: dict[str, Run], tables: dict[str, pd.DataFrame]) -> None:
    """A row for each run: its best epoch on validation."""
    rows = []
    for name, run in compared.items():
        row = {"Run": name, "State": words.STATES[run.state][2], "Epochs": run.epochs}
        seconds = tables[name]["seconds"].sum() if "seconds" in tables[name] else None
        row[MINUTES] = None if seconds is None else round(float(seconds) / 60, 1)
        rows.append(row | {column_title(c): v for c, v in words.measures(run.best).items()})
    table = safe_table(pd.DataFrame(rows))
    st.header("The best epoch of each, on validation", anchor=False)
    st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        row_height=charts.TWO_LINES,
        column_config={
            "Run": charts.first_column(),
            MINUTES: st.column_config.NumberColumn(
                help="Of the epochs alone; photos were prepared before them, and the model was "
                "measured after them."
            ),
            **{c: st.column_config.NumberColumn(format="%.3f") for c in list(table)[4:]},
        },
        alt="The best epoch of each run, with its measures on validation",
    )
    charts.download(table, "runs-best-epochs")


def _chosen(run: Run, config: Config) -> dict[str, Any]:
    """A run's choices, with the precision that `auto` stood for, and what it computes on; as far as
    that is known."""
    try:
        began, config = beginning_of(run.folder), with_precision(run.folder, config)
    except ConfigError:
        began = None
    return words.values(config) | ({"device": began.device} if began and began.device else {})


def _differences(compared: dict[str, Run]) -> None:
    """What was chosen differently; on request all choices, with a sign at those that differ."""
    found = {name: _chosen(run, run.config) for name, run in compared.items() if run.config}
    if not found:
        return
    differ = words.differing(list(found.values()))
    st.header("What was chosen differently", anchor=False)
    everything = st.toggle("Show all choices", key="training_all_choices", persist_state="session")
    fields = list(dict.fromkeys(f for each in found.values() for f in each))
    if not differ:
        st.caption("Nothing: these runs had the same choices.")
    rows = [
        {"Choice": words.field(field)}
        | {
            n: words.value(field, each[field]) if field in each else "–"
            for n, each in found.items()
        }
        for field in fields
        if everything or field in differ
    ]
    if not rows:
        return
    table = safe_table(pd.DataFrame(rows))
    if everything:
        table.insert(0, "≠", ["≠" if field in differ else "" for field in fields])
    st.dataframe(
        table.style.apply(
            lambda row: ["font-weight: 600" if row.get("≠") else ""] * len(row), axis=1
        ),
        hide_index=True,
        height="content",
        column_config={
            "≠": st.column_config.TextColumn(width=40, pinned=True, help="Not the same in all"),
            "Choice": charts.first_column(),
        },
        alt="Choices of the compared runs" + ("; ≠ marks those that differ" if everything else ""),
    )
    charts.download(table, "runs-choices")
