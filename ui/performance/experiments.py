"""What students have read about, run here: as published, with images at random, by lesion."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.evaluation.difference import HOW
from core.evaluation.figures import UNKNOWN, Figure
from core.evaluation.files import EvaluationError, read_training
from core.evaluation.metrics import CLASS_NAMES
from core.formatting import percent
from core.glossary import TASKS
from core.taxonomy import class_name
from train.choices import IMAGES
from train.experiments import EXPERIMENTS, SOURCE, SPLIT_WORDS, Experiment, command
from train.presets import LENGTHS
from ui.choices import choose_one
from ui.parts.controls import select
from ui.performance import author_figures, charts
from ui.performance.sides import HEADS, SHOWN, WORDS, Measured, apart, compared, sides
from ui.text import as_code, as_text

TITLE = "What you may have read"
PER_CLASS = ("recall", "precision", "f1", "auc")


def show() -> None:
    """A table of all experiments, then one of them by class."""
    st.header(TITLE, anchor=False)
    st.markdown(
        "The same training, measured twice: with **images split at random**, as most notebooks do, "
        "and **by lesion**. The difference tells what memory of the same lesion is worth, as far "
        "as its interval allows."
    )
    rows, differences = [], []
    for experiment in EXPERIMENTS:
        for kind in experiment.published:
            length, found = sides(experiment.key, kind)
            for name, value in experiment.published[kind].items():
                figures = {split: side.measure(name) for split, side in found.items()}
                differences.append(apart(figures))
                rows.append(
                    {
                        "Experiment": experiment.preset.title,
                        "Length": LENGTHS[length] if length else "–",
                        "Measure": WORDS[name],
                        "Published": f"{value:.3f}",
                        **compared(figures),
                    }
                )
    table = pd.DataFrame(rows)
    if finding := _finding(differences):
        st.markdown(f"**{finding}**")
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        column_config={"Experiment": charts.first_column()},
        alt="Experiments: published figures, ours with images at random, ours by lesion, and the "
        "difference",
    )
    charts.download(table, "experiments")
    st.caption(
        f":material/menu_book: Published: {SOURCE}. Ours: test photos of each split, the most "
        f"probable class, in brackets 95 % intervals. {HOW}"
    )
    key = select("Experiment", {e.key: e.preset.title for e in EXPERIMENTS}, "experiment")
    _one(next(e for e in EXPERIMENTS if e.key == key))


def _finding(differences: Sequence[Figure]) -> str:
    """What the table shows, in a sentence; empty while no experiment was run under both splits."""
    known = [found for found in differences if found.low is not None]
    if not known:
        return ""
    higher = sum(found.low is not None and found.low > 0 for found in known)
    of = f"of the {len(known)} comparisons with an interval"
    if higher:
        return f"In {higher} {of}, splitting images at random gives a clearly higher figure."
    return (
        f"In none {of} does splitting images at random give a clearly higher figure over all "
        "photos: here it does not explain what was published. That is no proof that it does no "
        "harm: only a split by lesion is sure to measure no memory."
    )


def _one(experiment: Experiment) -> None:
    """By class, and what its author shows."""
    st.caption(as_text(f"Its author: {experiment.protocol}."))
    for kind in experiment.published:
        if len(experiment.published) > 1:
            st.markdown(f"**{TASKS[kind]}**")
        found = sides(experiment.key, kind)[1]
        missing = [words for split, words in SPLIT_WORDS.items() if split not in found]
        if missing:
            what = " and ".join(missing)
            st.info(
                f"Not run here yet: {what}. With HAM10000 imported, this trains and measures it in "
                f"the background: {as_code(f'{command(experiment.key)} --background')}",
                icon=":material/hourglass_empty:",
            )
        if not found:
            continue
        for side in found.values():
            if side.figures.leak:
                st.warning(as_text(side.figures.leak.text()), icon=":material/warning:")
        _overall(experiment, kind, found)
        if less := _shortfall(experiment, kind, found):
            st.info(as_text(less), icon=":material/trending_down:")
        _by_class(experiment.key, found)
        author_figures.show(experiment, kind, found)


def _overall(experiment: Experiment, kind: str, found: dict[str, Measured]) -> None:
    published = experiment.published[kind]
    rows = [
        {
            "Measure": WORDS[name],
            "Published": f"{published[name]:.3f}" if name in published else "–",
            **compared({split: side.measure(name) for split, side in found.items()}),
        }
        for name in SHOWN[kind]
    ]
    counts = "; ".join(
        f"{HEADS[split]}: {side.figures.images:,} test photos of {side.figures.lesions:,} lesions, "
        f"started from {side.card.start or 'not stated'}"
        for split, side in found.items()
    )
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="The experiment's measures")
    st.caption(as_text(f"{counts}."))


def _shortfall(experiment: Experiment, kind: str, found: dict[str, Measured]) -> str:
    """Where the whole interval of ours lies below what was published, how far, and why; else empty.
    Ours is that with images at random, as its author split, where there is one."""
    side = found.get(IMAGES) or next(iter(found.values()))
    published = experiment.published[kind]
    ours = {name: side.measure(name) for name in published}
    less = [
        f"{WORDS[name]} {figure.text()} instead of {published[name]:.3f}"
        for name, figure in ours.items()
        if (most := figure.value if figure.high is None else figure.high) is not None
        and most < published[name]
    ]
    if not less:
        return ""
    parts = [f"Less than was published: {'; '.join(less)}.", experiment.shortfall]
    last = _last_epoch(side)
    learned, validated = last.get("train_accuracy", 0), last.get("val_accuracy", 1)
    if learned > validated:
        parts.append(
            f"In its last epoch it named {percent(learned)} of the photos that it was learning "
            f"from correctly, and {percent(validated)} of the validation photos: a notebook may "
            "report either."
        )
    return " ".join(filter(None, parts))


def _last_epoch(side: Measured) -> dict[str, float]:
    """What was measured in it; empty if that was not kept."""
    try:
        return dict(read_training(side.folder).iloc[-1].dropna())
    except EvaluationError:
        return {}


def _by_class(key: str, found: dict[str, Measured]) -> None:
    by_rule = any(side.by_rule for side in found.values())  # unlike answers cannot be compared
    classes = {split: side.classes(by_rule) for split, side in found.items()}
    names = list(dict.fromkeys(name for rows in classes.values() for name in rows))
    if not names:
        return
    measure = choose_one(
        "By class", {m: CLASS_NAMES[m] for m in PER_CLASS}, "experiment_measure", default="recall"
    )
    rows = []
    for name in names:
        measured = {split: of[name] for split, of in classes.items() if name in of}
        rows.append(
            {
                "Class": class_name(name),
                "Test photos": " / ".join(f"{row.support:,}" for row in measured.values()),
                **compared({s: row.figures.get(measure, UNKNOWN) for s, row in measured.items()}),
            }
        )
    table = pd.DataFrame(rows)
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        alt=f"{CLASS_NAMES[measure]} of each class under both splits, with the difference",
    )
    charts.download(table, f"experiment-{key}-classes")
    said = next((side for side in found.values() if side.by_rule), next(iter(found.values())))
    st.caption(f":material/menu_book: By {said.answer}.")
