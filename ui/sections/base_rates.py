"""Other patients: the same photo where each diagnosis is more or less common."""

import numpy as np
import streamlit as st

from core.answer.prior import (
    COUNTED_IN,
    COUNTED_LIMITS,
    COUNTED_LINK,
    COUNTED_SOURCE,
    general_practice,
    reweigh,
)
from core.answer.words import answer_in_words
from core.formatting import chance, percent
from core.taxonomy import BY_KEY, ORDER
from ui.case import Case
from ui.choices import choose_one
from ui.figures import show_figure
from ui.sections.charts import before_and_after
from ui.state import ShownAnalysis, model_server
from ui.text import as_text

TITLE = ":material/groups: Other patients"

ROOMS = {
    "ham": "HAM10000",
    "practice": "General practice",
    "answer": "Behind the answer",
    "equal": "All equally common",
    "own": "Your own",
}


def show(case: Case, shown: ShownAnalysis) -> None:
    """Choose who waits, and see the seven probabilities move."""
    analysis = shown.analysis
    st.write(
        "The same photo means something else among other patients: where a diagnosis is rare, a "
        "photo that looks like it is less likely to be it."
    )
    room = choose_one("How common is each diagnosis?", ROOMS, "room", default="practice")
    analyser = model_server().analyser
    prior = analyser.calibration.prior
    if room == "ham":
        new = prior
        st.caption("The shares in the training images: what the probabilities above assume.")
    elif room == "answer":
        new = analyser.decision.assumed
        st.caption(
            "The answer is the diagnosis that would be the most probable one, if each were as "
            "common as in the table below. In other words: "
            f"{as_text(answer_in_words(analyser.rule))}."
        )
    elif room == "equal":
        new = np.full(len(prior), 1 / len(prior))
        st.caption("No group of patients is like that, but it shows what the photo alone says.")
    elif room == "practice":
        new = general_practice(analysis.classes, prior)
        st.caption(
            f"Counted in {COUNTED_IN}: [{COUNTED_SOURCE}]({COUNTED_LINK}). Approximate. "
            f"{COUNTED_LIMITS}"
        )
    else:
        new = _own(analysis.classes, prior)
        if not new.any():
            st.info("Give at least one diagnosis a share above 0.", icon=":material/info:")
            return
        new = new / new.sum()
    _before_and_after(shown, prior, new)


def _own(classes: tuple[str, ...], prior: np.ndarray) -> np.ndarray:
    """Seven numbers of any scale, float K ≥ 0."""
    usual = {key: round(100 * float(share), 2) for key, share in zip(classes, prior, strict=True)}
    with st.grid(4, min_column_width=200):
        values = [
            st.number_input(
                BY_KEY[key].name,
                0.0,
                1000.0,
                usual[key],
                1.0,
                format="%.2f",
                key=f"share_{key}",
                persist_state="session",
            )
            for key in ORDER
        ]
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button("Back to HAM10000's", icon=":material/undo:", on_click=_reset, args=(usual,))
    row.caption(f"Lesions of each kind, on any scale; now {sum(values):g} in all.")
    return np.array([values[ORDER.index(key)] for key in classes])


def _reset(usual: dict[str, float]) -> None:
    for key, value in usual.items():
        st.session_state[f"share_{key}"] = value


def _before_and_after(shown: ShownAnalysis, prior: np.ndarray, new: np.ndarray) -> None:
    analysis = shown.analysis
    before = analysis.probabilities
    after = reweigh(before, prior, new)
    order = [analysis.classes.index(key) for key in ORDER]
    names = [BY_KEY[key].name for key in ORDER]
    malignant = np.array([BY_KEY[key].malignant for key in analysis.classes])
    top = int(after.argmax())
    st.markdown(
        f"Most probable here: **{BY_KEY[analysis.classes[top]].name}**, "
        f"{chance(float(after[top]))}. The three malignant diagnoses together: "
        f"{chance(float(before[malignant].sum()))} before, "
        f"**{chance(float(after[malignant].sum()))}** here."
    )
    pairs = [
        f"{name} {chance(float(before[k]))} before, {chance(float(after[k]))} here"
        for name, k in zip(names, order, strict=True)
    ]
    chart = before_and_after(analysis.classes, before, after, ("before", "here"))
    show_figure(chart, "; ".join(pairs), "rooms")
    with st.expander("The shares, and how it is computed"):
        st.table(
            {
                "Diagnosis": names,
                "Share in HAM10000": [percent(float(prior[k]), 1) for k in order],
                "Share here": [percent(float(new[k]), 1) for k in order],
            },
            alt="Share of each diagnosis in both groups of patients",
        )
        st.caption(
            "Each probability is multiplied by the new share and divided by the old one; then all "
            "are scaled to sum to 100 % (Bayes' rule; [Saerens et al., Neural Computation 14:21, "
            "2002](https://doi.org/10.1162/089976602753284446)). This holds if only the shares "
            "differ and each diagnosis looks the same in both places, which is never quite so."
        )
