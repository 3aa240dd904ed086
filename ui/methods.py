"""Five ways to draw a heatmap, side by side: computed on demand, in a process of its own."""

import threading
from functools import partial

import numpy as np
import streamlit as st
from cachetools import LRUCache

from core.answer.analyser import DECODED_PX
from core.answer.cam_methods import METHODS
from core.answer.compare_methods import PIXELS, read_maps
from core.formatting import percent
from core.imaging.black_frame import network_input
from core.imaging.heatmaps import agreement
from core.imaging.image import ImageError, to_jpeg, to_png
from core.imaging.overlay import canvas_for, draw
from core.models.registry import in_use
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY
from ui import subprocess_task
from ui.case import Case
from ui.parts.controls import choose_diagnosis
from ui.state import ShownAnalysis, model_server
from ui.text import as_text

REMEMBERED = 400
"""Photos and classes whose maps are kept, five of 36 numbers each."""
SMALL_PX = 480
"""Longest side of each picture."""
COMMAND = "core.answer.compare_methods"
TASK = "methods_task"
"""Of the session: the task that computes."""


class Bench:
    """The maps made lately, by method, of a photo's digest and a class. One for all sessions."""

    def __init__(self) -> None:
        self._maps: LRUCache[tuple[str, str], dict[str, np.ndarray]] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def remembered(self, digest: str, key: str) -> dict[str, np.ndarray]:
        """Those that are known."""
        with self._lock:
            return self._maps.get((digest, key), {})

    def forget(self, digest: str) -> None:
        """Let go of all maps of a photo."""
        with self._lock:
            for known in [k for k in self._maps if k[0] == digest]:
                del self._maps[known]

    def keep(self, digest: str, key: str, maps: dict[str, np.ndarray]) -> None:
        """Remember maps beside those that are known."""
        with self._lock:
            self._maps[digest, key] = self._maps.get((digest, key), {}) | maps


@st.cache_resource(max_entries=1)
def _bench(key: str) -> Bench:
    return Bench()


def bench() -> Bench:
    """Made once for the classifier in use."""
    return _bench(in_use("classifier").key)


def forget(digest: str) -> None:
    """Let go of a photo's maps, and of its copy where they are being computed."""
    task: tuple[tuple[str, str], subprocess_task.Task] | None = st.session_state.get(TASK)
    if task is not None and task[0][0] == digest:
        task[1].discard()
        del st.session_state[TASK]
    bench().forget(digest)


def side_by_side(case: Case, shown: ShownAnalysis) -> None:
    """Choose a class, compute what is not known yet, show all methods."""
    analysis = shown.analysis
    st.subheader("Would another method show the same?", anchor=False)
    key = choose_diagnosis("Heatmaps for", f"methods_{analysis.digest}", analysis.prediction)
    maps = bench().remembered(analysis.digest, key)
    if len(maps) < len(METHODS):
        _ask(case, shown, key)
    else:  # perhaps by another visitor, who was first in line
        if subprocess_task.current(TASK, (analysis.digest, key)):
            subprocess_task.drop(TASK)
        _gallery(shown, key, maps)


def _ask(case: Case, shown: ShownAnalysis, key: str) -> None:
    """The button that has the maps computed; how far that is; what went wrong."""
    about, place = (shown.analysis.digest, key), st.empty()
    task = subprocess_task.current(TASK, about)
    if task is None or not task.running:
        with place.container():
            if task is not None and task.cancelled:
                st.caption("Cancelled. What was finished by then is not computed again.")
            elif task is not None:
                problem = task.problem or "No heatmaps were made. Try again."
                st.error(as_text(problem), title="The methods could not be compared")
            asked = st.button(
                "Compare five methods",
                icon=":material/compare:",
                type="primary",
                key="compare_methods",
            )
            st.caption(
                "Takes up to a minute: Score-CAM asks the network over a hundred times. You may "
                "look at other pages meanwhile."
            )
        if not asked:
            return
        subprocess_task.drop(TASK)
        try:
            task = subprocess_task.get_or_start(TASK, about, partial(_started, case, shown, key))
        except (BusyError, OSError, ImageError) as error:
            place.warning(as_text(str(error)), title="The methods cannot be compared now")
            return
        place.empty()
    subprocess_task.show_progress(task, "Getting ready…", TASK)


def _started(case: Case, shown: ShownAnalysis, key: str) -> subprocess_task.Task:
    """The computation of the maps that are not known yet. Finished ones stay, whatever happens."""
    shared, analysis = bench(), shown.analysis
    size = model_server().analyser.classifier_card.input.size
    pixels = network_input(case.open(DECODED_PX).rgb, size)
    known = shared.remembered(analysis.digest, key)
    words = ["{folder}", str(analysis.classes.index(key)), *(m for m in METHODS if m not in known)]
    return subprocess_task.Task(
        COMMAND,
        [*words, "--weights", str(in_use("classifier").folder)],
        {PIXELS: to_png(pixels)},
        ended=lambda task: shared.keep(analysis.digest, key, read_maps(task.folder)),
    )


def _gallery(shown: ShownAnalysis, key: str, maps: dict[str, np.ndarray]) -> None:
    small = canvas_for(shown.preview, 1, SMALL_PX)
    with st.grid(3, min_column_width=240, gap="medium"):
        for method, about in METHODS.items():
            with st.container():
                heat = maps[method]
                share = shown.heat_inside(heat)
                inside = "" if share is None else f"{percent(share)} of its heat inside the outline"
                st.image(
                    to_jpeg(draw(small, mask=shown.mask, heatmap=heat, heat=0.6)),
                    width="stretch",
                    alt=f"{about.name} for {BY_KEY[key].name}. {inside}",
                )
                st.markdown(f"**{about.name}** {_alike(method, heat, maps)}")
                st.caption(f"{inside}. {about.text} [{about.source}]({about.link})".lstrip(". "))
    st.caption(
        "r: Spearman's rank correlation with Grad-CAM over all places of the map; 1: the same "
        "order, 0: unrelated. Methods that agree may all miss what matters, and where they "
        "disagree, none is known to be right. A heatmap does not show that the answer is right."
    )


def _alike(method: str, heat: np.ndarray, maps: dict[str, np.ndarray]) -> str:
    if method == "gradcam":
        return ":gray-badge[the one above]"
    r = agreement(heat, maps["gradcam"])
    return ":gray-badge[an empty or even map]" if r is None else f":gray-badge[r = {r:.2f}]"
