"""Choosing a quiz: how to be asked, which cases, how many."""

from datetime import UTC, datetime

import numpy as np
import streamlit as st

from core.learning.cases import QuizCase
from core.learning.draw import ABOUT, DrawError, draw
from core.learning.records import ABOUT_MODES, MODES, Answered, Profile
from core.learning.schedule import Standing, in_days, next_due, standings
from core.learning.store import Store
from core.taxonomy import BY_KEY
from ui.browser import by_clock
from ui.choices import choose_one
from ui.dataset_cases import own_split
from ui.learning import material, problems

COUNTS = ("10", "30")
LEVELS_TO_DRAW = ("balanced", "realistic")
"""Sets for outlines: the others are drawn by how diagnoses are confused."""


def show(store: Store, me: Profile) -> None:
    """The form, with what is due."""
    found = material.pool()
    if found.practice:
        st.info(
            "Without HAM10000 the quiz asks about practice lesions, drawn by a program after five "
            "of the diagnoses. They teach how the quiz works, not how lesions look. The page "
            "Dataset explains how to get the photos, or a starter set of them with one click.",
            icon=":material/download:",
        )
        st.page_link("pages/screens/dataset.py", label="To the photos", icon=":material/dataset:")
    due(standings(store.answers(me), datetime.now(UTC)))
    with st.container(border=True):
        mode = choose_one("How", MODES, "quiz_mode")
        st.caption(ABOUT_MODES[mode])
        levels = found.levels
        if mode == "draw":
            levels = {key: name for key, name in levels.items() if key in LEVELS_TO_DRAW}
        level = choose_one("Which cases", levels, "quiz_level")
        st.caption(ABOUT[level])
        if not found.practice and not found.measured:
            st.caption(
                ":material/info: Two more sets appear once the classifier in use was measured on "
                "the test split: `python -m train evaluate classifier --split test`."
            )
        count = choose_one("How many", COUNTS, "quiz_count")
        st.button(
            "Start",
            key="quiz_start",
            type="primary",
            icon=":material/play_arrow:",
            on_click=start,
            args=(me, mode, level, int(count)),
        )
    if not found.practice:
        other_split()
        st.caption(
            "All cases are from HAM10000's test split, which the models have never seen. Each "
            "lesion is asked once in a set; those that you have not seen yet come first."
        )


def other_split() -> None:
    """Say so where the dataset's split is not the models' own."""
    if not own_split():
        st.warning(
            "This dataset has another split than the models in use were made for: they may know "
            "the lesions that are asked about.",
            icon=":material/warning:",
        )


def due(found: list[Standing]) -> None:
    """What is to be practised today, in words."""
    now = by_clock(datetime.now(UTC))
    today = [BY_KEY[s.key].name for s in found if s.is_due(now)]
    if today:
        st.markdown(f":material/event_repeat: **Due today:** {', '.join(today)}")
        st.caption("Choose “My weak diagnoses” to practise them.")
    elif soonest := next_due(found):
        st.caption(
            f":material/event_available: Nothing is due today; the next is due "
            f"{after(in_days(soonest, now))}."
        )


def after(days: int) -> str:
    """So many days from now, in words."""
    return "tomorrow" if days == 1 else f"in {days} days"


def start(me: Profile, mode: str, level: str, count: int) -> None:
    """Draw the cases and begin."""
    with problems.action():
        store = Store.open()
        answers = store.answers(me)
        weakness = {s.key: s.weakness for s in standings(answers, datetime.now(UTC))}
        seen = {a.lesion for a in answers}
        rng = np.random.default_rng()
        found = material.pool()
        if mode == "draw":
            found = material.with_outlines(found)
            if found.cases.empty:
                raise DrawError(
                    "No case has an expert's outline yet. Import the outlines (Kaggle: "
                    "tschandl/ham10000-lesion-segmentations) on the page Dataset, or choose "
                    "another quiz."
                )
        cases = draw(found.cases, level, count, rng, seen, weakness)
        open_quiz(store.start(me, mode, level, cases))


def again(me: Profile, mode: str, level: str, wrong: list[Answered]) -> None:
    """The same cases once more, in another order."""
    with problems.action():
        cases = [QuizCase(a.image, a.lesion, a.truth) for a in wrong]
        order = np.random.default_rng().permutation(len(cases))
        open_quiz(Store.open().start(me, mode, level, [cases[n] for n in order]))


def open_quiz(quiz: str) -> None:
    """Look at this quiz from now on."""
    st.session_state["quiz"] = quiz
