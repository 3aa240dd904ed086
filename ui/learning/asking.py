"""One case, asked: the photo, the answers to choose from, and the way to commit one."""

import time
from collections.abc import Callable

import streamlit as st

from core.answer import words
from core.errors import DatasetError
from core.formatting import percent
from core.imaging.image import ImageError
from core.learning.draw import LEVELS
from core.learning.records import CLOCK_SECONDS, GROUPS, MODES, TOO_LATE, Profile, Quiz, Step
from core.learning.scores import CONFIDENCES
from core.learning.store import Store
from core.taxonomy import BY_KEY, DIAGNOSES
from ui import state
from ui.answer import attempt
from ui.case import Case
from ui.learning import choosing, material, problems
from ui.parts import scroll
from ui.parts.bars import bars
from ui.state import ShownAnalysis

GRACE = 1.0
"""Seconds that an answer may take from the browser to here."""


def open_case(me: Profile, quiz: Quiz, step: Step) -> Case | None:
    """How far the quiz is, and the photo of a case; None, with a way on, if it cannot be shown."""
    row = st.container(horizontal=True, vertical_alignment="center")
    row.progress(
        step.position / len(quiz.steps),
        text=f"Case {step.position + 1} of {len(quiz.steps)} · {MODES[quiz.mode]} · "
        f"{LEVELS.get(quiz.level, quiz.level)}",
    )
    with row.popover("End", icon=":material/stop:"):
        st.write("Your answers so far stay, and are summed up. The other cases are not asked.")
        st.button("End this quiz", key="quiz_end", on_click=_end, args=(me, quiz.id))
    try:
        case = material.case_of(step.image, f"case {step.position + 1}")
        material.jpeg(case)
    except (DatasetError, ImageError, ValueError):
        st.error(
            "The photo of this case is no longer there, or damaged. Go on without it; to repair "
            "it, import the dataset again.",
            title="This case cannot be shown",
        )
        skip_button(me, quiz, step)
        return None
    return case


def skip_button(me: Profile, quiz: Quiz, step: Step) -> None:
    """The way on from a case that cannot be asked."""
    st.button(
        "Skip this case",
        key=f"skip_{step.position}",
        icon=":material/skip_next:",
        on_click=_skip,
        args=(me, quiz.id, step.position),
    )


def show(me: Profile, quiz: Quiz, step: Step) -> None:
    """Ask for the first answer, or for the second once the model's was seen."""
    case = open_case(me, quiz, step)
    if case is None:
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        photo(case)
        shown = said(me, quiz, step, case) if step.first is not None else None
        if shown is not None:
            explained_bars(shown, f"quiz_bars_{step.position}")
    with right:
        if step.first is None:
            started(quiz, step)
            if quiz.mode == "clock":
                clock(me, quiz, step)
            else:
                st.header("What is it?", anchor=False)
                _choose(me, quiz, step, "first", "Confirm")
        elif shown is not None:
            second(me, quiz, step, shown)


def photo(case: Case) -> None:
    """The photo as it is."""
    with st.container(key="quiz_photo"):
        st.image(
            material.jpeg(case), width="stretch", alt="Dermatoscopic photo of the lesion to name"
        )
    st.caption(case.about)


def said(me: Profile, quiz: Quiz, step: Step, case: Case) -> ShownAnalysis | None:
    """The model's answer, kept beside the student's."""
    shown = attempt(case, "quiz_")
    if shown is not None and step.said is None:
        Store.open().model_said(me, quiz.id, step.position, material.said_of(shown))
    return shown


def explained_bars(shown: ShownAnalysis, key: str) -> None:
    """The bars, and where the longest one is not the answer, why not. `key` for the session."""
    said = words.headline(shown.analysis, state.usual())
    bars(shown.analysis, state.usual(), said.flagged, key=key)
    if said.flagged:
        st.caption(said.text)


def second(me: Profile, quiz: Quiz, step: Step, shown: ShownAnalysis) -> None:
    """The question whether to keep one's answer, once the model's is seen."""
    st.header(f"The AI says: {BY_KEY[shown.analysis.prediction].name}", anchor=False)
    st.markdown(f"You said **{BY_KEY[str(step.first)].name}**. Keep it, or change it: both count.")
    dx, sure = _keys(quiz, step, "second")
    st.session_state.setdefault(dx, step.first)
    st.session_state.setdefault(sure, step.confidence)
    _choose(me, quiz, step, "second", "Confirm my answer")


def _keys(quiz: Quiz, step: Step, stage: str) -> tuple[str, str]:
    place = f"{quiz.id}_{step.position}_{stage}"
    return f"dx_{place}", f"sure_{place}"


def _choose(me: Profile, quiz: Quiz, step: Step, stage: str, confirm: str) -> None:
    dx, sure = _keys(quiz, step, stage)
    chosen = st.session_state.get(dx)
    place = f"{stage}_{step.position}"
    seven_buttons(place, chosen, _pick, dx, place)
    st.segmented_control(
        "How sure are you? 20 % is a guess, 95 % all but certain.",
        list(CONFIDENCES),
        format_func=percent,
        key=sure,
    )
    row = st.container(horizontal=True)
    ready = chosen is not None and st.session_state.get(sure) is not None
    row.button(
        confirm,
        key=f"confirm_{stage}_{step.position}",
        type="primary",
        icon=":material/check_circle:",
        shortcut="Enter",
        disabled=not ready,
        on_click=_commit,
        args=(me, quiz, step, stage),
    )
    for label, icon, key, by in (
        ("Less sure", "remove", "Left", -1),
        ("More sure", "add", "Right", 1),
    ):
        row.button(
            label,
            key=f"{stage}_{step.position}_{key}",
            type="tertiary",
            icon=f":material/{icon}:",
            shortcut=key,
            on_click=_shift,
            args=(sure, by),
        )
    if not ready:
        missing = "a diagnosis" if chosen is None else "how sure you are"
        hint(f"Choose {missing}.", "Keys: 1 to 7, ← and →, Enter.")


def hint(words: str, keys: str) -> None:
    """What is still to do and, where there is a keyboard, by which keys."""
    with st.container(horizontal=True, gap="xxsmall"):
        st.caption(words, width="content")
        with st.container(key="quiz_keys", width="content"):
            st.caption(keys)


def seven_buttons(
    place: str, chosen: str | None, do: Callable[..., None], *args: str | int
) -> None:
    """The diagnoses to choose from, by click or by the keys 1 to 7.

    Args:
        place: of the buttons on the page; their keys are `PLACE_DIAGNOSIS`.
        chosen: the key of the diagnosis that is chosen.
        do: gets `args` and the key of the diagnosis.
    """
    column = st.container(gap="xsmall", key=f"seven_{place}")
    for number, diagnosis in enumerate(DIAGNOSES, start=1):
        column.button(
            diagnosis.name,
            key=f"{place}_{diagnosis.key}",
            type="primary" if chosen == diagnosis.key else "secondary",
            icon=":material/check:" if chosen == diagnosis.key else None,
            width="stretch",
            shortcut=str(number),
            on_click=do,
            args=(*args, diagnosis.key),
        )


def _pick(key: str, place: str, diagnosis: str) -> None:
    st.session_state[key] = diagnosis
    scroll.ask_control(f"{place}_{diagnosis}")


def _shift(key: str, by: int) -> None:
    levels = list(CONFIDENCES)
    now = st.session_state.get(key)
    place = levels.index(now) + by if now in levels else levels.index(0.6)
    st.session_state[key] = levels[min(max(place, 0), len(levels) - 1)]


def _commit(me: Profile, quiz: Quiz, step: Step, stage: str) -> None:
    dx, sure = (st.session_state.get(key) for key in _keys(quiz, step, stage))
    if dx in BY_KEY and sure in CONFIDENCES:
        _keep(me, quiz, step, stage, str(dx), float(sure))


def clock(me: Profile, quiz: Quiz, step: Step) -> None:
    """Two answers, and the time that is left."""
    st.header("Benign or malignant?", anchor=False)
    for number, group in enumerate(GROUPS, start=1):
        st.button(
            group.capitalize(),
            key=f"clock_{step.position}_{group}",
            width="stretch",
            shortcut=str(number),
            on_click=_against_the_clock,
            args=(me, quiz, step, group),
        )
    _countdown(me, quiz, step)


@st.fragment(run_every=1.0)
def _countdown(me: Profile, quiz: Quiz, step: Step) -> None:
    left = CLOCK_SECONDS - elapsed(quiz, step)
    if left <= -GRACE and not problems.problem():  # where it cannot be kept, tried again later
        _against_the_clock(me, quiz, step, TOO_LATE)
        st.rerun()
    st.progress(max(left, 0) / CLOCK_SECONDS, text=f"{max(0, round(left))} s left")


def _against_the_clock(me: Profile, quiz: Quiz, step: Step, group: str) -> None:
    late = elapsed(quiz, step) > CLOCK_SECONDS + GRACE
    _keep(me, quiz, step, "first", TOO_LATE if late else group, None)


def _keep(
    me: Profile, quiz: Quiz, step: Step, stage: str, diagnosis: str, confidence: float | None
) -> None:
    seconds = elapsed(quiz, step)
    with problems.action():
        Store.open().answer(me, quiz.id, step.position, stage, diagnosis, confidence, seconds)


def started(quiz: Quiz, step: Step) -> None:
    """The time for a case runs from now on, if it does not yet."""
    st.session_state.setdefault(f"began_{quiz.id}_{step.position}", time.monotonic())


def elapsed(quiz: Quiz, step: Step) -> float:
    """Seconds since then."""
    began = st.session_state.get(f"began_{quiz.id}_{step.position}")
    return 0.0 if began is None else time.monotonic() - began


def _skip(me: Profile, quiz: str, position: int) -> None:
    with problems.action():
        Store.open().skip(me, quiz, position)


def _end(me: Profile, quiz: str) -> None:
    with problems.action():
        Store.open().end(me, quiz)
        choosing.open_quiz(quiz)
