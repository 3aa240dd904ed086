"""What an answered case was: truth, the model's reasons, what to look for, similar ones."""

import contextlib
from collections.abc import Sequence

import streamlit as st

from core.errors import DatasetError
from core.imaging.image import ImageError, to_jpeg
from core.learning.cases import PRACTICE_EACH, RESEMBLES, is_practice, practice_pool
from core.learning.lessons import LESSONS
from core.learning.records import TOO_LATE, Profile, Quiz, Step, is_right
from core.learning.store import Store
from core.models.neighbours import Neighbour
from core.taxonomy import BY_KEY, KEYS
from ui import state
from ui.case import Case, facts, show_verdict
from ui.dataset_cases import small
from ui.learning import asking, choosing, links, material, problems
from ui.photo import photo
from ui.sections.similar import neighbours
from ui.state import ShownAnalysis

EACH = 2
"""Similar cases shown of each contending diagnosis."""


def show(me: Profile, quiz: Quiz, step: Step) -> None:
    """All about one answered case, and the way to the next."""
    case = asking.open_case(me, quiz, step)
    if case is None:
        return
    shown = asking.said(me, quiz, step, case)
    verdict(step, case)
    onward(me, quiz, step)
    left, right = st.columns([6, 5], gap="large")
    with left:
        if shown:
            photo(case, shown)
        else:
            asking.photo(case)
    if shown:
        with right:
            st.markdown(model_says(shown, step.truth))
            asking.explained_bars(shown, f"feedback_bars_{step.position}")
    lessons(step, case, shown)


def onward(me: Profile, quiz: Quiz, step: Step) -> None:
    """The way to the next case, or to the end."""
    last = step.position + 1 == len(quiz.steps)
    st.button(
        "To the summary" if last else "Next case",
        key=f"next_{step.position}",
        type="primary",
        icon=":material/arrow_forward:",
        shortcut="Enter",
        on_click=_close,
        args=(me, quiz.id, step.position),
    )


def verdict(step: Step, case: Case) -> None:
    """The truth, how it is known, and what became of the answers."""
    true = BY_KEY[step.truth]
    right = is_right(step.second or step.first or "", step.truth)
    show_verdict(right, f"{_answers(step)} {known(case)}", true.with_group)


def _answers(step: Step) -> str:
    if step.first == TOO_LATE:
        return "The time was up."
    first = _name(step.first or "")
    if step.second is None:
        return (
            f"You said {first}: {'right' if is_right(step.first or '', step.truth) else 'wrong'}."
        )
    if step.second == step.first:
        return f"You said {first}, before and after seeing the AI."
    return f"You said {first} at first, and {_name(step.second)} after seeing the AI."


def _name(answer: str) -> str:
    return BY_KEY[answer].name if answer in KEYS else answer


def model_says(shown: ShownAnalysis, truth: str) -> str:
    """The model's answer, and whether it is right."""
    named = shown.analysis.prediction
    judged = "right" if named == truth else "wrong"
    return f"**The model says {BY_KEY[named].name}**, which is {judged}."


def known(case: Case) -> str:
    """How a diagnosis is known, and of whom the photo is."""
    if case.record is None:
        return "It was drawn by a program after this diagnosis, so it only resembles it."
    return facts(case.record)


def contending(step: Step, shown: ShownAnalysis | None) -> list[str]:
    """The diagnoses between which the case was: the true one, those answered, the model's."""
    found = [step.truth, step.first, step.second, shown.analysis.prediction if shown else None]
    return list(dict.fromkeys(key for key in found if key in KEYS))


def lessons(step: Step, case: Case, shown: ShownAnalysis | None) -> None:
    """What to look for in each contending diagnosis, with similar cases of it."""
    keys, similar = contending(step, shown), nearest(case, shown)
    practice = is_practice(step.image)
    st.header("What to look for", anchor=False)
    st.caption(
        "The pictures: other practice lesions of each kind."
        if practice
        else "The pictures: of the lesions that the model learned from, the most similar ones of "
        "each diagnosis."
    )
    for place, key in zip(st.columns(len(keys), gap="medium"), keys, strict=True):
        with place, st.container(border=True):
            links.diagnosis(key, f"lesson_{step.position}")
            st.markdown(LESSONS[key].points)
            pictures = _drawn(key, step) if practice else _photos(key, similar)
            with st.container(horizontal=True):
                for picture in pictures:
                    st.image(picture, width=160, alt=f"A similar case: {BY_KEY[key].name}")
            st.caption(LESSONS[key].after)


def _drawn(key: str, step: Step) -> list[bytes]:
    if key not in RESEMBLES.values():
        return []
    ids = practice_pool().query("dx == @key").index
    # Always the same ones, other than the case itself.
    from_here = [ids[(step.position + n) % PRACTICE_EACH] for n in range(EACH + 1)]
    chosen = [image for image in from_here if image != step.image][:EACH]
    return [to_jpeg(material.drawn(image).image.rgb) for image in chosen]


def nearest(case: Case, shown: ShownAnalysis | None) -> Sequence[Neighbour]:
    """The training lesions, the most similar first; none of a practice lesion or without the
    model's answer."""
    if shown is None or case.record is None:
        return ()
    return neighbours(case, shown, len(state.model_server().analyser.reference.cases.images))


def _photos(key: str, similar: Sequence[Neighbour]) -> list[bytes]:
    data = state.dataset()
    if isinstance(data, str):
        return []
    pictures: list[bytes] = []
    for neighbour in [n for n in similar if n.diagnosis == key][: 3 * EACH]:
        with contextlib.suppress(DatasetError, ImageError, OSError):
            pictures.append(small(data, neighbour.image_id))
        if len(pictures) == EACH:
            break
    return pictures


def _close(me: Profile, quiz: str, position: int) -> None:
    with problems.action():
        Store.open().close(me, quiz, position)
        choosing.open_quiz(quiz)
