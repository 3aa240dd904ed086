"""Choose a threshold: from a wanted sensitivity to a threshold, and what it costs."""

import numpy as np
import streamlit as st

from core.answer.threshold import MALIGNANT, MALIGNANT_LESIONS, MELANOMA
from core.evaluation.curves import at_threshold, operating_point
from core.evaluation.files import EvaluationError
from core.formatting import percent
from core.taxonomy import BY_KEY
from ui.case import Case
from ui.choices import choose_one
from ui.figures import show_figure
from ui.parts.controls import percent_slider
from ui.parts.outcomes import ask_outcomes
from ui.performance.evaluations import report_in_use
from ui.sections.charts import outcome_bars
from ui.state import ShownAnalysis
from ui.text import as_text

TITLE = ":material/tune: Choose a threshold"

# The keys are kept in links and sessions, and are also what the page calls a photo.
TARGETS = {"melanoma": MELANOMA, "malignant": MALIGNANT}
LABELS = {"melanoma": "Melanoma", "malignant": "The malignant group"}
SICK = {"melanoma": BY_KEY["mel"].plural, "malignant": MALIGNANT_LESIONS}


def show(case: Case, shown: ShownAnalysis) -> None:
    """Target and sensitivity, the line they give, this photo, and a thousand lesions."""
    st.write(
        "A probability is not a decision. Someone must decide how many melanomas may be missed; "
        "missing fewer means more false alarms. Choose yourself."
    )
    try:
        validation = report_in_use("validation")
    except EvaluationError as error:
        st.info(as_text(str(error)), title="No threshold can be chosen", icon=":material/info:")
        return
    left, right = st.columns(2, gap="large")
    target = choose_one(
        "Look for",
        LABELS,
        "line_target",
        left,
        help="The malignant group: melanoma, basal cell carcinoma, actinic keratosis / Bowen's "
        "disease. Its probability is the sum of the three.",
    )
    wanted = percent_slider(
        "Sensitivity wanted",
        50,
        99,
        90,
        key="line_sensitivity",
        place=right,
        help="The share of those present that must be found.",
    )
    keys, sick = TARGETS[target], SICK[target]
    truth, score = validation.against(keys)
    if truth.all() or not truth.any():
        st.info(f"The validation split has no {sick}, or nothing else.", icon=":material/info:")
        return
    line = operating_point(truth, score, wanted)
    with st.container(horizontal=True, gap="large"):
        st.metric(f"Threshold: call it {target} at this or more", percent(line["threshold"], 1))
        st.metric("Sensitivity", percent(line["sensitivity"], 1))
        st.metric("Specificity", percent(line["specificity"], 1))
    st.caption(
        f"Read off the validation split: {truth.sum():,} photos of {sick} among {len(truth):,} "
        f"photos of {validation.figures.lesions:,} lesions. {_on_test(keys, line['threshold'])}"
    )
    _this_photo(shown, keys, target, line["threshold"])
    lesions = np.unique(validation.groups, return_index=True)[1]
    usual = float(truth[lesions].mean())
    key = f"line_prevalence_{target}"
    out = ask_outcomes(line["sensitivity"], line["specificity"], usual, sick, key)
    alt = (
        f"{out.found} found, {out.missed} missed, {out.false_alarms} false alarms, "
        f"{out.left_alone} correctly not called"
    )
    show_figure(outcome_bars(out, sick), alt, "outcomes")


def _on_test(keys: frozenset[str], threshold: float) -> str:
    try:
        test = report_in_use("test")
    except EvaluationError:
        return "How the same line does on the test split is not known."
    truth, score = test.against(keys)
    found = at_threshold(truth, score, threshold)
    if np.isnan([found["sensitivity"], found["specificity"]]).any():
        return "How the same line does on the test split is not known."
    return (
        f"The same line on the test split, which no choice has seen: sensitivity "
        f"**{percent(found['sensitivity'], 1)}**, specificity "
        f"**{percent(found['specificity'], 1)}** ({truth.sum():,} of {len(truth):,} photos)."
    )


def _this_photo(shown: ShownAnalysis, keys: frozenset[str], target: str, threshold: float) -> None:
    probability = sum(shown.analysis.probability(key) for key in keys)
    called = probability >= threshold
    st.markdown(
        f":material/flag: **This photo** has {percent(min(max(probability, 0.001), 0.999), 1)}: "
        "with this threshold the model "
        + (f"**would call it {target}**." if called else f"**would not call it {target}**.")
        + (
            ""
            if shown.analysis.in_domain
            else " It does not look like a dermatoscopic photo, so this means little."
        )
    )
    if called != (shown.analysis.prediction in keys):
        st.caption(
            f":material/info: The answer above is another. It weighs all seven diagnoses by one "
            f"rule; this line asks for {target} alone, at the sensitivity that you choose."
        )
