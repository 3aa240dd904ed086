"""How both models learned, epoch by epoch."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.evaluation import EvaluationError, read_training
from core.metrics import NAMES
from core.weights import WeightsError, read_card
from ui.figures import text_colour
from ui.performance import charts
from ui.performance.report import Choice, folder

TITLE = "Learning"
MODELS = {"classifier": "Naming the diagnosis", "segmenter": "Outlining the lesion"}
LOSSES = ("train_loss", "val_nll")
LEFT_OUT = ("val_score", "val_ece", "val_failed")
"""`val_score` repeats what an epoch was chosen by; the others are no shares of what went well."""


def show(choice: Choice) -> None:
    """Losses above, measures of the validation split below, for each model."""
    st.caption("From the training itself; the split chosen above changes nothing here.")
    for model, title in MODELS.items():
        st.subheader(title, anchor=False)
        try:
            table = read_training(folder(model))
        except EvaluationError as error:
            st.error(str(error), title="No learning curve")
            continue
        kept = best_epoch(table)
        charts.show(
            curves(table, kept),
            f"learning-{model}",
            f"Learning curves over {len(table)} epochs; training loss from "
            f"{table['train_loss'].iloc[0]:.3f} to {table['train_loss'].iloc[-1]:.3f}.",
            "A training loss that falls while validation no longer gains means learning by heart. "
            + ("" if kept is None else f"Epoch {kept} was kept: the best on validation."),
            table,
        )
        try:
            started = read_card(folder(model)).get("start", "not stated")
        except WeightsError:
            started = "not stated"
        minutes = f", {table['seconds'].sum() / 60:.0f} minutes" if "seconds" in table else ""
        st.caption(f"{len(table)} epochs{minutes}. Started from: {started}.")


def best_epoch(table: pd.DataFrame) -> int | None:
    """The epoch with the highest `val_score`, if there is that column."""
    if "val_score" not in table or table["val_score"].isna().all():
        return None
    return int(table.loc[table["val_score"].idxmax(), "epoch"])


def curves(table: pd.DataFrame, kept: int | None, live: pd.DataFrame | None = None) -> go.Figure:
    """Losses above, measures and the learning rate below; each line has dashes and markers of its
    own.

    Args:
        table: as `core.evaluation.read_training` describes it; may be empty.
        kept: an epoch to mark.
        live: points between the epochs, drawn as thin lines: `epoch`, `train_loss`,
            `learning_rate`.
    """
    measures = [c for c in table if str(c).startswith("val_") and c not in (*LOSSES, *LEFT_OUT)]
    shades = (charts.faint(), charts.accent(), text_colour(charts.dark()))
    traces = []
    for axis, columns in (("y", [c for c in LOSSES if c in table]), ("y2", measures)):
        for place, column in enumerate(columns):
            key = str(column).removeprefix("val_")
            traces.append(
                {
                    "type": "scatter",
                    "x": table["epoch"],
                    "y": table[column],
                    "yaxis": axis,
                    "mode": "lines+markers",
                    "name": NAMES.get(key, key.replace("_", " ").capitalize()),
                    "line": {
                        "color": shades[(place + (axis == "y2")) % len(shades)],
                        "dash": charts.DASHES[place % len(charts.DASHES)],
                    },
                    "marker": {"symbol": charts.SYMBOLS[place % len(charts.SYMBOLS)], "size": 8},
                }
            )
    if live is None or live.empty:
        rate = next((c for c in table if str(c).startswith("lr-")), "")
        live = table[["epoch"]].assign(learning_rate=table[rate]) if rate else pd.DataFrame()
    for axis, column, name in (
        ("y", "train_loss", "Training loss within the epoch"),
        ("y3", "learning_rate", "Learning rate"),
    ):
        if column in live:
            traces.append(
                {
                    "type": "scatter",
                    "x": live["epoch"],
                    "y": live[column],
                    "yaxis": axis,
                    "mode": "lines",
                    "name": name,
                    "line": {"color": charts.faint(), "width": 1.5},
                }
            )
    longest = max(len(table), int(live["epoch"].max()) if len(live) else 0)
    return charts.figure(
        traces,
        640,
        margin={"l": 0, "r": 12, "t": 48, "b": 20},
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0, "title": None},
        xaxis=charts.axis("Epoch", dtick=max(1, longest // 10), anchor="y3"),
        yaxis=charts.axis("Loss", domain=[0.64, 1]),
        yaxis2=charts.axis("On validation", domain=[0.22, 0.58]),
        yaxis3=charts.axis("Learning rate", domain=[0, 0.14], rangemode="tozero", nticks=3),
        **({} if kept is None else charts.guide("x", kept, "kept")),
    )
