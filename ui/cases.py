"""Choosing a photo: a practice lesion, a case of the dataset, or one's own file."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
import streamlit as st

from core.dataset import Dataset, DatasetError
from core.imaging import display_name
from core.phantom import practice_lesion, practice_titles
from core.taxonomy import BY_KEY, DIAGNOSES
from ui import state
from ui.case import Case
from ui.frame import as_text

UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"]
ANY = "any"
SOURCES = {
    "practice": ":material/brush: Practice lesions",
    "dataset": ":material/photo_library: HAM10000",
    "upload": ":material/upload: Your photo",
}


def pick() -> Case | None:
    """Show the picker; returns the chosen case, or None while there is none (and says why)."""
    data = state.dataset()
    with st.container(border=True):
        source = st.segmented_control(
            "Photo from",
            list(SOURCES),
            format_func=SOURCES.__getitem__,
            default="practice" if isinstance(data, str) else "dataset",
            required=True,
            key="source",
            persist_state="session",
        )
        if source == "upload":
            return _upload()
        if source == "dataset":
            return _from_dataset(data)
        return _practice()


def _practice() -> Case:
    titles = practice_titles()
    lesion = practice_lesion(
        st.selectbox("Synthetic lesion", titles, key="practice", persist_state="session")
    )
    image, about = lesion.image, f":violet-badge[Synthetic] {lesion.description}"
    return Case(image.name, image.digest, lambda _: image, about)


def _upload() -> Case | None:
    file = st.file_uploader(
        "A dermatoscopic photo: JPEG, PNG, WebP, BMP or TIFF, up to 20 MB",
        type=UPLOAD_TYPES,
        key="file",
        max_upload_size=20,
        help="The photo stays in this computer's memory and is not stored.",
    )
    if file is not None and st.session_state.get("upload_id") != file.file_id:
        about = f":blue-badge[Your photo] {as_text(display_name(file.name))}"
        st.session_state["upload"] = Case.of_file(file.getvalue(), file.name, about)
        st.session_state["upload_id"] = file.file_id
    if "upload" not in st.session_state:
        st.caption("Choose a file, or drop one here. The models know dermoscopy only.")
        return None
    case: Case = st.session_state["upload"]
    if file is None:  # back from elsewhere, where the widget forgot it, or its cross was clicked
        row = st.container(horizontal=True, vertical_alignment="center")
        row.markdown(f"Still open: {as_text(case.name)}")
        row.button("Remove photo", icon=":material/delete:", on_click=_forget_upload)
    return case


def _forget_upload() -> None:
    for key in ("upload", "upload_id"):
        st.session_state.pop(key, None)


def _from_dataset(data: Dataset | str) -> Case | None:
    if isinstance(data, str):
        st.info(data, title="No dataset yet", icon=":material/download:")
        st.caption("Meanwhile, the practice lesions and your own photos work without it.")
        return None
    ids = _filtered(data)
    if problem := st.session_state.pop("id_problem", None):
        st.warning(problem)
    current = str(st.session_state.get("case"))
    pinned = st.session_state.get("pinned", False)
    if current not in data.table.index or (current not in ids and not pinned):
        if not ids:
            st.info("No imported case fits. Choose all cases, or any diagnosis.")
            return None
        current = st.session_state["case"] = _random(ids, current)
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
            args=(target,),
            disabled=target == current,
        )
    record = data.table.loc[current]
    row.markdown(f"**{current}** " + _split_badge(record["split"], data))
    try:
        photo = data.photo(current)
    except DatasetError as error:
        st.error(f"{error} Import the dataset again to repair it.", title=f"{current} is damaged")
        return None
    return Case.of_file(photo, current, "HAM10000, Tschandl et al. 2018, CC BY-NC 4.0", record)


def _filtered(data: Dataset) -> list[str]:
    """Show the filters; returns the ids that pass, sorted."""
    first, second, third = st.columns([3, 4, 3], vertical_alignment="bottom")
    part = first.segmented_control(
        "Cases",
        ["test", "all"],
        format_func={"test": "Unseen", "all": "All"}.__getitem__,
        default="test",
        required=True,
        key="part",
        persist_state="session",
        on_change=_unpin,
        help="Unseen: the test split. Neither model was trained or tuned on these lesions.",
    )
    wanted = second.selectbox(
        "Diagnosis",
        [ANY, *(d.key for d in DIAGNOSES)],
        format_func=lambda k: "Any (keeps it secret)" if k == ANY else BY_KEY[k].name,
        key="diagnosis",
        persist_state="session",
        on_change=_unpin,
    )
    third.text_input(
        "Image id",
        key="typed",
        placeholder="e.g. ISIC_0024306",
        on_change=_jump,
        args=(data,),
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
    what = "learned from it" if split == "train" else "were tuned on it"
    return f":orange-badge[not a fair test: the models {what}]"


def _random(ids: list[str], current: str) -> str:
    """Any of the ids but the current one, if there is another."""
    others = [i for i in ids if i != current]
    return others[int(np.random.default_rng().integers(len(others)))] if others else current


def _go(case: str) -> None:
    st.session_state["case"] = case
    _unpin()


def _unpin() -> None:
    """From now on the filters decide again."""
    st.session_state["pinned"] = False


def _jump(data: Dataset) -> None:
    """Open the typed id: the whole one, or its last digits."""
    typed = st.session_state["typed"].strip().upper().removesuffix(".JPG")
    st.session_state["typed"] = ""
    if not typed:
        return
    image_id = f"ISIC_{typed.removeprefix('ISIC_').zfill(7)}"
    if image_id in data.table.index:
        st.session_state["case"] = image_id
        st.session_state["pinned"] = True
    else:
        st.session_state["id_problem"] = (
            f"There is no image {as_text(typed)} in the dataset. "
            f"Ids look like {data.table.index[0]}."
        )
