"""A participant's side of a class."""

import streamlit as st

from core.formatting import percent
from core.learning.classes import Classes, ClassView, NoClassError, clean_code
from core.learning.database import LearningError
from core.learning.store import LONGEST_NICKNAME
from core.taxonomy import BY_KEY
from ui.browser import browser_key
from ui.learning import asking, class_shared, links, problems
from ui.parts import scroll
from ui.text import as_text

_CODE = "class_code"
"""Of the session: the class that is taken part in."""


def linked_code() -> str:
    """The code in the page's address; empty if there is none."""
    return clean_code(str(st.query_params.get("code", "")))


def show() -> None:
    """Join by a code, or go on in the class that was joined. By a link the page is all for that
    class, whose name is its title then."""
    linked = linked_code()
    code = linked or st.session_state.get(_CODE, "")
    if not code:
        _ask_code()
        return
    try:
        seen = class_shared.view(code)
        known = Classes.open().participant(code, browser_key())
    except NoClassError as error:
        if linked:
            st.title("Class", anchor=False)
        st.error(as_text(str(error)))
        _other()
        _ask_code()
        return
    st.session_state[_CODE] = code
    (st.title if linked else st.header)(f"Class {code}", anchor=False)
    if known is not None and not seen.closed:
        _asked(code, known)
    elif seen.closed:
        st.info(f"The class has ended.{_own_result(known)}", icon=":material/info:")
        st.page_link("pages/screens/quiz.py", label="Practise on your own", icon=":material/quiz:")
        st.write("To join another class, enter its code.")
        _ask_code()
    else:
        problems.show_problem()
        _join(seen)
    if not seen.closed:
        st.button("Another class", key="class_other", type="tertiary", on_click=_other)


def _other() -> None:
    st.query_params.clear()
    st.session_state.pop(_CODE, None)


def _ask_code() -> None:
    problems.show_problem()
    with st.form("class_code_form", border=False):
        st.text_input("Code of the class", key="class_code_typed", max_chars=200, width=240)
        st.form_submit_button("Join", type="primary", on_click=_take_code)


def _take_code() -> None:
    with problems.action():
        code = clean_code(str(st.session_state.get("class_code_typed") or ""))
        if not code:
            raise LearningError("Type the code that the teacher shows, six letters or digits.")
        st.session_state[_CODE] = st.query_params["code"] = code


def _join(seen: ClassView) -> None:
    with st.form("class_join_form", border=False):
        if seen.names:
            st.text_input(
                "Nickname, which everybody in the class sees",
                key="class_name",
                max_chars=LONGEST_NICKNAME,
                autocomplete="off",
                width=320,
            )
        else:
            st.write("Nobody sees who answered what: the wall shows counts only.")
        st.form_submit_button("Take part", type="primary", on_click=_enter, args=(seen.code,))


def _enter(code: str) -> None:
    with problems.action():
        Classes.open().join(code, browser_key(), str(st.session_state.get("class_name") or ""))
    class_shared.changed()


@st.fragment(run_every=class_shared.POLL_SECONDS)
def _asked(code: str, participant: str) -> None:
    """The case that is asked now, or what it was. All in a fragment, which asks again by itself."""
    problems.show_problem()
    try:
        seen = class_shared.view(code)
        mine = _mine(participant, seen.position)
    except LearningError as error:
        st.error(as_text(str(error)))
        return
    if seen.closed:
        st.rerun()
    scroll.follow(f"{code} {seen.begun} {seen.position} {seen.revealed}", focus=True)
    if not seen.begun:
        st.info(
            "You are in. The first case appears here by itself when the teacher begins.",
            icon=":material/hourglass_empty:",
        )
        return
    st.markdown(f"Case {seen.position + 1} of {seen.of}")
    left, right = st.columns([6, 5], gap="medium")
    with left:
        class_shared.photo(seen.image)
    with right:
        if seen.revealed:
            _what_it_was(seen, mine)
            return
        st.header("What is it?", anchor=False)
        asking.seven_buttons(
            f"class_{seen.position}", mine, _answer, code, participant, seen.position
        )
        if mine:
            st.caption("Your answer is kept. You may change it until the case is revealed.")
        else:
            asking.hint("Choose one.", "Keys: 1 to 7.")
        scroll.control()  # as what runs by itself leaves out what is below the page


def _what_it_was(seen: ClassView, mine: str | None) -> None:
    class_shared.truth(seen.truth, None if mine is None else mine == seen.truth)
    if mine is None:
        st.write("You did not answer this case.")
    elif mine == seen.truth:
        st.write("You were **right**.")
    else:
        st.write(f"You said **{BY_KEY[mine].name}**.")
    if seen.answered:
        share = percent(seen.right / seen.answered)
        st.write(f"{seen.right} of {seen.answered} answers were right ({share}).")
    links.diagnosis(seen.truth, "class")
    if seen.last:
        st.caption("That was the last case. Your result appears when the teacher ends the class.")
    else:
        st.caption("The next case appears by itself.")


def _own_result(participant: str | None) -> str:
    right, answered = Classes.open().right_of(participant) if participant else (0, 0)
    return f" You were right in {right} of the {answered} you answered." if answered else ""


def _mine(participant: str, position: int) -> str | None:
    """The own answer, asked of the disk once a case."""
    key = f"class_mine_{participant}_{position}"
    if key not in st.session_state:
        st.session_state[key] = Classes.open().answer_of(participant, position)
    return st.session_state[key]


def _answer(code: str, participant: str, position: int, diagnosis: str) -> None:
    with problems.action():
        Classes.open().answer(code, participant, position, diagnosis)
        st.session_state[f"class_mine_{participant}_{position}"] = diagnosis
    scroll.ask_control(f"class_{position}_{diagnosis}")
