"""Performance: how good the models are, how sure that is, and where they fail."""

from contextlib import suppress

import streamlit as st

from core.answer.words import answer_in_words, rule_in_words
from core.evaluation.figures import Rule
from core.evaluation.files import (
    ELSEWHERE,
    ClassifierEvaluation,
    Evaluation,
    EvaluationError,
    names,
)
from core.models.registry import in_use
from core.taxonomy import DIAGNOSES
from ui.choices import choose_one, in_address
from ui.performance import (
    calibration,
    comparison,
    confusions,
    critical,
    groups,
    learning,
    operating,
    outlines,
    overview,
)
from ui.performance.evaluations import MOST_PROBABLE, RULE, SPLITS, Choice, evaluation
from ui.state import cards
from ui.text import as_text

TABS = (
    overview,
    confusions,
    operating,
    calibration,
    groups,
    outlines,
    learning,
    comparison,
    critical,
)
"""In reading order. Each has a TITLE and `show(choice)`; only the open one runs."""

TAB = "performance_tab"
"""Of the session: the title of the open tab."""
OF_ALL_SPLITS = {learning.TITLE, critical.TITLE}
"""Tabs to which it makes no difference which split is chosen, …"""
OF_AN_ANSWER = {overview.TITLE, confusions.TITLE, groups.TITLE, comparison.TITLE}
"""… and to which it does which answer."""

NO_DIFFERENCE = "The open tab does not depend on this."

ABOUT_SPLIT = {
    "test": "Test: lesions that neither training nor tuning has seen. Quote these.",
    "validation": "Validation: the epoch, the input size, the calibration and the rule were chosen "
    "on these lesions, so these figures flatter the models. Quote the test split.",
    ELSEWHERE: "Photos of other clinics that no training learns from. The shipped classifier has "
    "learned from others of the same archives and was chosen on these as well, so expect less of a "
    "photo of your own. Diagnoses without a photo here are left out of the averages.",
}


def validation() -> None:
    """Choose the validation split: a model of one's own has figures of no other at first."""
    st.session_state["split"] = "validation"


st.title(
    "Performance",
    anchor=False,
    help="How often the models in use are right, how sure that is, and where they fail.",
)

opened = in_address("tab", TAB, {t.TITLE: t.__name__.rpartition(".")[2] for t in TABS})
in_address("split", "split", {split: split for split in SPLITS})
first, second = st.columns(2)
split = choose_one("Split", SPLITS, "split", first, disabled=opened in OF_ALL_SPLITS)
first.caption(NO_DIFFERENCE if opened in OF_ALL_SPLITS else ABOUT_SPLIT[split])

figures: Evaluation | None = None
with suppress(EvaluationError):  # the tabs that need it say so
    figures = evaluation(in_use("classifier").folder, split)
answer = RULE
if isinstance(figures, ClassifierEvaluation) and figures.most_probable:
    rule = figures.decision or Rule()
    answer = choose_one(
        "Answer",
        {RULE: "LesionLab's rule", MOST_PROBABLE: "Most probable class"},
        "answer",
        second,
        disabled=opened not in OF_AN_ANSWER,
        help=f"LesionLab's rule: {as_text(rule_in_words(rule))}.",
    )
    if opened not in OF_AN_ANSWER:
        about = NO_DIFFERENCE
    elif answer == RULE:
        said = as_text(answer_in_words(rule))
        about = f"{said[0].upper()}{said[1:]}."
    else:
        about = "The class with the highest probability, as if there were no rule. Rare diagnoses "
        about += "are missed more often, with fewer false alarms."
    second.caption(about)
card = cards().get("classifier")
if figures and card and figures.weights != card.sha256:
    st.warning(
        "These figures were measured with other weights than those in use. Measure again: "
        f"{figures.command or 'python -m train evaluate classifier'}",
        title="Figures of other weights",
    )

st.caption(" · ".join(f"{d.key}: {d.name}" for d in DIAGNOSES))
tabs = st.tabs([tab.TITLE for tab in TABS], on_change="rerun", key=TAB)
for place, tab in zip(tabs, TABS, strict=True):
    if place.open:
        with place:
            try:
                tab.show(Choice(split, answer))
            except EvaluationError as error:
                st.error(as_text(str(error)), title="No figures to show")
                if split != "validation" and "validation" in names(in_use("classifier").folder):
                    st.button("Show the validation split", key="validation", on_click=validation)
