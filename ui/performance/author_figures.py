"""The figures that authors of notebooks show, for our runs of their experiments: curves, confusion
matrix, ROC of each class, classification report, and the outlines of a fixed 50."""

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from core.batch.tables import safe_table
from core.evaluation.figures import UNKNOWN
from core.evaluation.files import ClassifierEvaluation, SegmenterEvaluation
from core.taxonomy import BY_KEY, class_name
from train.experiments import Experiment
from ui.choices import choose_one
from ui.performance import charts, confusions, learning
from ui.performance.sides import HEADS, Measured

CURVES, CONFUSION, ROC, REPORT, FIFTY = (
    "Curves",
    "Confusion matrix",
    "ROC",
    "Classification report",
    "A fixed 50",
)


def show(experiment: Experiment, kind: str, found: dict[str, Measured]) -> None:
    """One figure, of the run with images at random beside that by lesion."""
    shown = [CURVES, CONFUSION, ROC, REPORT] if kind == "classifier" else [CURVES, FIFTY]
    name = f"{experiment.key}-{kind}"
    chosen = choose_one("As its author shows it", shown, f"author_{kind}")
    if chosen == FIFTY:
        _fifty(experiment, {HEADS[split]: side for split, side in found.items()})
        return
    for split, side in found.items():
        st.markdown(f"**{HEADS[split]}**")
        if chosen == CURVES:
            learning.show_training(side.folder, f"experiment-curves-{name}-{split}")
        elif isinstance(side.figures, ClassifierEvaluation):
            {CONFUSION: _confusion, ROC: _roc, REPORT: _report}[chosen](
                f"{name}-{split}", side.figures
            )


def _confusion(name: str, figures: ClassifierEvaluation) -> None:
    classes = list(figures.confusion.classes)
    counts = np.array(figures.confusion.most_probable or figures.confusion.counts)
    charts.show(
        confusions.matrix(classes, counts, False),
        f"experiment-confusion-{name}",
        "Confusion matrix of the most probable class. "
        + " ".join(
            f"{k}: {counts[i, i]} of {counts[i].sum()} right." for i, k in enumerate(classes)
        ),
        "Each row holds all test photos of one true class; the diagonal is right.",
        pd.DataFrame(counts, columns=classes).assign(truth=classes)[["truth", *classes]],
    )


def _roc(name: str, figures: ClassifierEvaluation) -> None:
    curves = figures.others.get("curves", {})
    traces: list[dict[str, Any]] = []
    parts: list[pd.DataFrame] = []
    for place, (key, row) in enumerate(figures.classes.items()):
        points = curves.get(key, {}).get("roc", {})
        if not points or row.support == 0:
            continue
        auc = row.figures.get("auc", UNKNOWN).number(2)
        table = pd.DataFrame(points)
        looks = charts.line(key) if key in BY_KEY else {"dash": charts.DASHES[place % 7]}
        alarms = 1 - table["specificity"]
        traces.append(charts.lines(alarms, table["sensitivity"], f"{key}, AUC {auc}", looks))
        parts.append(table.assign(question=key))
    if not parts:
        st.caption("This evaluation has no ROC curves.")
        return
    charts.show(
        charts.figure(
            traces,
            460,
            xaxis=charts.axis("1 − specificity: false alarms", range=charts.SHARES),
            yaxis=charts.axis("Sensitivity", range=charts.SHARES),
            legend={"orientation": "h", "y": -0.18, "yanchor": "top", "x": 0, "title": None},
        ),
        f"experiment-roc-{name}",
        "ROC of each class against all others: " + ", ".join(t["name"] for t in traces),
        "Each class against all others. AUC does not depend on how common a class is, so it hides "
        "the false alarms of rare ones.",
        pd.concat(parts),
    )


def _report(name: str, figures: ClassifierEvaluation) -> None:
    """Precision, recall, F1 and support, as scikit-learn's `classification_report` prints."""
    rows = figures.most_probable_classes
    if not rows:
        st.caption("This evaluation is older than the report; measure it again.")
        return
    measures = ("precision", "recall", "f1")
    table = pd.DataFrame(
        [
            {
                "Class": class_name(key),
                **{m.capitalize(): row.figures.get(m, UNKNOWN).text(2) for m in measures},
                "Support": row.support,
            }
            for key, row in rows.items()
        ]
    )
    support = np.array([row.support for row in rows.values()])
    averages = (("macro average", support > 0), ("weighted average", support))
    found = {
        m.capitalize(): [row.figures.get(m, UNKNOWN).value or 0.0 for row in rows.values()]
        for m in measures
    }
    for label, weights in averages if support.any() else ():
        values = {m: f"{np.average(each, weights=weights):.2f}" for m, each in found.items()}
        table.loc[len(table)] = {"Class": label, **values, "Support": int(support.sum())}
    table = safe_table(table)
    st.dataframe(table, hide_index=True, height="content", alt="Classification report")
    st.caption("As scikit-learn prints it: its precision is the PPV, its recall the sensitivity.")
    charts.download(table, f"experiment-report-{name}")


def _fifty(experiment: Experiment, found: dict[str, Measured]) -> None:
    rows = []
    if fixed := experiment.fixed:
        rows.append(
            {
                "Masks": "Published, 50 of the author's",
                "IoU": f"{fixed['mean']:.3f} ± {fixed['sd']:.3f}",
                "Least": f"{fixed['least']:.3f}",
                "Most": "–",
                "Dice": "–",
            }
        )
    for head, side in found.items():
        if not isinstance(side.figures, SegmenterEvaluation):
            continue
        subset = side.figures.others.get("subset", {})
        iou, dice = subset.get("iou", {}), subset.get("dice", {})
        if not iou:
            continue
        rows.append(
            {
                "Masks": f"{head}, {subset.get('images')} of the test photos",
                "IoU": f"{iou['mean']:.3f} ± {iou['sd']:.3f}",
                "Least": f"{iou['min']:.3f}",
                "Most": f"{iou['max']:.3f}",
                "Dice": f"{dice['mean']:.3f} ± {dice['sd']:.3f}",
            }
        )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="IoU and Dice of a fixed 50 photos")
    st.caption(
        ":material/menu_book: Mean ± standard deviation over photos, as student projects give it: "
        "how far photos differ, no interval of the mean. Ours are the 50 with the lowest SHA-256 "
        "of their id; on 50 photos a mean is about four times as uncertain as on 1,000."
    )
