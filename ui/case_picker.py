"""Choosing a photo: a practice lesion, a case of the dataset, one's own file, or the camera.

A page that shows several pickers gives each a slot: a prefix of every key in the session, so that
none knows of the others.
"""

import secrets
from bisect import bisect_left

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.typing import UploadedFile

from core.answer.words import WORRIED
from core.errors import DatasetError
from core.ham10000.dataset import CREDIT, Dataset
from core.imaging.formats import listed
from core.imaging.image import ImageError, display_name
from core.lesion.phantom import practice_lesion, practice_titles
from core.taxonomy import BY_KEY, ORDER
from ui import state
from ui.analyse import address, uploads
from ui.case import Case
from ui.choices import choose_one
from ui.dataset_cases import unfair
from ui.files import let_go
from ui.parts import scroll
from ui.scale import WIDTH
from ui.text import as_text

ANY = "any"
DERMOSCOPY_ONLY = (
    "The models know dermoscopy only. Use a dermatoscope on the phone or camera: for an ordinary "
    "camera photo the answer means nothing."
)
SOURCES = {
    "practice": "Practice",
    "dataset": "Cases",
    "upload": "Your photo",
    "camera": "Camera",
}
CHOICES = (
    "source", "practice", "part", "diagnosis", "case", "pinned",
    "upload", "upload_key", "shot", "shot_key",
)  # fmt: skip
"""What the session knows of a slot's choice, behind the slot's prefix."""


def pick(slot: str = "", unlike: str = "") -> Case | None:
    """Show the picker.

    Args:
        slot: prefix of its keys in the session.
        unlike: name of a case that another picker shows, not to start with.

    Returns:
        The chosen case, or None while there is none (and says why).
    """
    data = state.dataset()
    # Not as the widget's default: `carry` may have set it already.
    st.session_state.setdefault(f"{slot}source", "practice" if isinstance(data, str) else "dataset")
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    source = choose_one("Photo from", SOURCES, f"{slot}source", row, label_visibility="collapsed")
    if source == "upload":
        return _upload(slot, row)
    if source == "camera":
        return _camera(slot, row)
    if source == "dataset":
        return _from_dataset(data, slot, unlike, row)
    return _practice(slot, unlike, row)


def carry(slot: str) -> None:
    """Have another picker show what the one of the slot "" shows."""
    widths = [str(name) for name in st.session_state if str(name).startswith(WIDTH)]
    for name in (*CHOICES, *widths):
        if name in st.session_state:
            st.session_state[slot + name] = st.session_state[name]


def _practice(slot: str, unlike: str, row: DeltaGenerator) -> Case:
    titles, key = practice_titles(), f"{slot}practice"
    if unlike in titles and key not in st.session_state:
        st.session_state[key] = next(title for title in titles if title != unlike)
    lesion = practice_lesion(
        row.selectbox(
            "Synthetic lesion",
            titles,
            key=key,
            persist_state="session",
            label_visibility="collapsed",
            width=360,
        )
    )
    image, about = lesion.image, f":violet-badge[Synthetic] {lesion.description}"
    return Case(image.name, image.digest, lambda _: image, about)


def _upload(slot: str, row: DeltaGenerator) -> Case | None:
    if case := uploads.shown(slot, "upload"):
        return _still_open(slot, "upload", case, row)
    _tell_if_lost(slot, "upload", "Choose it again.")
    _uploader(slot, f"{slot}file")
    st.info(WORRIED, icon=":material/health_and_safety:")
    st.caption("Choose a file. The models know dermoscopy only.")
    return None


def _tell_if_lost(slot: str, kind: str, what_to_do: str) -> None:
    if st.session_state.pop(f"{slot}{kind}_lost", False):
        st.warning(
            "The photo of this address is no longer here: it was forgotten, or the server was "
            f"restarted or needed the memory. {what_to_do}"
        )


def _uploader(slot: str, key: str) -> None:
    # Files of any kind: the core tells what one is that it does not read; the browser would not.
    st.file_uploader(
        f"A dermatoscopic photo: {listed('or')}, up to 20 MB",
        key=key,
        max_upload_size=20,
        on_change=_keep_file,
        args=(slot, key),
        help="The photo stays in this computer's memory and is not stored.",
    )


def _unreadable(case: Case) -> str:
    """Why a photo cannot be read; empty if it can."""
    try:
        case.open(state.SHOWN_PX)
    except ImageError as error:
        return f"{as_text(case.name)} was not opened: {error}"
    return ""


def _keep_file(slot: str, key: str) -> None:
    if isinstance(file := st.session_state[key], UploadedFile):  # not one that was let go of
        name = display_name(file.name)
        about = f":blue-badge[Your photo] {as_text(name)}"
        upload = uploads.Upload("upload", name, file.getvalue(), about)
        let_go([file])
        st.session_state[f"{slot}another"] = False
        if f"{slot}upload" in st.session_state and (problem := _unreadable(upload.case())):
            st.session_state[f"{slot}upload_problem"] = problem  # and the photo before stays
            return
        uploads.keep(upload, slot)
        if not slot:
            scroll.ask(scroll.ANSWER)


def _camera(slot: str, row: DeltaGenerator) -> Case | None:
    """The camera runs until the photo is taken, and again once that is removed."""
    if case := uploads.shown(slot, "shot"):
        _still_open(slot, "shot", case, row)
        st.caption(f":material/warning: {DERMOSCOPY_ONLY}")
        return case
    _tell_if_lost(slot, "shot", "Take it again.")
    st.warning(DERMOSCOPY_ONLY, icon=":material/warning:")
    st.info(WORRIED, icon=":material/health_and_safety:")
    st.camera_input(
        "Take a photo",
        key=f"{slot}camera",
        resolution="1080p",
        width=640,
        on_change=_keep_shot,
        args=(slot,),
        help="The photo stays in this computer's memory and is not stored.",
    )
    st.caption(
        "On a phone, the sign in the picture's corner changes to its other camera. No picture? "
        "Allow the camera for this page, beside the address in your browser, and load the page "
        "again. Browsers offer it only at https addresses and on the computer that runs LesionLab. "
        "Otherwise take the photo with the camera's own program and choose “Your photo”."
    )
    return None


def _keep_shot(slot: str) -> None:
    if photo := st.session_state[f"{slot}camera"]:
        about = ":blue-badge[Your photo] Taken with the camera"
        uploads.keep(uploads.Upload("shot", "Camera photo", photo.getvalue(), about), slot)
        let_go([photo])


def _still_open(slot: str, kind: str, case: Case, row: DeltaGenerator) -> Case:
    if problem := st.session_state.pop(f"{slot}{kind}_problem", None):
        st.error(problem)
    row.markdown(f"**{as_text(case.name)}**", width="content")
    if kind == "upload":
        with row.popover(
            "Another photo", icon=":material/upload:", key=f"{slot}another", on_change="rerun"
        ):
            _uploader(slot, f"{slot}file_{case.digest}")  # another one, and empty, each time
    row.button(
        "Forget this photo",
        icon=":material/delete:",
        key=f"{slot}{kind}_remove",
        on_click=_forget,
        args=(slot, kind),
        help="Removes the photo, and all that was computed from it or written about it, from this "
        "computer's memory. A batch keeps its own copy until it is cleared.",
    )
    return case


def _forget(slot: str, kind: str) -> None:
    uploads.forget(slot, kind)
    scroll.ask_control(f"{slot}{'file' if kind == 'upload' else 'camera'}")


def _from_dataset(data: Dataset | str, slot: str, unlike: str, row: DeltaGenerator) -> Case | None:
    if isinstance(data, str):
        st.info(as_text(data), title="No dataset yet", icon=":material/download:")
        st.caption("Meanwhile, the practice lesions and your own photos work without it.")
        return None
    places = [row.container(width="content") for _ in range(3)]
    about = row.container(width="content")
    ids = _filtered(data, slot, row)
    asked = st.session_state.pop(f"{slot}asked_case", None)
    if asked is not None and asked not in data.table.index:
        st.session_state[f"{slot}id_problem"] = _no_image(asked, data)
    if problem := st.session_state.pop(f"{slot}id_problem", None):
        st.warning(problem)
    current = str(st.session_state.get(f"{slot}case"))
    pinned = st.session_state.get(f"{slot}pinned", False)
    if current not in data.table.index or (current not in ids and not pinned):
        if not ids:
            st.info("No imported case fits. Choose all cases, or any diagnosis.")
            return None
        others = [i for i in ids if i != unlike] or ids
        current = st.session_state[f"{slot}case"] = _random(others, current)
    place = bisect_left(ids, current)
    after = place + (place < len(ids) and ids[place] == current)
    seen = st.session_state.get(f"{slot}seen", [])
    for where, label, icon, target in (
        (places[0], "Previous", "chevron_left", seen[-1] if seen else current),
        (places[1], "Another case", "shuffle", _random(ids, current)),
        (places[2], "Next", "chevron_right", ids[after % len(ids)] if ids else current),
    ):
        where.button(
            label,
            icon=f":material/{icon}:",
            type="primary" if label == "Another case" else "secondary",
            on_click=_back if label == "Previous" else _go,
            key=f"{slot}{icon}",
            args=(slot, target),
            disabled=target == current,
            help="The case seen just before this one" if label == "Previous" else None,
        )
    record = data.table.loc[current]
    about.markdown(f"**{as_text(current)}** " + _split_badge(record), width="content")
    try:
        photo = data.photo(current)
    except DatasetError as error:
        st.error(
            f"{as_text(str(error))} Import the dataset again to repair it.",
            title=f"{as_text(current)} is damaged",
        )
        return None
    return Case.of_file(photo, current, CREDIT, record)


def _filtered(data: Dataset, slot: str, row: DeltaGenerator) -> list[str]:
    """Show the filters; returns the ids that pass, sorted."""
    st.session_state.setdefault(f"{slot}part", "test")
    with row.popover("Choose", icon=":material/tune:", key=f"{slot}filter"):
        choose_one(
            "Cases",
            {"test": "Unseen", "all": "All"},
            f"{slot}part",
            on_change=_unpin,
            args=(slot,),
            help="Unseen: the test split. Neither model was trained or tuned on these lesions.",
        )
        st.selectbox(
            "Diagnosis",
            [ANY, *ORDER],
            format_func=lambda k: "Any diagnosis (not revealed)" if k == ANY else BY_KEY[k].name,
            key=f"{slot}diagnosis",
            persist_state="session",
            on_change=_unpin,
            args=(slot,),
        )
        st.text_input(
            "Image id",
            key=f"{slot}typed",
            placeholder="e.g. ISIC_0024306",
            on_change=_jump,
            args=(slot, data),
            help="Opens that image at once, whatever the filters say.",
        )
    return _passing(data, slot)


def _passing(data: Dataset, slot: str) -> list[str]:
    """The ids that pass a picker's filters as the session has them, sorted."""
    table = data.table
    chosen = (table["split"] == "test") | (st.session_state.get(f"{slot}part") == "all")
    wanted = st.session_state.get(f"{slot}diagnosis", ANY)
    if wanted != ANY:
        chosen &= table["dx"] == wanted
    return [str(i) for i in table.index[chosen]]


def _split_badge(record: pd.Series) -> str:
    words = unfair(record)
    return f":orange-badge[{words}]" if words else ":green-badge[unseen by the models]"


def _random(ids: list[str], current: str) -> str:
    """Any of the ids but the current one, if there is another."""
    others = [i for i in ids if i != current]
    return secrets.choice(others) if others else current


SEEN = 50
"""Cases remembered, to go back to."""


def _go(slot: str, case: str) -> None:
    if before := st.session_state.get(f"{slot}case"):
        seen = st.session_state.setdefault(f"{slot}seen", [])
        seen.append(before)
        del seen[:-SEEN]
    st.session_state[f"{slot}case"] = case
    _unpin(slot)


def _back(slot: str, case: str) -> None:
    del st.session_state.get(f"{slot}seen", [])[-1:]  # of two quick clicks the second finds none
    st.session_state.update({f"{slot}case": case, f"{slot}pinned": True})


def open_case(image_id: str) -> None:
    """The Analyse page shows that case of the dataset; “Previous” leads back."""
    if st.session_state.get("source") == "dataset":
        _go("", image_id)
    address.choose(image_id)


def move(by: int) -> None:
    """Open another case or practice lesion of the Analyse page: 1 another one, -1 the one before.
    A visitor's own photo stays, and so does the only case that passes the filters."""
    source = st.session_state.get("source")
    data = state.dataset()
    if source == "dataset" and not isinstance(data, str):
        if by > 0:
            current = st.session_state["case"]
            if (other := _random(_passing(data, ""), current)) != current:
                _go("", other)
        elif seen := st.session_state.get("seen"):
            _back("", seen[-1])
    elif source == "practice":
        titles = practice_titles()
        now = titles.index(st.session_state.get("practice", titles[0]))
        st.session_state["practice"] = titles[(now + by) % len(titles)]


def _unpin(slot: str) -> None:
    """From now on the filters decide again."""
    st.session_state[f"{slot}pinned"] = False


def _jump(slot: str, data: Dataset) -> None:
    """Open the typed id: the whole one, or its last digits."""
    typed = st.session_state[f"{slot}typed"].strip()
    st.session_state[f"{slot}typed"] = ""
    if not typed:
        return
    image_id = address.image_id_of(typed)
    if image_id in data.table.index:
        _go(slot, image_id)
        st.session_state[f"{slot}pinned"] = True
    else:
        st.session_state[f"{slot}id_problem"] = _no_image(typed, data)


def _no_image(typed: str, data: Dataset) -> str:
    return (
        f"There is no image {as_text(typed)} in the dataset. Ids look like {data.table.index[0]}."
    )
