"""What a threshold means for a thousand lesions, of which the user says how many are sick."""

import streamlit as st

from core.answer.threshold import Outcomes
from core.formatting import percent

LESIONS = 1000
RARE = 500
"""The slider ends here, unless more are usual: rare diagnoses need its steps."""


def ask_outcomes(
    sensitivity: float, specificity: float, usual: float, sick: str, key: str
) -> Outcomes:
    """A slider and what is to be expected, in sentences; returns it.

    Args:
        sensitivity, specificity: of the threshold, 0…1.
        usual: share of the sick among the lesions that both were measured on, 0…1; where the slider
            begins.
        sick: what is looked for, in the plural, such as "melanomas".
        key: of the slider in the session.
    """
    most = RARE if usual * LESIONS <= RARE else LESIONS - 1
    begin = min(max(round(usual * LESIONS), 1), most)
    st.subheader(f"What that means for {LESIONS:,} lesions", anchor=False)
    prevalence = st.slider(
        f"Of {LESIONS:,} lesions, how many are {sick}?",
        1,
        most,
        begin,
        key=key,
        persist_state="session",
        help=f"Of the lesions that this was measured on: {begin} in {LESIONS:,}. In a general "
        "practice far fewer are malignant.",
    )
    out = Outcomes.of(sensitivity, specificity, prevalence / LESIONS, LESIONS)
    called = out.found + out.false_alarms
    right = f"{percent(out.found / called)} of the calls are right" if called else "no calls"
    st.markdown(
        f"Of **{prevalence}** {sick}, **{out.found}** are found and **{out.missed}** missed. "
        f"Of the other **{LESIONS - prevalence}** lesions, **{out.false_alarms}** raise a false "
        f"alarm and **{out.left_alone}** are correctly not called. "
        f"So {called} are called, and {right}."
    )
    st.caption(
        "Expected numbers, if these lesions look like those that this was measured on and only the "
        f"share of {sick} differs. {begin} in {LESIONS:,} is their share of the lesions measured; "
        "of the photos it may be another, as some lesions were photographed more often."
    )
    return out
