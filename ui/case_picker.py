"""Choosing a photo: a practice lesion, a case of the dataset, one's own file, or the camera.

A page that shows several pickers gives each a slot: a prefix of every key in the session, so that
none knows of the others.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import streamlit as st

from core.errors import DatasetError
from core.ham10000.dataset import CREDIT, Dataset
from core.imaging.formats import listed
from core.imaging.image import display_name
from core.lesion.phantom import practice_lesion, practice_titles
from core.taxonomy import BY_KEY, DIAGNOSES
from ui import state
from ui.case import Case
from ui.choices import choose_one
from ui.text import as_text

ANY = "any"
SOURCES = {
    "practice": ":material/brush: Practice lesions",
    "dataset": ":material/photo_library: HAM10000",
    "upload": ":material/upload: Your photo",
    "camera": ":material/photo_camera: Camera",
}
CHOICES = ("source", "practice", "part", "diagnosis", "case", "pinned", "upload", "shot")
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
    with st.container(border=True):
        source = choose_one("Photo from", SOURCES, f"{slot}source")
        if source == "upload":
            return _upload(slot)
        if source == "camera":
            return _camera(slot)
        if source == "dataset":
            return _from_dataset(data, slot, unlike)
        return _practice(slot, unlike)


def carry(slot: str) -> None:
    """Have another picker show what the one of the slot "" shows."""
    for name in CHOICES:
        if name in st.session_state:
            st.session_state[slot + name] = st.session_state[name]


def _practice(slot: str, unlike: str) -> Case:
    titles, key = practice_titles(), f"{slot}practice"
    if unlike in titles and key not in st.session_state:
        st.session_state[key] = next(title for title in titles if title != unlike)
    lesion = practice_lesion(
        st.selectbox("Synthetic lesion", titles, key=key, persist_state="session")
    )
    image, about = lesion.image, f":violet-badge[Synthetic] {lesion.description}"
    return Case(image.name, image.digest, lambda _: image, about)


def _upload(slot: str) -> Case | None:
    # Files of any kind: the core tells what one is that it does not read; the browser would not.
    file = st.file_uploader(
        f"A dermatoscopic photo: {listed('or')}, up to 20 MB",
        key=f"{slot}file",
        max_upload_size=20,
        help="The photo stays in this computer's memory and is not stored.",
    )
    kept, seen = f"{slot}upload", f"{slot}upload_id"
    if file is not None and st.session_state.get(seen) != file.file_id:
        about = f":blue-badge[Your photo] {as_text(display_name(file.name))}"
        st.session_state[kept] = Case.of_file(file.getvalue(), file.name, about, taken=None)
        st.session_state[seen] = file.file_id
    if kept not in st.session_state:
        st.caption("Choose a file, or drop one here. The models know dermoscopy only.")
        return None
    if file is None:  # back from elsewhere, where the widget forgot it, or its cross was clicked
        _still_open(slot, kept)
    case: Case = st.session_state[kept]
    return case


def _camera(slot: str) -> Case | None:
    """The camera runs until the photo is taken, and again once that is removed."""
    st.warning(
        "The models know dermoscopy only. Use a dermatoscope on the phone or camera: for an "
        "ordinary camera photo the answer means nothing.",
        icon=":material/warning:",
    )
    kept = f"{slot}shot"
    if kept in st.session_state:
        _still_open(slot, kept)
        case: Case = st.session_state[kept]
        return case
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
        case = Case.of_file(photo.getvalue(), "Camera photo", about, taken=True)
        st.session_state[f"{slot}shot"] = case


def _still_open(slot: str, kept: str) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown(f"Open: {as_text(st.session_state[kept].name)}")
    row.button(
        "Remove photo",
        icon=":material/delete:",
        key=f"{kept}_remove",
        on_click=st.session_state.pop,
        args=(kept, None),
    )


def _from_dataset(data: Dataset | str, slot: str, unlike: str) -> Case | None:
    if isinstance(data, str):
        st.info(as_text(data), title="No dataset yet", icon=":material/download:")
        st.caption("Meanwhile, the practice lesions and your own photos work without it.")
        return None
    ids = _filtered(data, slot)
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
    row = st.container(horizontal=True, vertical_alignment="center")
    place = bisect_left(ids, current)
    after = place + (place < len(ids) and ids[place] == current)
    for label, icon, target in (
        ("Another case", "shuffle", _random(ids, current)),
        ("Previous", "chevron_left", ids[(place - 1) % len(ids)] if ids else current),
        ("Next", "chevron_right", ids[after % len(ids)] if ids else current),
    ):
        row.button(
            label,
            icon=f":material/{icon}:",
            type="primary" if label == "Another case" else "secondary",
            on_click=_go,
            key=f"{slot}{icon}",
            args=(slot, target),
            disabled=target == current,
        )
    record = data.table.loc[current]
    row.markdown(f"**{as_text(current)}** " + _split_badge(record["split"], data))
    try:
        photo = data.photo(current)
    except DatasetError as error:
        st.error(
            f"{as_text(str(error))} Import the dataset again to repair it.",
            title=f"{as_text(current)} is damaged",
        )
        return None
    return Case.of_file(photo, current, CREDIT, record)


def _filtered(data: Dataset, slot: str) -> list[str]:
    """Show the filters; returns the ids that pass, sorted."""
    st.session_state.setdefault(f"{slot}part", "test")
    first, second, third = st.columns([3, 4, 3], vertical_alignment="bottom")
    part = choose_one(
        "Cases",
        {"test": "Unseen", "all": "All"},
        f"{slot}part",
        first,
        on_change=_unpin,
        args=(slot,),
        help="Unseen: the test split. Neither model was trained or tuned on these lesions.",
    )
    wanted = second.selectbox(
        "Diagnosis",
        [ANY, *(d.key for d in DIAGNOSES)],
        format_func=lambda k: "Any diagnosis (not revealed)" if k == ANY else BY_KEY[k].name,
        key=f"{slot}diagnosis",
        persist_state="session",
        on_change=_unpin,
        args=(slot,),
    )
    third.text_input(
        "Image id",
        key=f"{slot}typed",
        placeholder="e.g. ISIC_0024306",
        on_change=_jump,
        args=(slot, data),
        help="Opens that image at once, whatever the filters say.",
    )
    table = data.table
    chosen = (table["split"] == "test") | (part == "all")
    if wanted != ANY:
        chosen &= table["dx"] == wanted
    return [str(i) for i in table.index[chosen]]


def _split_badge(split: str, data: Dataset) -> str:
    known = {card.get("split_id") for card in state.cards().values()}
    if known != {data.split.id}:
        return ":gray-badge[this split is not the models' own: they may know this lesion]"
    if split == "test":
        return ":green-badge[unseen by the models]"
    when = "training" if split == "train" else "tuning"
    return f":orange-badge[seen during {when}: not a fair test]"


def _random(ids: list[str], current: str) -> str:
    """Any of the ids but the current one, if there is another."""
    others = [i for i in ids if i != current]
    return others[int(np.random.default_rng().integers(len(others)))] if others else current


def _go(slot: str, case: str) -> None:
    st.session_state[f"{slot}case"] = case
    _unpin(slot)


def _unpin(slot: str) -> None:
    """From now on the filters decide again."""
    st.session_state[f"{slot}pinned"] = False


def _jump(slot: str, data: Dataset) -> None:
    """Open the typed id: the whole one, or its last digits."""
    typed = st.session_state[f"{slot}typed"].strip().upper().removesuffix(".JPG")
    st.session_state[f"{slot}typed"] = ""
    if not typed:
        return
    image_id = f"ISIC_{typed.removeprefix('ISIC_').zfill(7)}"
    if image_id in data.table.index:
        st.session_state[f"{slot}case"] = image_id
        st.session_state[f"{slot}pinned"] = True
    else:
        st.session_state[f"{slot}id_problem"] = (
            f"There is no image {as_text(typed)} in the dataset. "
            f"Ids look like {data.table.index[0]}."
        )
