"""Similar cases: the training lesions that look most like the photo to the network."""

import contextlib
import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import streamlit as st
from cachetools import LRUCache

from core.errors import DatasetError
from core.formatting import chance, percent
from core.ham10000.dataset import Dataset
from core.ham10000.isic_archive import ArchiveError, ArchiveImage, fetch
from core.imaging.image import ImageError
from core.models.neighbours import Neighbour, vote
from core.taxonomy import BY_KEY, ORDER
from ui import state
from ui.case import Case
from ui.case_picker import open_case
from ui.dataset_cases import small
from ui.parts import scroll
from ui.state import ShownAnalysis
from ui.text import as_text

TITLE = ":material/image_search: Similar cases"
SHOWN, VOTING = 8, 16


def show(case: Case, shown: ShownAnalysis) -> None:
    """The eight nearest lesions, and the vote of sixteen beside the network's answer."""
    found = neighbours(case, shown, VOTING)
    st.write(
        f"Of the lesions the model learned from, these {SHOWN} look most like the photo **to the "
        "network**: of all, its internal descriptions of them are the most like that of the photo "
        "(similarity 1: the same; 0: unrelated). Look for yourself whether they look alike."
    )
    _thumbnails(found[:SHOWN], state.dataset())
    _vote(found, shown)


def neighbours(case: Case, shown: ShownAnalysis, count: int) -> tuple[Neighbour, ...]:
    """The training lesions most like the photo, without the very lesion that it shows: known for a
    case of the dataset, and for a file that is still called by its ISIC id."""
    analyser = state.model_server().analyser
    own = None
    if case.record is not None:
        own = str(case.record["lesion_id"])
    elif found := re.search(r"ISIC_\d{7}", case.name):
        own = analyser.reference.cases.lesion_of.get(found[0])
    return analyser.similar(shown.analysis, count, own)


def _thumbnails(found: tuple[Neighbour, ...], data: Dataset | str) -> None:
    pictures: dict[str, bytes] = {}
    known = set() if isinstance(data, str) else set(data.table.index)
    for neighbour in found:
        if not isinstance(data, str) and neighbour.image_id in known:
            with contextlib.suppress(DatasetError, ImageError, OSError):  # shown without its photo
                pictures[neighbour.image_id] = small(data, neighbour.image_id)
    if elsewhere := [n.image_id for n in found if n.image_id not in known]:
        pictures |= _from_archive(elsewhere)
    with st.grid(4, min_column_width=150, border=True) as grid:
        for neighbour in found:
            diagnosis = BY_KEY[neighbour.diagnosis]
            with grid.cell():
                if neighbour.image_id in pictures:
                    st.image(
                        pictures[neighbour.image_id],
                        width="stretch",
                        alt=f"{neighbour.image_id}, {diagnosis.name}",
                    )
                st.markdown(f"**{diagnosis.name}** :small[({diagnosis.group} group)]")
                st.caption(f"{as_text(neighbour.image_id)} · similarity {neighbour.similarity:.2f}")
                if neighbour.image_id in known:
                    st.button(
                        "Open",
                        key=f"open_{neighbour.image_id}",
                        on_click=_open,
                        args=(neighbour.image_id,),
                        icon=":material/open_in_new:",
                        help="Analyse this case. The model learned from it.",
                    )


def _open(image_id: str) -> None:
    open_case(image_id)
    scroll.ask(scroll.ANSWER)


def _from_archive(image_ids: list[str]) -> dict[str, bytes]:
    """Photos from the ISIC Archive once a student asked for them, with their credit."""
    if not st.session_state.get("archive_asked", False):
        st.button(
            "Show the photos from the ISIC Archive",
            icon=":material/cloud_download:",
            on_click=lambda: st.session_state.update(archive_asked=True),
            help="Asks isic-archive.com for these eight ids; your photo is not sent. With the "
            "dataset imported no connection is needed.",
        )
        return {}
    pictures: dict[str, bytes] = {}
    credits: dict[str, None] = {}
    problem = None
    with st.spinner("Fetching the photos…"), ThreadPoolExecutor(len(image_ids)) as pool:
        for image_id, answer in zip(image_ids, pool.map(_fetched, image_ids), strict=True):
            if isinstance(answer, str):
                problem = answer
            else:
                pictures[image_id] = answer.jpeg
                credits[answer.credit] = None
    if problem:
        st.warning(problem, title="Not all photos can be shown", icon=":material/cloud_off:")
        st.button("Try again", icon=":material/refresh:", key="archive_again")
    for credit in credits:
        st.caption(f"Photos: {as_text(credit)}, from the ISIC Archive")
    return pictures


_remembered: LRUCache[str, ArchiveImage] = LRUCache(256)
_remembering = threading.Lock()
"""Eight threads and all sessions share what is remembered."""


def _fetched(image_id: str) -> ArchiveImage | str:
    """A picture, from memory if it was fetched lately, or why there is none."""
    with _remembering:
        if picture := _remembered.get(image_id):
            return picture
    try:
        picture = fetch(image_id)
    except ArchiveError as error:
        return str(error)
    except Exception:  # one picture must not take the others with it
        logging.getLogger(__name__).exception("A photo of the ISIC Archive failed")
        return f"Something unexpected went wrong with {image_id}. Try again later."
    with _remembering:
        _remembered[image_id] = picture
    return picture


def _vote(found: tuple[Neighbour, ...], shown: ShownAnalysis) -> None:
    analysis = shown.analysis
    votes = vote(found)
    most = max(votes.values())
    leading = [key for key, share in votes.items() if share == most]
    names = " and ".join(BY_KEY[key].name for key in leading)
    if len(leading) > 1:
        verdict = "It is a tie"
    elif leading[0] == analysis.prediction:
        verdict = "It agrees with the network's answer"
    else:
        verdict = f"It does not agree with the network's answer, {BY_KEY[analysis.prediction].name}"
    st.write(
        f"**The vote of the {len(found)} nearest lesions:** {names}, "
        f"{most * len(found):.0f} of {len(found)}{' each' if len(leading) > 1 else ''}. {verdict}."
    )
    prior = state.model_server().analyser.calibration.prior
    st.table(
        {
            "Diagnosis": [BY_KEY[k].name for k in ORDER],
            "Of the neighbours": [percent(votes.get(k, 0)) for k in ORDER],
            "Network": [as_text(chance(analysis.probability(k))) for k in ORDER],
            "Of all training photos": [percent(prior[analysis.classes.index(k)]) for k in ORDER],
        }
    )
    st.caption(
        "Compare with the last column: most training photos show naevi, so that naevi are often "
        "among the neighbours by chance alone."
    )
