"""Five ways to draw a heatmap, side by side: computed on demand, one at a time for everybody."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from cachetools import LRUCache

from core.analyser import DECODED_PX
from core.cam import METHODS
from core.explain import agreement, share_inside
from core.imaging import resize, to_jpeg
from core.in_use import in_use
from core.overlay import canvas_for, draw
from core.settings import SettingsError
from core.taxonomy import BY_KEY, KEYS
from core.turns import BusyError, Turns
from core.weights import WeightsError
from ui.case import Case
from ui.frame import percent
from ui.state import Shown, desk

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from core.torch_cam import Cams

REMEMBERED = 2000
"""Maps kept, of 36 numbers each."""
SMALL_PX = 480
"""Longest side of each picture."""

Key = tuple[str, str, str]
"""Digest of the photo, class, method."""


class Bench:
    """The queue before the computation and the maps made lately. One for all sessions."""

    def __init__(self) -> None:
        self.turns = Turns(waiting=20)
        self._maps: LRUCache[Key, np.ndarray] = LRUCache(REMEMBERED)
        self._lock = threading.Lock()

    def remembered(self, digest: str, key: str) -> dict[str, np.ndarray]:
        """The maps of a photo and class that are known, by method."""
        with self._lock:
            found = {method: self._maps.get((digest, key, method)) for method in METHODS}
        return {method: heat for method, heat in found.items() if heat is not None}

    def keep(self, digest: str, key: str, method: str, heat: np.ndarray) -> None:
        """Remember a map."""
        with self._lock:
            self._maps[digest, key, method] = heat


@st.cache_resource(max_entries=1)
def _bench(key: str) -> Bench:
    return Bench()


def bench() -> Bench:
    """Made once for the classifier in use."""
    return _bench(in_use("classifier").key)


@st.cache_resource(
    max_entries=1, show_spinner="Loading torch and the grad-cam package, once. Some seconds…"
)
def _cams(key: str) -> Cams:
    from core.torch_cam import Cams

    return Cams.load()


def cams() -> Cams:
    """Of the classifier in use, loaded when first asked for. Raises WeightsError, SettingsError."""
    return _cams(in_use("classifier").key)


def side_by_side(case: Case, shown: Shown) -> None:
    """Choose a class, compute what is not known yet, show all methods."""
    analysis = shown.analysis
    st.subheader("Would another method show the same?", anchor=False)
    key = st.selectbox(
        "Heatmaps for",
        sorted(KEYS, key=analysis.probability, reverse=True),
        sorted(KEYS, key=analysis.probability, reverse=True).index(analysis.prediction),
        format_func=lambda k: BY_KEY[k].name,
        key=f"methods_{analysis.digest}",
    )
    maps = bench().remembered(analysis.digest, key)
    if len(maps) < len(METHODS):
        place = st.empty()
        with place.container():
            asked = st.button("Compare five methods", icon=":material/compare:", type="primary")
            st.caption("Takes some ten seconds: Score-CAM asks the network over a hundred times.")
        if not asked:
            return
        try:
            with place.container():
                maps = _computed(case, shown, key)
        except BusyError:
            place.warning("Many are comparing right now. Try again in a minute.", title="Busy")
            return
        except (WeightsError, SettingsError) as error:
            place.error(str(error), title="The classifier cannot be used")
            return
        place.empty()
    _gallery(shown, key, maps)


def _computed(case: Case, shown: Shown, key: str) -> dict[str, np.ndarray]:
    """All maps of a class. Whoever leaves meanwhile gives the turn back; finished maps stay."""
    shared, digest = bench(), shown.analysis.digest
    bar = st.progress(0.0, "Waiting for a turn…")
    with shared.turns.take() as turn:
        while not turn.wait(0.5):
            bar.progress(0.0, f"Busy: {turn.ahead} ahead of you. Its turn comes by itself.")
        bar.progress(0.0, "Getting ready…")
        model = cams()
        size = desk().analyser.classifier_card["input"]["size"]
        pixels = resize(case.open(DECODED_PX).rgb, (size, size))
        index = shown.analysis.classes.index(key)
        known = shared.remembered(digest, key)
        for method in (m for m in METHODS if m not in known):
            report = partial(_report, bar, METHODS[method].name)
            report(0.0)
            shared.keep(digest, key, method, model.compute(method, pixels, index, report))
    return shared.remembered(digest, key)


def _report(bar: DeltaGenerator, name: str, share: float) -> None:
    bar.progress(share, f"{name}…")


def _gallery(shown: Shown, key: str, maps: dict[str, np.ndarray]) -> None:
    small = canvas_for(shown.preview, 1, SMALL_PX)
    with st.grid(3, min_column_width=240, gap="medium"):
        for method, about in METHODS.items():
            with st.container():
                heat = maps[method]
                share = share_inside(heat, shown.mask) if shown.mask.any() else None
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
