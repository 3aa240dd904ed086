"""Which diagnosis is taken for which, and the photos of every cell."""

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.batch.tables import safe_table
from core.errors import DatasetError
from core.evaluation.files import ELSEWHERE
from core.evaluation.metrics import confusion
from core.evaluation.reports import ClassifierReport
from core.formatting import chance, percent
from core.ham10000.dataset import Dataset
from core.imaging.image import ImageError
from core.taxonomy import BY_KEY
from ui import state
from ui.choices import choose_one
from ui.dataset_cases import case_link, small
from ui.figures import option
from ui.parts.controls import select
from ui.performance import charts
from ui.performance.evaluations import NOT_KEPT, RULE, Choice, classifier_report
from ui.text import as_text

TITLE = "Confusions"
COUNTS, SHARES = "Counts", "Share of the true diagnosis"
ON_A_PAGE = 12


def show(choice: Choice) -> None:
    """The matrix, and below it the photos of the chosen cell."""
    found = classifier_report(choice.split)
    classes = found.classes
    truth, named = found.predictions["dx"].to_numpy(), found.named(choice.answer == RULE)
    index = pd.Index(classes)
    counts = confusion(index.get_indexer(named), index.get_indexer(truth), len(classes))
    opened = _opened(classes, counts)
    written = choose_one("In the cells", [SHARES, COUNTS], "cells")
    charts.show(
        matrix(classes, counts, written == COUNTS, opened),
        "confusion",
        "Confusion matrix, rows the truth, columns the answer. "
        + " ".join(
            f"{BY_KEY[key].name}: {counts[k, k]} of {counts[k].sum()} right."
            for k, key in enumerate(classes)
        ),
        "Each row holds all photos of one true diagnosis; the diagonal is correct. Click a cell, "
        "or choose it below, to see its photos. "
        + ", ".join(f"{key}: {BY_KEY[key].name_in_sentence}" for key in classes)
        + ".",
        pd.DataFrame(counts, columns=classes).assign(truth=classes)[["truth", *classes]],
        on_select=_clicked,
        selection_mode="points",
    )
    first, second = st.columns(2)
    diagnoses = {key: BY_KEY[key].name for key in classes}
    row = select("True diagnosis", diagnoses, "cell_truth", first)
    column = select("Model's answer", diagnoses, "cell_named", second)
    _cell(found, (truth == row) & (named == column), row, column, choice.split)


def _opened(classes: list[str], counts: np.ndarray) -> tuple[str, str]:
    """The cell whose photos are shown: true diagnosis, and the one named. At first it is that of
    the most frequent mistake with melanoma, which matters most; else of the most frequent one."""
    if not all(st.session_state.get(key) in classes for key in ("cell_truth", "cell_named")):
        wrong = counts - np.diag(np.diag(counts))
        if "mel" in classes and wrong[missed := classes.index("mel")].any():
            wrong[np.arange(len(classes)) != missed] = 0
        row, column = np.unravel_index(wrong.argmax(), wrong.shape)
        st.session_state["cell_truth"] = classes[row]
        st.session_state["cell_named"] = classes[column]
    return st.session_state["cell_truth"], st.session_state["cell_named"]


def _clicked() -> None:
    points = st.session_state["chart_confusion"]["selection"]["points"]
    if points:
        truth, named = points[0]["customdata"][:2]
        st.session_state["cell_truth"], st.session_state["cell_named"] = truth, named


def matrix(
    classes: list[str], counts: np.ndarray, as_counts: bool, opened: tuple[str, str] | None = None
) -> go.Figure:
    """A confusion matrix: counts K×K, rows the truth; or the shares of each row. `opened` is the
    cell (truth, answer) to frame."""
    size = len(classes)
    photos = counts.sum(axis=1)
    shares = counts / np.maximum(photos[:, None], 1)
    scale = option("chartSequentialColors")
    cells = list(np.ndindex(size, size))
    # The scale runs from the page's own shade to its opposite, so words change shade half-way.
    pale, deep = ("#E4EDEF", "#08161A") if charts.dark() else ("#08161A", "#FFFFFF")
    field = {
        "type": "heatmap",
        "z": shares,
        "colorscale": scale,
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "hoverinfo": "skip",
        "xgap": 2,
        "ygap": 2,
    }

    def label(row: int, column: int) -> str:
        if as_counts:
            return f"{counts[row, column]:,}"
        return f"{shares[row, column] * 100:.0f} %" if photos[row] else "–"

    # Once a point is clicked, Plotly pales the words of all others unless told their shade.
    words = []
    for shade, dark in ((pale, False), (deep, True)):
        written = [cell for cell in cells if (shares[cell] > 0.5) == dark]
        words.append(
            {
                "type": "scatter",
                "x": [column for _, column in written],
                "y": [row for row, _ in written],
                "mode": "text",
                "text": [label(*cell) for cell in written],
                "textfont": {"color": shade, "size": 13},
                "selected": {"textfont": {"color": shade}},
                "unselected": {"textfont": {"color": shade}},
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    # Fields of a heatmap cannot be clicked in Streamlit; unseen squares upon them can.
    squares = {
        "type": "scatter",
        "x": [column for _, column in cells],
        "y": [row for row, _ in cells],
        "mode": "markers",
        "marker": {"size": 44, "symbol": "square", "opacity": 0},
        "selected": {"marker": {"opacity": 0}},
        "unselected": {"marker": {"opacity": 0}},
        "customdata": [
            (classes[row], classes[column], int(counts[row, column]), percent(shares[row, column]))
            for row, column in cells
        ],
        "hovertemplate": "true %{customdata[0]}, answered %{customdata[1]}:<br>"
        "%{customdata[2]} images, %{customdata[3]} of the row<extra></extra>",
        "showlegend": False,
    }
    places = {"tickvals": list(range(size)), "ticktext": classes, "showgrid": False}
    return charts.figure(
        [field, *words, squares],
        120 + 52 * size,
        xaxis=charts.axis("Model's answer", side="top", range=(-0.5, size - 0.5), **places),
        yaxis=charts.axis("True diagnosis", range=(size - 0.5, -0.5), **places),
        margin={"l": 0, "r": 12, "t": 90, "b": 12},
        clickmode="event+select",
        shapes=[_frame(*map(classes.index, opened))] if opened else [],
    )


def _frame(row: int, column: int) -> dict[str, Any]:
    """A line around the cell whose photos are shown."""
    return {
        "type": "rect",
        "x0": column - 0.48,
        "x1": column + 0.48,
        "y0": row - 0.48,
        "y1": row + 0.48,
        "line": {"color": "#D5945E" if charts.dark() else "#9D5C2C", "width": 3},
    }


def _cell(found: ClassifierReport, rows: np.ndarray, truth: str, named: str, split: str) -> None:
    """The photos of one cell, those answered with most certainty first."""
    cell = found.predictions[rows]
    what = "answered correctly" if truth == named else f"answered {BY_KEY[named].name}"
    st.header(f"{BY_KEY[truth].name}, {what}: {len(cell):,}", anchor=False)
    if cell.empty:
        st.write("No photo is in this cell. Choose another.")
        return
    table = pd.DataFrame(
        {
            "Image": cell.index.astype(str),
            "Truth": BY_KEY[truth].name,
            "Answer": BY_KEY[named].name,
            "Probability of the answer": cell[named].to_numpy(),
            "Probability of the truth": cell[truth].to_numpy(),
            "Most probable": [BY_KEY[key].name for key in cell[found.classes].idxmax(axis=1)],
        }
    ).sort_values("Probability of the answer", ascending=False, ignore_index=True)
    if split == ELSEWHERE:
        st.info(NOT_KEPT)
    else:
        _gallery(table)
    st.dataframe(
        safe_table(table).style.format(
            chance, subset=["Probability of the answer", "Probability of the truth"]
        ),
        hide_index=True,
        height=min(38 + 35 * len(table), 320),
        alt="The photos of the cell, the most certain answer first",
    )
    charts.download(table, f"true-{truth}-answered-{named}")


def _gallery(table: pd.DataFrame) -> None:
    data = state.dataset()
    if isinstance(data, str):
        st.info(data, title="To see the photos, import the dataset", icon=":material/download:")
        return
    here = table["Image"].isin(data.table.index.astype(str))
    if not here.all():
        left = (~here).sum()
        st.info(
            f"{left:,} of these {len(table):,} photos are not imported.", icon=":material/info:"
        )
    table = table[here].reset_index(drop=True)
    if table.empty:
        return
    pages = -(-len(table) // ON_A_PAGE)
    page = 1
    if pages > 1:
        cell = "_".join(table.loc[0, ["Truth", "Answer"]])
        page = st.pagination(pages, key=f"page_{cell}")
    shown = table.iloc[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    with st.container(horizontal=True):
        for row in shown.to_dict("records"):
            with st.container(width=150, gap="xsmall"):
                _card(data, row)


def _card(data: Dataset, row: dict) -> None:
    image_id = row["Image"]
    try:
        photo = small(data, image_id)
    except (DatasetError, ImageError):
        st.caption(f"{as_text(image_id)}: its photo is not imported, or damaged.")
        return
    st.image(photo, width="stretch", alt=f"Photo {image_id}, truth: {row['Truth']}")
    words = {row["Answer"]: "Probability of the answer", row["Truth"]: "Probability of the truth"}
    st.caption(", ".join(f"{name} {chance(row[column])}" for name, column in words.items()))
    case_link(image_id, f"open_{image_id}")
