"""The answer of the Analyse page: warnings, photo beside probabilities, and what to ask further."""

import streamlit as st

from core.answer import words
from core.answer.words import SEVEN_ONLY, UNLIKE, WORRIED, Headline, domain_note
from core.formatting import percent
from core.imaging.image import ImageError, to_jpeg
from core.lesion.quality import GREY, KINDS
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY
from ui import state
from ui.analyse import address, commit
from ui.case import Case, facts, show_verdict, verdict
from ui.parts import scroll, status
from ui.parts.bars import bars
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
    """The whole answer: the photo with its layers beside the bars, and what explains it."""
    hidden = commit.pending(case)
    said = commit.QUESTION if hidden else words.headline(shown.analysis, state.usual()).text
    status.say(f"{case.name}: {said}")
    scroll.target(scroll.ANSWER, if_hidden=True)
    if not hidden and not wanted(shown):
        _alone(case, shown)
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        answer = None if hidden else headline(shown, unlike=False)  # it stands above
        photo(case, shown, hidden, analyse=True)
    with right:
        if answer is None:
            commit.switch()
            commit.ask(case)
        else:
            _answer(case, shown, answer)
    if not hidden:
        further(case, shown)


def _answer(case: Case, shown: ShownAnalysis, said: Headline) -> None:
    """What stands beside the photo, below the headline."""
    analysis = shown.analysis
    answered = case.record is not None and commit.answer_of(case) is not None
    if answered and st.session_state.get("first"):
        commit.side_by_side(case, shown)
    bars(analysis, state.usual(), said.flagged)
    if said.flagged:
        _why_not_the_longest(shown)
    if case.own:
        st.info(WORRIED, icon=":material/health_and_safety:")
    warn(case, shown)
    st.caption(SEVEN_ONLY)
    if case.record is not None:
        _truth(case, shown)


_WHY = "why_not_the_longest"


def _why_not_the_longest(shown: ShownAnalysis) -> None:
    """Why the answer is another diagnosis than the most probable one."""
    longest = shown.analysis.most_probable
    rule = state.model_server().analyser.rule
    with st.popover(
        "Why not the longest bar?",
        icon=":material/groups:",
        type="tertiary",
        key=_WHY,
        on_change="rerun",
    ):
        st.write(
            f"The longest bar is that of {BY_KEY[longest].name_in_sentence}, which "
            f"{percent(state.usual()[longest])} of HAM10000's photos show. The answer is "
            f"{as_text(words.answer_in_words(rule))}. So more of the rare ones are found, with "
            "more false alarms."
        )
        st.button(
            "See it below: the shares behind the answer", key="why_flagged", on_click=_see_why
        )


def _see_why() -> None:
    st.session_state.update({"section": "base_rates", "room": "answer", _WHY: False})
    scroll.ask("explore")


def wanted(shown: ShownAnalysis, slot: str = "") -> bool:
    """Whether the answer to a photo is to be shown: that to one which looks like no dermoscopy only
    if a student wants it all the same, with the switch for it. `slot` as for `cases.pick`."""
    if shown.analysis.in_domain:
        return True
    place = st.container(horizontal=True, vertical_alignment="center")
    line = place.empty()
    anyway = place.toggle("Show it anyway", key=f"{slot}anyway_{shown.analysis.digest}")
    line.markdown(
        f":material/warning: **{UNLIKE}**"
        + (": the bars mean little." if anyway else ", so its answer is not shown."),
        width="content",
    )
    return anyway


def _alone(case: Case, shown: ShownAnalysis) -> None:
    """A photo whose answer is not shown."""
    if case.own:
        st.info(WORRIED, icon=":material/health_and_safety:")
    st.image(to_jpeg(shown.preview), width=480, alt=f"Photo {case.name}")
    st.caption(case.about)
    st.caption(
        "A dermatoscope touches the skin: its photos are filled with skin and one lesion. If "
        "yours is one all the same, the mistake is the model's."
    )


SECTIONS = dict(
    zip(
        address.SECTIONS,
        (heatmaps, measurements, doubt, similar, threshold, base_rates, report),
        strict=True,
    )
)
"""By their names in the address, in reading order. Each module has a TITLE and `show(case, shown)`;
only the open one runs."""


@st.fragment
def further(case: Case, shown: ShownAnalysis) -> None:
    """What explains the answer: nothing at first, then one section at a time, which stays open
    from photo to photo. Choosing one reruns only this."""
    if shown.analysis.models != state.model_server().analyser.models:
        st.rerun()  # another model is in use by now: the sections compare with its figures
    scroll.target("explore")
    st.header("Explore this answer", anchor=False)
    st.session_state.setdefault("section", None)
    chosen = st.pills(
        "Explore this answer",
        list(SECTIONS),
        format_func=lambda name: SECTIONS[name].TITLE,
        key="section",
        wrap=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    if chosen is None:
        st.caption("Choose what to look at.")
    else:
        SECTIONS[chosen].show(case, shown)
    address.write(shown)


def warn(case: Case, shown: ShownAnalysis) -> None:
    """What to know before reading the answer: a strange photo, what was changed in reading it."""
    analysis = shown.analysis
    note = domain_note(analysis.domain, state.model_server().analyser.classifier_card, case.own)
    if note:
        icon = "photo_camera" if analysis.in_domain else "warning"
        st.caption(f":material/{icon}: **{note[0]}.** {note[1]}")
    for read in shown.notes:
        st.caption(f":material/info: {as_text(read)}")
    for key, remark in shown.remarks(case.taken).items():
        if key == GREY or KINDS[key].matters:
            st.caption(f":material/photo_camera: {remark}")


def headline(shown: ShownAnalysis, unlike: bool = True) -> Headline:
    """The answer in words; returns them. `unlike`: also those of a photo that has no answer."""
    said = words.headline(shown.analysis, state.usual())
    if not shown.analysis.in_domain and not unlike:
        return said
    if said.before:
        st.markdown(f"{said.before}.")
    in_one_piece = said.main.replace(" %", "\N{NO-BREAK SPACE}%")
    known = BY_KEY[shown.analysis.prediction].text if shown.analysis.in_domain else None
    st.header(in_one_piece, anchor=False, help=known)
    return said


def _truth(case: Case, shown: ShownAnalysis) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    known = commit.answer_of(case) is not None
    if known or row.toggle("Reveal the true diagnosis", key=f"reveal_{case.name}"):
        truth(case, shown)
    commit.switch(row)


def truth(case: Case, shown: ShownAnalysis) -> None:
    """What a case of the dataset truly is, how that is known, and whether the model agrees."""
    record = case.record
    assert record is not None
    true = BY_KEY[record["dx"]]
    said = shown.analysis.prediction
    found = verdict(record, said, shown.analysis.most_probable)
    show_verdict(said == true.key, f"{facts(record)} {found}", true.name)
