"""The answer of the Analyse page: warnings, photo beside probabilities, and what to ask further."""

from __future__ import annotations

import streamlit as st

from core.answer.words import SEVEN_ONLY, domain_note, malignant_share, passed_over
from core.formatting import chance
from core.glossary import CONFIRMED_BY
from core.imaging.image import ImageError, to_jpeg
from core.lesion.quality import KINDS, remarks
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY
from ui import state
from ui.case import Case
from ui.figures import describe_bars, probability_bars
from ui.photo import photo
from ui.sections import base_rates, doubt, heatmaps, measurements, report, similar, threshold
from ui.state import ShownAnalysis
from ui.text import as_text


def attempt(case: Case, slot: str = "") -> ShownAnalysis | None:
    """Analyse a photo; where that fails, say why and what to do. `slot` as for `cases.pick`."""
    try:
        return state.analyse(case)
    except ImageError as error:
        remedy = "" if case.record is None else " Import the dataset again to repair it."
        st.error(f"{error}{remedy}", title=f"{as_text(case.name)} cannot be analysed")
    except BusyError as error:
        st.warning(as_text(str(error)), title="Busy", icon=":material/hourglass_top:")
        st.button("Try again", icon=":material/refresh:", key=f"{slot}again")
    except (WeightsError, SettingsError) as error:
        st.error(as_text(str(error)), title="The models cannot be used")
    return None


def show(case: Case, shown: ShownAnalysis) -> None:
    """The whole answer: warnings, photo with its layers beside the probabilities, downloads."""
    analysis = shown.analysis
    warn(case, shown)
    if not analysis.in_domain and not _wanted_anyway(case, shown):
        return
    left, right = st.columns([6, 5], gap="large")
    with left:
        photo(case, shown)
    with right:
        headline(shown)
        st.plotly_chart(
            probability_bars(analysis),
            config={"displayModeBar": False, "scrollZoom": False},
            alt=describe_bars(analysis),
            key="bars",
        )
        st.caption(SEVEN_ONLY)
        if case.record is not None:
            _truth(case, shown)
    further(case, shown)


def _wanted_anyway(case: Case, shown: ShownAnalysis) -> bool:
    """Whether a student wants the answer to a photo that looks like no dermoscopy all the same;
    the photo alone where not."""
    wanted = st.toggle("Show what the models say anyway", key=f"anyway_{shown.analysis.digest}")
    if not wanted:
        st.image(to_jpeg(shown.preview), width=480, alt=f"Photo {case.name}")
        st.caption(case.about)
        st.caption(
            "A dermatoscope touches the skin: its photos are filled with skin and one lesion. If "
            "yours is one all the same, the mistake is the model's."
        )
    return wanted


SECTIONS = (heatmaps, measurements, doubt, similar, threshold, base_rates, report)
"""In reading order. Each module has a TITLE and `show(case, shown)`; only the open one runs."""


@st.fragment
def further(case: Case, shown: ShownAnalysis) -> None:
    """What explains the answer: nothing at first, then one section at a time, which stays open
    from photo to photo. Choosing one reruns only this."""
    if shown.analysis.models != state.model_server().analyser.models:
        st.rerun()  # another model is in use by now: the sections compare with its figures
    st.subheader("Explore this answer", anchor=False)
    titles = [section.TITLE for section in SECTIONS]
    chosen = st.pills(
        "Explore this answer",
        titles,
        key="section",
        persist_state="session",
        label_visibility="collapsed",
    )
    if chosen is None:
        st.caption("Choose what to look at.")
        return
    SECTIONS[titles.index(chosen)].show(case, shown)


def warn(case: Case, shown: ShownAnalysis) -> None:
    """What to know before reading the answer: a strange photo, what was changed in reading it."""
    analysis = shown.analysis
    note = domain_note(analysis.domain, state.model_server().analyser.classifier_card, case.own)
    if note and analysis.in_domain:
        st.caption(f":material/photo_camera: {note[0]}. {note[1]}")
    elif note:
        st.warning(note[1], title=note[0], icon=":material/warning:")
    for words in shown.notes:
        st.caption(f":material/info: {as_text(words)}")
    for key, words in remarks(shown.quality, shown.analysis.in_domain, case.taken).items():
        if KINDS[key].matters:
            st.caption(f":material/photo_camera: {words}")


def headline(shown: ShownAnalysis) -> None:
    """The answer in words."""
    analysis = shown.analysis
    top = BY_KEY[analysis.prediction]
    st.caption("The model's answer (one of seven diagnoses)")
    st.subheader(
        f"{top.name} · {chance(analysis.probability(top.key))}", anchor=False, help=top.text
    )
    if why := passed_over(analysis):
        st.caption(f":material/info: {why}")
    malignant = malignant_share(analysis)
    st.markdown(
        f":gray-badge[{top.group} group] The three malignant diagnoses together: "
        f"**{chance(malignant)}**",
        help="Melanoma, basal cell carcinoma, actinic keratosis / Bowen's disease.",
    )
    if top.malignant != (malignant > 0.5):
        st.caption(":material/info: The answer and the more probable group differ.")


def _truth(case: Case, shown: ShownAnalysis) -> None:
    if st.toggle("Reveal the true diagnosis", key=f"reveal_{case.name}"):
        truth(case, shown)
    else:
        st.caption("Think first: what would you have said?")


def truth(case: Case, shown: ShownAnalysis) -> None:
    """What a case of the dataset truly is, how that is known, and whether the model agrees."""
    record = case.record
    assert record is not None
    true = BY_KEY[record["dx"]]
    agrees = true.key == shown.analysis.prediction
    how = f"confirmed by {CONFIRMED_BY.get(record['dx_type'], record['dx_type'])}"
    age = "age unknown" if record["age"] != record["age"] else f"about {record['age']:.0f} years"
    box = st.success if agrees else st.error
    box(
        f"{how.capitalize()}. {record['localization'].capitalize()}, {record['sex']}, {age}. "
        + ("The model agrees." if agrees else "The model is wrong here."),
        title=true.name,
        icon=":material/check_circle:" if agrees else ":material/cancel:",
    )
