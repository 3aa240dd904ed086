"""How both models learned, epoch by epoch."""

from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.evaluation.files import EvaluationError, read_training
from core.evaluation.metrics import NAMES, column_title
from core.glossary import TASKS
from core.models.cards import Training
from core.models.registry import in_use
from ui.figures import text_colour
from ui.performance import charts
from ui.performance.evaluations import Choice, card_of
from ui.text import as_text

TITLE = "Learning"
LOSSES = ("train_loss", "val_nll", "elsewhere_nll")
DESCRIBED = {
    "train_loss": "training loss",
    "val_nll": "negative log-likelihood on validation",
    "val_mean_iou": "mean IoU on validation",
    "elsewhere_nll": "negative log-likelihood on validation photos from elsewhere",
    "elsewhere_mean_iou": "mean IoU on validation photos from elsewhere",
}
"""Curves that are described in words."""
LEFT_OUT = ("val_score", "val_ece", "val_failed")
"""`val_score` repeats what an epoch was chosen by; the others are no shares of what went well."""


def show(choice: Choice) -> None:
    """Losses above, measures of the validation split below, for each model."""
    st.caption("From the training itself.")
    for model, title in TASKS.items():
        st.header(title, anchor=False)
        folder = in_use(model).folder
        table = show_training(folder, f"learning-{model}")
        if table is None:
            continue
        card = card_of(folder)
        took = duration_of(table, card.training)
        started = as_text(card.start or "not stated")
        st.caption(f"{len(table)} epochs{took}. Started from: {started}.")


def show_training(folder: Path, name: str) -> pd.DataFrame | None:
    """The curves of a model's training, and its table; None, and why, if that cannot be read."""
    try:
        table = read_training(folder)
    except EvaluationError as error:
        st.error(as_text(str(error)), title="No learning curve")
        return None
    show_curves(table, name, described(table), "was kept")
    return table


def show_curves(
    table: pd.DataFrame, name: str, alt: str, said: str, live: pd.DataFrame | None = None
) -> None:
    """The curves with their reading help.

    Args:
        table: a row for each epoch; may be empty.
        name: of the chart, for its downloads.
        alt: what it shows, in words.
        said: of the best epoch, such as "was kept".
        live: points between the epochs, if the training is under way.
    """
    kept = best_epoch(table)
    charts.show(
        curves(table, kept, live),
        name,
        alt,
        reading(table, kept, said),
        live if live is not None and table.empty else table,
    )


def reading(table: pd.DataFrame, kept: int | None, said: str) -> str:
    """What to look for in the curves, and why the epoch `said` (such as "was kept") is the one."""
    parts = []
    if "train_loss" in table:
        parts = ["A training loss that falls while validation no longer gains means overfitting."]
    if kept is not None:
        parts.append(
            f"Epoch {kept} {said}: it has {criterion(table)}; the other curves do not decide."
        )
    if "validation_size" not in table and "size" in table and table["size"].nunique() > 1:
        parts.append(
            "Each epoch was validated at its own size here, and the size alone moves the scores."
        )
    if "val_nll" in table:
        at = _validated_at(table)
        parts.append(
            f"Measured before calibration{f', at {at} px' if at else ''}: the finished model's "
            "figures differ."
        )
    if "val_balanced_recall" in table:
        parts.append(
            f"“{NAMES['balanced_accuracy']}” is that of the most probable class; "
            f"“{NAMES['balanced_recall']}” that of the class named if all were equally common, "
            "which finds rare ones more often."
        )
    return " ".join(parts)


def _validated_at(table: pd.DataFrame) -> int | None:
    """The one input size at which every epoch was validated; None if it is not known."""
    sizes = table["validation_size"].unique() if "validation_size" in table else []
    return int(sizes[0]) if len(sizes) == 1 else None


def criterion(table: pd.DataFrame) -> str:
    """By what an epoch is the best: what `val_score` is made of (see the classes of trainings)."""
    loss, overlap = "val_nll" in table, "val_mean_iou" in table
    where = "validation"
    if "elsewhere_nll" in table or "elsewhere_mean_iou" in table:
        where = "validation and on validation photos from elsewhere, half and half"
    if loss and overlap:
        return "the highest mask weight × mean IoU − negative log-likelihood on validation"
    if loss:
        return f"the lowest negative log-likelihood on {where}"
    return f"the highest {'mean IoU' if overlap else 'score'} on {where}"


def described(table: pd.DataFrame) -> str:
    """The curves for those who do not see them."""
    said = f"Learning curves over {len(table)} epochs"
    for column, name in DESCRIBED.items():
        if column in table:
            first, last = table[column].iloc[[0, -1]]
            said += f"; {name} from {first:.3f} to {last:.3f}"
    return f"{said}."


def duration_of(table: pd.DataFrame, training: Training) -> str:
    """How long the training took: estimated from the quickest epoch of each size, as most computers
    do other things beside, and by the clock."""
    if "seconds" not in table or table.empty:
        return ""
    sizes = table["size"] if "size" in table else pd.Series(0, index=table.index)
    alone = table.groupby(sizes)["seconds"].transform("min").sum()
    machine = ""
    if training.device not in ("", "cpu"):
        machine = " on a GPU"
    elif training.threads:
        machine = f" on {training.threads} CPU threads"
    clock = table["seconds"].sum()
    if clock < 1.1 * alone:
        return f", {_hours(clock)} of computing{machine}"
    return (
        f", about {_hours(alone)} of computing{machine} (estimated from the quickest epoch of each "
        f"size; {_hours(clock)} by the clock, beside other work)"
    )


def _hours(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds < 6000 else f"{seconds / 3600:.1f} hours"


def best_epoch(table: pd.DataFrame) -> int | None:
    """The epoch with the highest `val_score`, if there is that column."""
    if "val_score" not in table or table["val_score"].isna().all():
        return None
    return int(table.loc[table["val_score"].idxmax(), "epoch"])


def curves(table: pd.DataFrame, kept: int | None, live: pd.DataFrame | None = None) -> go.Figure:
    """Losses above, measures and the learning rate below; each line has dashes and markers of its
    own.

    Args:
        table: as `core.evaluation.files.read_training` describes it; may be empty.
        kept: an epoch to mark.
        live: points between the epochs, drawn as thin lines: `epoch`, `train_loss`,
            `learning_rate`.
    """
    measures = [c for c in table if str(c).startswith("val_") and c not in (*LOSSES, *LEFT_OUT)]
    measures += [c for c in ("elsewhere_mean_iou", "train_accuracy") if c in table]
    shades = (charts.faint(), charts.accent(), text_colour(charts.dark()))
    traces = []
    for axis, columns in (("y", [c for c in LOSSES if c in table]), ("y2", measures)):
        for place, column in enumerate(columns):
            name = column_title(str(column))
            shade = shades[(place + (axis == "y2")) % len(shades)]
            looks = charts.nth(place, shade)
            traces.append(charts.lines(table["epoch"], table[column], name, yaxis=axis, **looks))
    if live is None or live.empty:
        rate = next((c for c in table if str(c).startswith("lr-")), "")
        live = table[["epoch"]].assign(learning_rate=table[rate]) if rate else pd.DataFrame()
    for axis, column, name in (
        ("y", "train_loss", "Training loss within the epoch"),
        ("y3", "learning_rate", "Learning rate"),
    ):
        if column in live:
            line = {"color": charts.faint(), "width": 1.5}
            traces.append(charts.lines(live["epoch"], live[column], name, line, yaxis=axis))
    lossless = not any(column in table for column in LOSSES)
    longest = max(len(table), int(live["epoch"].max()) if len(live) else 0)
    return charts.figure(
        traces,
        640,
        margin={"l": 0, "r": 12, "t": 48, "b": 20},
        legend={"orientation": "h", "y": -0.14, "yanchor": "top", "x": 0, "title": None},
        xaxis=charts.axis("Epoch", dtick=max(1, longest // 10), anchor="y3"),
        yaxis=charts.axis("Loss", domain=[0.64, 1], visible=not lossless),
        yaxis2=charts.axis("On validation", domain=[0.22, 1 if lossless else 0.58]),
        yaxis3=charts.axis(
            "Learning rate", domain=[0, 0.14], rangemode="tozero", nticks=3, exponentformat="none"
        ),
        **({} if kept is None else charts.guide(kept, "kept")),
    )
