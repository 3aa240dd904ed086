"""Choosing a photo: a practice lesion, a case of the dataset, or one's own file."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from core.dataset import Dataset, DatasetError
from core.imaging import ImageError, LesionImage
from core.phantom import practice_set
from core.taxonomy import BY_KEY, DIAGNOSES
from ui import state

UPLOAD_TYPES = ["jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff"]
ANY = "any"
SOURCES = {
    "practice": ":material/brush: Practice lesions",
    "dataset": ":material/photo_library: HAM10000",
    "upload": ":material/upload: Your photo",
}


@dataclass(frozen=True, eq=False)
class Case:
    """A photo to analyse, and what is known of it.

    Attributes:
        image: the photo.
        about: a sentence on where it comes from.
        record: its row of the dataset, if it is from there.
    """

    image: LesionImage
    about: str
    record: pd.Series | None = None


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
        )
        if source == "upload":
            return _upload()
        if source == "dataset":
            return _from_dataset(data)
        return _practice()


def _practice() -> Case:
    lesions = practice_set()
    titles = [lesion.title for lesion in lesions]
    chosen = st.selectbox("Synthetic lesion", titles, key="practice")
    lesion = lesions[titles.index(chosen)]
    return Case(lesion.image, f":violet-badge[Synthetic] {lesion.description}")


def _upload() -> Case | None:
    file = st.file_uploader(
        "A dermatoscopic photo: JPEG, PNG, WebP, BMP or TIFF, up to 20 MB",
        type=UPLOAD_TYPES,
        key="file",
        max_upload_size=20,
        help="The photo stays in this computer's memory and is not stored.",
    )
    if file is not None:
        st.session_state["upload"] = (file.name, file.getvalue())
    if "upload" not in st.session_state:
        st.caption("Choose a file, or drop one here. The models know dermoscopy only.")
        return None
    name, content = st.session_state["upload"]
    try:
        image = LesionImage.from_bytes(content, name)
    except ImageError as error:
        st.error(str(error), title=f"{name} cannot be analysed")
        return None
    if file is None:
        st.caption(f"Still open: {name}")
    return Case(image, f":blue-badge[Your photo] {image.name}")


def _from_dataset(data: Dataset | str) -> Case | None:
    if isinstance(data, str):
        st.info(data, title="No dataset yet", icon=":material/download:")
        st.caption("Meanwhile, the practice lesions and your own photos work without it.")
        return None
    first, second, third = st.columns([3, 4, 3], vertical_alignment="bottom")
    part = first.segmented_control(
        "Cases",
        ["test", "all"],
        format_func={"test": "Unseen", "all": "All"}.__getitem__,
        default="test",
        required=True,
        key="part",
        help="Unseen: the test split. Neither model was trained or tuned on these lesions.",
    )
    table = data.table if part == "all" else data.table[data.table["split"] == "test"]
    counts = table["dx"].value_counts()
    wanted = second.selectbox(
        "Diagnosis",
        [ANY, *(d.key for d in DIAGNOSES if d.key in counts)],
        format_func=lambda k: (
            "Any (keeps it secret)" if k == ANY else f"{BY_KEY[k].name} ({counts[k]:,})"
        ),
        key="diagnosis",
    )
    ids = list(table.index if wanted == ANY else table.index[table["dx"] == wanted])
    third.text_input(
        "Image id",
        key="typed",
        placeholder="e.g. ISIC_0024306",
        on_change=_jump,
        args=(data,),
        help="Opens that image at once, whatever the filters say.",
    )
    if problem := st.session_state.pop("id_problem", None):
        st.warning(problem)
    current = str(st.session_state.get("case"))
    if current not in data.table.index or (
        current not in ids and not st.session_state.get("pinned")
    ):
        current = st.session_state["case"] = _random(ids)
    row = st.container(horizontal=True, vertical_alignment="center")
    row.button(
        "Another case",
        icon=":material/shuffle:",
        type="primary",
        on_click=_go,
        args=(_random(ids),),
    )
    place = ids.index(current) if current in ids else -1
    row.button("Previous", icon=":material/chevron_left:", on_click=_go, args=(ids[place - 1],))
    row.button(
        "Next", icon=":material/chevron_right:", on_click=_go, args=(ids[(place + 1) % len(ids)],)
    )
    record = data.table.loc[current]
    row.markdown(f"**{current}** " + _split_badge(record["split"]))
    try:
        image = LesionImage.from_bytes(data.photo(current), current)
    except (DatasetError, ImageError) as error:
        st.error(f"{error} Import the dataset again to repair it.", title=f"{current} is damaged")
        return None
    return Case(image, "HAM10000, Tschandl et al. 2018, CC BY-NC 4.0", record)


def _split_badge(split: str) -> str:
    if split == "test":
        return ":green-badge[unseen by the models]"
    what = "learned from it" if split == "train" else "were tuned on it"
    return f":orange-badge[not a fair test: the models {what}]"


def _random(ids: list[str]) -> str:
    return ids[int(np.random.default_rng().integers(len(ids)))]


def _go(case: str) -> None:
    st.session_state["case"] = case
    st.session_state["pinned"] = False


def _jump(data: Dataset) -> None:
    """Open the typed id: the whole one, or its last digits."""
    typed = st.session_state["typed"].strip().upper().removesuffix(".JPG")
    if not typed:
        return
    image_id = typed if typed.startswith("ISIC_") else f"ISIC_{typed.zfill(7)}"
    if image_id in data.table.index:
        st.session_state["case"] = image_id
        st.session_state["pinned"] = True
    else:
        st.session_state["id_problem"] = (
            f"There is no image {typed} in the dataset. Ids look like {data.table.index[0]}."
        )
