"""A playlist: the cases that a teacher picks here and shows to a hall, in their order."""

import re
from collections.abc import Sequence

import streamlit as st

from core.ham10000.dataset import Dataset
from ui import files
from ui.analyse import address, present
from ui.analyse.address import MOST_CASES, cases_of, ids_of
from ui.analyse.present import PLAYLIST
from ui.browser import address_of
from ui.files import let_go
from ui.text import as_text

_PROBLEM = "playlist_problem"
"""Of the session: what could not be done, until it was said."""
_ID = re.compile(r"(ISIC_)?\d{1,7}(\.jpe?g)?", re.IGNORECASE)
HEAD = "# LesionLab playlist: one image id a line, in the order of the presentation\n"


def ids() -> list[str]:
    """The image ids, in their order."""
    found: list[str] = st.session_state.setdefault(PLAYLIST, [])
    return found


def show(on_page: Sequence[str], data: Dataset) -> None:
    """The playlist, what can be done with it, and where a saved one is opened.

    Args:
        on_page: ids of the images that the gallery shows now.
    """
    listed = ids()
    with st.popover(f"Playlist ({len(listed)})", icon=":material/slideshow:", key="playlist_open"):
        st.caption(
            "Cases for the presentation view, which shows one after the other on the whole screen. "
            "The + below an image adds it."
        )
        if problem := st.session_state.pop(_PROBLEM, None):
            st.warning(problem)
        for place, image_id in enumerate(listed):
            _row(place, image_id)
        with st.container(horizontal=True):
            st.button(
                f"Add these {len(on_page)}",
                icon=":material/playlist_add:",
                key="playlist_add_all",
                on_click=_add,
                args=(list(on_page),),
            )
            if listed:
                st.button(
                    "Clear", icon=":material/delete:", key="playlist_clear", on_click=listed.clear
                )
        if listed:
            if st.button(
                "Present", icon=":material/play_arrow:", key="playlist_present", type="primary"
            ):
                present.ask()
                address.show_first(listed)
                address.open_analyse()
            files.download("Save as a file", HEAD + "\n".join(listed) + "\n", "playlist.txt")
            st.markdown("Or hand on this link:")
            wanted = {"view": "present", "cases": cases_of(listed)}
            link = address_of("", "dataset", wanted)
            st.code(link, language=None, wrap_lines=True)
        st.file_uploader(
            "Open a saved playlist",
            key="playlist_file",
            max_upload_size=1,
            on_change=_open,
            args=(data,),
        )


def _row(place: int, image_id: str) -> None:
    row = st.container(horizontal=True, vertical_alignment="center", gap="small")
    row.markdown(f"{place + 1}. {as_text(image_id)}", width=150)
    row.button(
        "Up",
        key=f"playlist_up_{image_id}",
        on_click=_up,
        args=(image_id,),
        disabled=place == 0,
        type="tertiary",
        icon=":material/arrow_upward:",
    )
    row.button(
        "Remove",
        key=f"playlist_remove_{image_id}",
        on_click=_remove,
        args=(image_id,),
        type="tertiary",
        icon=":material/close:",
    )


def button(image_id: str) -> None:
    """Below an image of the gallery: adds it, or takes it off again."""
    within = image_id in ids()
    st.button(
        "In the playlist" if within else "Playlist",
        icon=":material/check:" if within else ":material/add:",
        key=f"playlist_{image_id}",
        type="tertiary",
        help="Remove it from the playlist" if within else "Add it to the playlist",
        on_click=_remove if within else _add,
        args=(image_id,) if within else ([image_id],),
    )


def _add(more: list[str]) -> None:
    listed = ids()
    new = [image_id for image_id in more if image_id not in listed]
    room = MOST_CASES - len(listed)
    listed += new[:room]
    if len(new) > room:
        st.session_state[_PROBLEM] = f"A playlist has {MOST_CASES} cases at most."


def _remove(image_id: str) -> None:
    """Also for a second click, before the page is drawn again."""
    if image_id in ids():
        ids().remove(image_id)


def _up(image_id: str) -> None:
    listed = ids()
    if place := listed.index(image_id) if image_id in listed else 0:
        listed[place - 1], listed[place] = listed[place], listed[place - 1]


def _open(data: Dataset) -> None:
    file = st.session_state["playlist_file"]
    if file is None:
        return
    found = listed_in(file.getvalue())
    let_go([file])
    known = [image_id for image_id in found if image_id in data.table.index]
    if not known:
        st.session_state[_PROBLEM] = (
            "This file is not a list of images of the dataset. A playlist is a text file with one "
            f"image id per line, such as {data.table.index[0]}, and nothing else. Your playlist "
            "stays as it was."
        )
        return
    st.session_state[PLAYLIST] = known
    if len(known) < len(found):
        st.session_state[_PROBLEM] = (
            f"{len(found) - len(known)} of its {len(found)} ids are not in the dataset and were "
            "left out."
        )


def listed_in(data: bytes) -> list[str]:
    """The image ids that a file lists; none if it is anything but such a list."""
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        return []
    text = "\n".join(line for line in lines if not line.strip().startswith("#"))
    words = re.findall(r"[^\s,;]+", text)
    if not all(_ID.fullmatch(word) for word in words):
        return []
    return ids_of(" ".join(words))
