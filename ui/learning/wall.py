"""The teacher's side of a class: opening it, the wall, and going on from case to case."""

import contextlib
import io
import time
from functools import lru_cache
from urllib.parse import urlsplit

import numpy as np
import streamlit as st

from core.access import loopback
from core.answer import words
from core.errors import DatasetError
from core.formatting import chance
from core.imaging.image import ImageError
from core.learning.classes import Classes, ClassView, NoClassError, clean_code
from core.learning.database import LearningError
from core.learning.draw import ABOUT, draw
from ui import access, files, lock, state
from ui.answer import attempt
from ui.browser import address_of
from ui.choices import choose_one
from ui.dataset_cases import unfair
from ui.learning import class_results, class_shared, material, problems
from ui.learning.feedback import known, model_says
from ui.parts import remote, scroll
from ui.parts.controls import confirm
from ui.text import as_text

COUNTS = ("5", "10", "20")
PLAYLIST_LEVEL = "playlist"
_LED = "class_led"
"""Of the session: the class that is led."""
LEAD = "lead"
"""In the address: the same, so that the wall comes back when it is reloaded."""
_STEPPED = "class_stepped"
"""Of the session: when the class went on, in seconds."""
_HIDDEN = "class_hidden"
"""Of the session: whether the tally is hidden until the reveal."""
_STEP = "class_step"
"""Key of the button that goes on."""
PAUSE = 1.0
"""Seconds within which a second press is taken for a slip: it would skip a case's truth."""


def led() -> str:
    """The code of the class that this page leads; empty if it leads none, or must not."""
    code = clean_code(str(st.query_params.get(LEAD, "")) or st.session_state.get(_LED, ""))
    if not code or not access.check().allowed:
        return ""
    try:
        class_shared.view(code)
    except NoClassError:
        _leave()
        return ""
    except LearningError:  # which the wall tells
        pass
    return code


def show() -> None:
    """Open a class, or look for an earlier one to go on with."""
    if not lock.notice("Lead a class", "class_lock"):
        return
    problems.show_problem()
    classes = Classes.open()
    _earlier("Open classes", {code: f"Go on with {code}" for code in classes.current()})
    _form()
    ended = {code: f"{code}, {when:%d %b %Y}" for code, when in classes.ended().items()}
    _earlier("Ended classes, with their results", ended)


def _earlier(title: str, codes: dict[str, str]) -> None:
    """Classes to look at, each with what its button says."""
    if not codes:
        return
    st.markdown(f"**{title}**")
    with st.container(horizontal=True):
        for code, words in codes.items():
            st.button(words, key=f"class_resume_{code}", on_click=_lead, args=(code,))


def _form() -> None:
    with st.container(border=True):
        found = material.pool()
        st.markdown("**Open a class**")
        levels = {key: name for key, name in found.levels.items() if key != "weak"}
        if found.practice:
            st.caption("Without HAM10000 the cases are practice lesions, drawn by a program.")
        picked = material.listed()
        if picked:
            levels[PLAYLIST_LEVEL] = f"My playlist ({len(picked)})"
        level = choose_one("Which cases", levels, "class_level")
        if level == PLAYLIST_LEVEL:
            st.caption("The cases of the playlist that you made on the Dataset page, in its order.")
            count = len(picked)
        else:
            st.caption(ABOUT[level])
            count = int(choose_one("How many", COUNTS, "class_count", default="10"))
        if not picked and not found.practice:
            st.caption(
                ":material/info: To ask cases that you choose yourself, make a playlist of them on "
                "the Dataset page first."
            )
        names = st.toggle(
            "Nicknames on the wall",
            key="class_names",
            help="Participants choose a nickname, which everybody sees with how many they had "
            "right. Off: only counts are shown.",
        )
        st.button(
            "Open the class",
            key="class_open",
            type="primary",
            icon=":material/co_present:",
            on_click=_open,
            args=(level, count, names),
        )


@access.guarded
def _open(level: str, count: int, names: bool) -> None:
    with problems.action():
        if level == PLAYLIST_LEVEL:
            cases = material.listed()
            if not cases:
                raise LearningError("The cases of the playlist are no longer there. Choose others.")
        else:
            cases = draw(material.pool().cases, level, count, np.random.default_rng())
        st.session_state[_LED] = Classes.open().start(cases, level, names)


@access.guarded
def _lead(code: str) -> None:
    st.session_state[_LED] = code


@lru_cache
def qr(words: str) -> bytes:
    """A QR code as PNG."""
    import segno

    buffer = io.BytesIO()
    segno.make(words, error="m", micro=False).save(buffer, kind="png", scale=6, border=4)
    return buffer.getvalue()


def wall(code: str) -> None:
    """What is projected, a page without scrolling: how to join, then case after case, how many
    have answered, and the buttons."""
    st.session_state[_LED] = st.query_params[LEAD] = code
    ended = _has_ended(code)
    with st.container(key="class_wall"):
        if ended:
            class_results.ended(code)
        else:
            _wall(code)
    _aside(code, ended)


def _has_ended(code: str) -> bool:
    try:
        return class_shared.view(code).closed
    except LearningError:  # which the wall tells
        return False


@st.fragment(run_every=class_shared.POLL_SECONDS)
def _wall(code: str) -> None:
    if not access.check().allowed:
        st.rerun()
    problems.show_problem()
    try:
        seen = class_shared.view(code)
    except LearningError as error:
        st.title(code, anchor=False)
        st.error(as_text(str(error)))
        return
    if seen.closed:
        st.rerun()
    scroll.follow(f"{code} {seen.begun} {seen.position} {seen.revealed}")
    if seen.begun:
        remote.forward(_STEP)
        _late(code)
        _case(seen)
    else:
        _waiting(seen)


def _case(seen: ClassView) -> None:
    """The case that is asked, and once it is revealed, what it was and who was right."""
    left, right = st.columns([6, 5], gap="large")
    with left:
        class_shared.photo(seen.image)
        if seen.revealed:
            _known(seen)
    with right:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.progress(
                (seen.position + seen.revealed) / seen.of,
                text=f"Case {seen.position + 1} of {seen.of} · {seen.answered} of "
                f"{seen.participants} answered",
            )
            if seen.revealed:
                _step_button(
                    seen, "Show the results" if seen.last else "Next case", "arrow_forward"
                )
            else:
                _step_button(seen, "Reveal", "visibility")
        if seen.revealed:
            class_shared.truth(seen.truth)
        hidden = st.session_state.setdefault(_HIDDEN, True)
        if not seen.revealed:
            st.button(  # and no switch, where the keys of the wall would not be heard any more
                "Show the tally" if hidden else "Hide the tally",
                key="class_hide",
                type="tertiary",
                icon=f":material/{'visibility' if hidden else 'visibility_off'}:",
                on_click=_hide,
                args=(not hidden,),
            )
        if seen.revealed or not hidden:
            class_results.show_tally(seen)
    class_results.scores(seen, "Right so far")


def _waiting(seen: ClassView) -> None:
    """Before the first case: large, how to join, and who has."""
    where, nobody_else = _address(seen.code)
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="large"):
        if not nobody_else:
            st.image(qr(where), width=300, alt=f"QR code of the address {where}")
        with st.container(width="stretch"):
            st.markdown(f"Join at **{as_text(where.split('?')[0])}** with the code")
            st.title(seen.code, anchor=False)
            if nobody_else:
                st.caption(
                    ":material/info: This address works on this computer only. The README tells, "
                    "under “For a class”, how to let others in."
                )
            st.metric("Joined", seen.participants, border=True, width=160)
    if seen.scores:
        st.write(as_text(" · ".join(seen.scores)))
    _step_button(seen, "Begin", "play_arrow")


def _late(code: str) -> None:
    """In a line, how to join a class that has begun."""
    where, nobody_else = _address(code)
    with st.container(horizontal=True, vertical_alignment="center", gap="large"):
        st.title(code, anchor=False, width="content")
        st.markdown(f"Join at **{as_text(where.split('?')[0])}** with this code", width="content")
        if not nobody_else:
            with st.popover("QR code", icon=":material/qr_code_2:"):
                st.image(qr(where), width=300, alt=f"QR code of the address {where}")


def _address(code: str) -> tuple[str, bool]:
    """The address of a class, and whether no other computer reaches it: a phone would look for it
    on itself."""
    where = address_of("classroom", "classroom", {"code": code})
    return where, loopback(urlsplit(where).hostname)


def _step_button(seen: ClassView, word: str, icon: str) -> None:
    st.button(
        word,
        key=_STEP,
        type="primary",
        icon=f":material/{icon}:",
        shortcut="Right",
        on_click=_step,
        args=(seen,),
    )


def _known(seen: ClassView) -> None:
    """How the diagnosis of a case is known, and what the model says of it."""
    with contextlib.suppress(DatasetError, ImageError, ValueError):  # its photo is not there
        case = material.case_of(seen.image, "case")
        shown = attempt(case, "class_")
        if shown is not None:
            said = words.headline(shown.analysis, state.usual())
            share = chance(shown.analysis.probability(shown.analysis.prediction))
            how = said.text if said.flagged else f"Its probability: {share}."
            st.markdown(f"{model_says(shown, seen.truth)} {how}")
        if why := unfair(case.record):
            st.markdown(f":orange-badge[{why}]")
        st.caption(known(case))


def _aside(code: str, ended: bool) -> None:
    """What is not for every moment; outside of what runs by itself, which would close a dialog."""
    with st.container(horizontal=True):
        files.download(
            "Results (CSV)",
            lambda: Classes.open().results(code),
            f"lesionlab-class-{code}.csv",
            key="class_csv",
        )
        if not ended and st.button("End", key="class_end", icon=":material/stop:"):
            confirm(
                "End this class?",
                "The other cases are not asked; everybody sees their result. It cannot be opened "
                "again.",
                "End the class",
                _end,
                code,
                icon=":material/stop:",
                key="class_end_confirmed",
            )
        st.button("Leave", key="class_leave", on_click=_leave, help="The class stays as it is.")
        if st.button("Delete", key="class_delete", icon=":material/delete:"):
            confirm(
                "Delete this class?",
                "All its answers are deleted, for good. Download the results first to keep them.",
                "Delete for good",
                _delete,
                code,
                icon=":material/delete_forever:",
                key="class_delete_confirmed",
            )


def _hide(hidden: bool) -> None:
    st.session_state[_HIDDEN] = hidden


@access.guarded
def _step(seen: ClassView) -> None:
    """Go on from what was shown, once."""
    now = time.monotonic()
    if now - st.session_state.get(_STEPPED, -PAUSE) < PAUSE:
        return
    st.session_state[_STEPPED] = now
    with problems.action():
        classes = Classes.open()
        if not seen.begun:
            classes.begin(seen.code)
        elif seen.revealed:
            classes.proceed(seen.code, seen.position)
        else:
            classes.reveal(seen.code, seen.position)
    class_shared.changed()


def _leave() -> None:
    st.session_state.pop(_LED, None)
    st.query_params.pop(LEAD, None)


@access.guarded
def _end(code: str) -> None:
    with problems.action():
        Classes.open().end(code)
    class_shared.changed()


@access.guarded
def _delete(code: str) -> None:
    with problems.action():
        Classes.open().delete(code)
        _leave()
    class_shared.changed()
