"""Heatmaps: how much of each lies on the lesion, what tells two classes apart, other methods."""

import math

import streamlit as st

from core.formatting import chance, percent
from core.imaging.heatmaps import reachable_share
from core.taxonomy import BY_KEY, ORDER
from ui.case import Case
from ui.figures import show_figure
from ui.methods import side_by_side
from ui.parts import scroll
from ui.parts.controls import choose_diagnosis
from ui.sections.charts import contrast_chart
from ui.state import ShownAnalysis, model_server
from ui.text import as_text

TITLE = ":material/gradient: Heatmaps"


def show(case: Case, shown: ShownAnalysis) -> None:
    """The three parts, one below the other."""
    st.caption(":material/info: A heatmap does not show that the answer is right.")
    shown_already = st.session_state.get("heat_on", False)
    if st.button(
        "Go to the heatmap" if shown_already else "Show the heatmap on the photo",
        icon=":material/gradient:",
        key="heat_from_section",
        on_click=_heat_on,
    ):
        st.rerun()  # the photo, too, and not this section alone
    _shares(shown)
    _contrast(shown)
    side_by_side(case, shown)


def _heat_on() -> None:
    st.session_state["heat_on"] = True
    scroll.ask(scroll.ANSWER)


def inside(shown: ShownAnalysis, key: str) -> str:
    """Share of a class's heat inside the outline, as text; a dash without heat or outline."""
    share = shown.heat_inside(shown.analysis.heatmap(key))
    return "–" if share is None else percent(share)


def _shares(shown: ShownAnalysis) -> None:
    st.subheader("Does the network look at the lesion?", anchor=False)
    if not shown.mask.any():
        st.write("No lesion was outlined, so there is no inside and outside.")
        return
    analysis = shown.analysis
    covered = percent(float(shown.mask.mean()))
    st.table(
        {
            "Diagnosis": [BY_KEY[key].name for key in ORDER],
            "Probability": [as_text(chance(analysis.probability(key))) for key in ORDER],
            "Heat inside the outline": [inside(shown, key) for key in ORDER],
        },
        alt="Share of each diagnosis' heat that lies inside the outline",
    )
    _, rows, columns = analysis.evidence.shape
    reachable = reachable_share(shown.mask, (rows, columns)) or 0.0
    st.caption(
        "Each diagnosis has a heatmap of its own. To compare: heat spread evenly over the photo "
        f"would give {covered}, and heat spread evenly over the lesion alone {percent(reachable)}, "
        f"since a map has only {columns} × {rows} places, some across the outline. A dash: no heat."
    )
    answer = analysis.prediction
    share = shown.heat_inside(analysis.heatmap(answer))
    if share is not None and share < reachable / 2:
        st.warning(
            f"For “{BY_KEY[answer].name}”, {percent(1 - share)} of the heat lies outside the "
            "outline. Is it on hairs, a ruler, a marker, the dark corners, or on skin that "
            "matters? Or is the outline wrong?",
            title="The network is looking outside the lesion",
            icon=":material/visibility:",
        )


def _contrast(shown: ShownAnalysis) -> None:
    analysis = shown.analysis
    st.subheader("Why this and not that?", anchor=False)
    left, right = st.columns(2)
    one = choose_diagnosis("Why", f"contrast_{analysis.digest}", analysis.prediction, left)
    others = [key for key in ORDER if key != one]
    likeliest = max(others, key=analysis.probability)
    key = f"contrast_other_{analysis.digest}_{one}"
    other = choose_diagnosis("rather than", key, likeliest, right, others)
    first, second = BY_KEY[one].name, BY_KEY[other].name
    total = float(analysis.contrast(one, other).sum())
    winner = first if total >= 0 else second
    alt = (
        f"Map of what favours {first} over {second}. All places together: "
        f"{abs(total):.1f} points for {winner}."
    )
    show_figure(contrast_chart(shown, one, other), alt, "contrast_chart")
    factor = math.exp(1 / model_server().analyser.calibration.temperature)
    st.caption(
        f"Teal favours “{first}”, brown “{second}”. Each place adds points to the raw score "
        "of a diagnosis or takes some away; here the two scores are subtracted. Summed over all "
        f"places, that is **{abs(total):.1f} points for “{winner}”**: the difference of the two "
        "scores (up to a constant). Each point multiplies the odds of the one against the other by "
        f"{factor:.1f}, e.g. 2 points: {factor**2:.0f} times. The probabilities also weigh how "
        "common each diagnosis is, and add the bias of its calibration, which no map shows."
    )
