"""One diagnosis: what to look for, how common it is, and how the model does with it."""

import contextlib
import hashlib

import numpy as np
import pandas as pd
import streamlit as st

from core.errors import DatasetError
from core.evaluation.files import EvaluationError
from core.evaluation.metrics import CLASS_NAMES, bootstrap_ratios
from core.evaluation.reports import ClassifierReport
from core.formatting import percent
from core.ham10000.dataset import CREDIT, Dataset
from core.ham10000.explore import facts
from core.imaging.image import ImageError
from core.learning.lessons import LESSONS
from core.models.weights import WeightsError
from core.taxonomy import BY_KEY
from ui import state
from ui.case import confirmed_by, told
from ui.dataset_cases import small
from ui.figures import LEGEND_ABOVE, colour
from ui.performance import charts
from ui.performance.evaluations import report_in_use
from ui.text import as_text

EXAMPLES = 6
CONFUSIONS = 3
SITES = 8


def show(key: str) -> None:
    """All about one diagnosis."""
    diagnosis, lesson = BY_KEY[key], LESSONS[key]
    st.header(diagnosis.name, anchor=False)
    st.markdown(f":gray-badge[{diagnosis.group} group] {diagnosis.text}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(f"**What to look for**\n{lesson.points}")
        st.markdown(f"**Beware.** {lesson.beware}")
        st.caption(lesson.after)
        st.markdown(f"**How common.** {lesson.in_life} :small[{lesson.in_life_source.cited}]")
    data = state.dataset()
    with right:
        model(key)
    if isinstance(data, str):
        st.info(
            "Ages, sites and example cases show here once HAM10000 is imported. " + as_text(data),
            icon=":material/download:",
        )
        return
    examples(key, data)
    people(key, data)


def model(key: str) -> None:
    """Sensitivity, PPV and the usual confusions, with intervals."""
    st.markdown("**The model on the test split**")
    try:
        found = report_in_use("test")
        measured = found.figures.classes[key].figures
        rows = {
            f"{CLASS_NAMES[measure]}: {meaning}": measured[measure].text(2)
            for measure, meaning in (
                ("recall", "of its photos, the share that is found"),
                ("precision", "of the photos named so, the share that is right"),
                ("auc", "how well its probability ranks photos"),
            )
        }
        mixed = confused(found, key)
    except (EvaluationError, WeightsError, KeyError) as error:
        st.caption(
            as_text(str(error))
            if isinstance(error, EvaluationError | WeightsError)
            else "The classifier in use has no figures of this diagnosis."
        )
        return
    st.table({"Measure": list(rows), "Value (95 % interval)": list(rows.values())})
    name = found.predictions["dx"] == key
    lesions = found.predictions.loc[name, "lesion_id"].nunique()
    if mixed:
        st.markdown("Taken for:\n" + "\n".join(f"- {line}" for line in mixed))
    st.caption(
        f"{int(name.sum()):,} photos of {lesions:,} lesions. Intervals: 95 %, bootstrapped over "
        "lesions. On photos of other clinics the model is worse; see Performance."
    )


def confused(found: ClassifierReport, key: str) -> list[str]:
    """What the model takes the diagnosis for, the most frequent first."""
    rows = (found.predictions["dx"] == key).to_numpy()
    if not rows.any():
        return []
    named, groups = found.named(by_rule=True)[rows], found.groups[rows]
    others = pd.Series(named[named != key]).value_counts().index[:CONFUSIONS]
    if not len(others):
        return []
    hits = np.stack([named == other for other in others], axis=1).astype(float)
    ends = bootstrap_ratios(hits, np.ones_like(hits), groups)
    return [
        f"{BY_KEY[other].name}: {percent(hits[:, n].mean())} "
        f"({ends[n, 0] * 100:.0f} to {ends[n, 1] * 100:.0f} %)"
        for n, other in enumerate(others)
    ]


def examples(key: str, data: Dataset) -> None:
    """A few photos, of the training split: those of the test split are for the quiz."""
    table = data.table
    known = table[(table["dx"] == key) & (table["split"] == "train")]
    known = known.drop_duplicates("lesion_id")
    order = sorted(known.index, key=lambda i: hashlib.sha256(str(i).encode()).hexdigest())
    st.markdown("**Examples**")
    shown = 0
    with st.container(horizontal=True):
        for image in order:
            with contextlib.suppress(DatasetError, ImageError, OSError):
                photo = small(data, image)
                record = table.loc[image]
                with st.container(width=160, gap="xsmall"):
                    st.image(photo, width="stretch", alt=f"{BY_KEY[key].name}, example {shown + 1}")
                    st.caption(as_text(f"{told(record, 'localization')} · {confirmed_by(record)}"))
                shown += 1
            if shown == EXAMPLES:
                break
    st.caption(f"Of the lesions the model learned from; those of the quiz are others. {CREDIT}.")


def people(key: str, data: Dataset) -> None:
    """How common it is in the dataset, and at which ages and sites."""
    lesions = facts(data.table, None).drop_duplicates("lesion_id")
    own = lesions[lesions["dx"] == key]
    st.markdown(
        f"**In HAM10000:** {len(own):,} of {len(lesions):,} lesions "
        f"({percent(len(own) / max(len(lesions), 1), 1)})."
    )
    left, right = st.columns(2, gap="large")
    for place, column, title in (
        (left, "age_band", "Age"),
        (right, "localization", "Site"),
    ):
        shares = own[column].value_counts(normalize=True, sort=False)
        every = lesions[column].value_counts(normalize=True, sort=False)
        if column == "localization":
            kept = shares.sort_values(ascending=False).index[:SITES]
            shares, every = shares[kept], every[kept]
        with place:
            _bars(key, column, title, shares, every)


def _bars(key: str, column: str, title: str, shares: pd.Series, every: pd.Series) -> None:
    names = [str(name) for name in shares.index]
    own = {
        "type": "bar",
        "name": BY_KEY[key].name,
        "orientation": "h",
        "y": names,
        "x": 100 * shares.to_numpy(),
        "marker": {"color": colour(key, charts.dark())},
        "hovertemplate": "%{y}: %{x:.0f} %<extra></extra>",
    }
    all_of_them = {
        "type": "scatter",
        "mode": "markers",
        "name": "All lesions",
        "y": names,
        "x": 100 * every[shares.index].to_numpy(),
        "marker": {
            "symbol": "line-ns-open",
            "size": 14,
            "line": {"width": 3},
            "color": charts.faint(),
        },
        "hovertemplate": "All lesions, %{y}: %{x:.0f} %<extra></extra>",
    }
    most = float(max(shares.max(), every.max(), 0.01))
    figure = charts.figure(
        [own, all_of_them],
        140 + 30 * len(names),
        xaxis=charts.axis("Share of the lesions", ticksuffix=" %", range=(0, most * 110)),
        yaxis=charts.axis("", autorange="reversed", ticksuffix=" "),
        legend=LEGEND_ABOVE,
        margin={"l": 0, "r": 12, "t": 70, "b": 40},
    )
    words = ", ".join(f"{n} {percent(s)}" for n, s in zip(names, shares, strict=True))
    charts.show(
        figure,
        f"{key}-{column}",
        f"{BY_KEY[key].name} by {title.lower()}: {words}",
        f"{title}: bars for this diagnosis, lines for all lesions. They tell who was photographed, "
        "not who gets it.",
        pd.DataFrame({column: names, "share": shares.to_numpy(), "all": every.to_numpy()}),
    )
