"""What is loaded once for everybody, and what is remembered of finished analyses."""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import streamlit as st
from cachetools import LRUCache

from core.answer.analyser import DECODED_PX, Analyser, Analysis, mask_of
from core.answer.eight_views import EightViews, eight_views
from core.errors import DatasetError
from core.ham10000.dataset import Dataset, folder
from core.ham10000.splits import SplitError
from core.imaging.black_frame import PAINTED_OVER
from core.imaging.heatmaps import share_inside
from core.imaging.image import scaled
from core.imaging.overlay import canvas_for
from core.lesion.quality import MEASURED_PX, Check, check_quality, remarks
from core.models.cards import FILE as CARD
from core.models.cards import Card
from core.models.registry import KINDS, in_use, models_in_use, refuse
from core.models.weights import WeightsError
from core.settings import SettingsError
from core.system.fair_queue import FairQueue
from core.system.idle_cache import IdleCache
from ui.case import Case
from ui.drawings import DRAWN_BYTES
from ui.files import written_at

SHOWN_PX = DECODED_PX
"""Longest side of a photo as shown; downloads have the full size, if that is larger."""

REMEMBERED_BYTES = 96 * 1024**2 - DRAWN_BYTES
"""What finished analyses may take, some forty of them; those not shown for longest go first. With
their drawings it is 96 MB."""

REMEMBERED_SECONDS = 120
"""How long one is remembered after it was last shown: as long as Streamlit keeps what belongs to a
visitor who has left. Who looks on for longer waits for the networks once more."""
LATE_SECONDS = 10
"""By how much later it may go."""

REMEMBERED_VIEWS = 1000
"""Photos whose eight views are remembered, of 56 numbers each."""

AT_ONCE = 2
"""Photos that are analysed at the same time: while one is decoded and measured, and its pages wait
for their turn to run, the networks look at the other."""

_TURNS = FairQueue(AT_ONCE)
"""The queue before the networks: one, whatever models come and go, since a batch may still be at
work with those of before."""

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class ShownAnalysis:
    """One analysis, and what it is shown with.

    Attributes:
        photo: uint8 h×w×3, its longest side at most `SHOWN_PX`; of a smaller photo, itself.
        mask: bool H×W, of the size of `preview`.
        notes: how the file was read.
    """

    analysis: Analysis
    photo: np.ndarray
    mask: np.ndarray
    notes: tuple[str, ...]
    quality: tuple[Check, ...]

    @property
    def preview(self) -> np.ndarray:
        """The photo to draw on, uint8 H×W×3, its longest side `SHOWN_PX`; a smaller photo is
        enlarged anew at each call."""
        return canvas_for(self.photo, SHOWN_PX, SHOWN_PX)

    def remarks(self, taken: bool | None) -> dict[str, str]:
        """What to say of the photo, see `core.lesion.quality.remarks`; whether it has colours is
        known where a lesion was measured."""
        measured = self.analysis.measurements
        grey = measured is not None and not measured.in_colour
        return remarks(self.quality, self.analysis.in_domain, taken, grey)

    def heat_inside(self, heatmap: np.ndarray) -> float | None:
        """The share of a heatmap's heat inside the outline, 0…1; None without heat or outline."""
        return share_inside(heatmap, self.mask) if self.mask.any() else None

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.photo.nbytes + self.mask.nbytes + self.analysis.mask_logits.nbytes


class ModelServer:
    """The models, the queue before them, and what they answered lately. One for all sessions.

    Args:
        folders: of the classifier and of the segmenter, if not of those in use.
    """

    def __init__(self, folders: tuple[Path, Path] | None = None) -> None:
        self.analyser = Analyser.load(lanes=AT_ONCE, folders=folders)
        self.turns = _TURNS
        self._answers: IdleCache[str, ShownAnalysis] = IdleCache(
            REMEMBERED_BYTES, REMEMBERED_SECONDS, LATE_SECONDS, lambda shown: shown.nbytes
        )
        self._views: LRUCache[str, EightViews] = LRUCache(REMEMBERED_VIEWS)
        self._lock = threading.Lock()

    def remembered(self, digest: str) -> ShownAnalysis | None:
        """The answer to a photo that was analysed lately."""
        return self._answers.get(digest)

    def answer(self, case: Case) -> ShownAnalysis:
        """Decode and analyse, whatever is remembered. Raises ImageError."""
        image = case.open(DECODED_PX)
        analysis = self.analyser.analyse(image)
        photo = canvas_for(image.rgb, 1, SHOWN_PX)
        height, width = photo.shape[:2]
        small = scaled(image.width, image.height, MEASURED_PX)
        shown = ShownAnalysis(
            analysis,
            photo,
            mask_of(analysis.mask_logits, *scaled(width, height, SHOWN_PX)),
            image.notes + (PAINTED_OVER,) * analysis.painted_over,
            check_quality(image.rgb, mask_of(analysis.mask_logits, *small)),
        )
        self._answers.put(case.digest, shown)
        return shown

    def forget(self, digest: str) -> None:
        """Forget the answer to a photo, and what it looks like."""
        self._answers.forget(lambda known: known.startswith(digest))
        with self._lock:
            self._views.pop(digest, None)

    def remembered_views(self, digest: str) -> EightViews | None:
        """The eight views of a photo that were classified lately."""
        with self._lock:
            return self._views.get(digest)

    def ask_views(self, case: Case) -> EightViews:
        """Classify a photo's eight views, whatever is remembered. Raises ImageError."""
        found = eight_views(self.analyser, case.open(DECODED_PX))
        with self._lock:
            self._views[case.digest] = found
        return found


@st.cache_resource(
    max_entries=1,
    show_spinner="Loading the two models… The very first time on a computer they are prepared for "
    "it, which takes some ten seconds.",
)
def _model_server(folders: tuple[str, str], keys: tuple[str, str]) -> ModelServer:
    first, second = folders
    return ModelServer((Path(first), Path(second)))


def model_server() -> ModelServer:
    """Loaded once, and again when other models are in use. Raises WeightsError, SettingsError."""
    models = classifier, segmenter = models_in_use()
    try:
        folders = str(classifier.folder), str(segmenter.folder)  # told apart sooner than paths
        return _model_server(folders, (classifier.key, segmenter.key))
    except WeightsError as error:
        if not (classifier.own or segmenter.own):
            raise
        for model in models:
            refuse(model, str(error))
        st.rerun()  # with the shipped ones, and a word on why above the page


def forget(digest: str) -> None:
    """Forget what the models said of a photo, if they are there."""
    with contextlib.suppress(WeightsError, SettingsError):
        model_server().forget(digest)


def usual() -> dict[str, float]:
    """The share of each diagnosis that the classifier's probabilities assume, by key."""
    analyser = model_server().analyser
    return dict(zip(analyser.classes, map(float, analyser.calibration.prior), strict=True))


def in_turn(doing: str, work: Callable[[], T]) -> T:
    """Do what needs the networks once it is its turn; who waits sees how many are ahead.

    Args:
        doing: what to say meanwhile.

    Raises:
        BusyError: too many wait already.
    """
    place = st.empty()
    with model_server().turns.take() as turn:
        if not turn.wait(0.3):
            pause = 0.5
            while not turn.wait(pause):
                ahead = turn.ahead
                place.info(
                    f"Busy: {ahead} ahead of yours. Just wait: its turn comes by itself.",
                    icon=":material/hourglass_top:",
                )
                pause = 0.5 + ahead / 10  # in a long queue the count matters less than the work
            place.empty()
        with place, st.spinner(doing):
            return work()


def analyse(case: Case) -> ShownAnalysis:
    """The analysis of a photo, from memory if the same photo was analysed lately. Photos of all
    sessions go through in the order they came, `AT_ONCE` at a time.

    Raises:
        ImageError: the photo cannot be used.
        BusyError: too many wait already.
        WeightsError, SettingsError: the models cannot be loaded.
    """
    shared = model_server()
    if shown := shared.remembered(case.digest):
        return shown
    return in_turn(
        "Analysing the photo…", lambda: shared.remembered(case.digest) or shared.answer(case)
    )


@st.cache_resource(max_entries=2, show_spinner="Reading the dataset…")
def _dataset(root: str, stamps: tuple[int, ...]) -> Dataset | str:
    try:
        return Dataset.open(Path(root).parent)
    except (DatasetError, SplitError) as error:
        return str(error)


def dataset() -> Dataset | str:
    """The imported dataset, or a sentence on why there is none and what to do."""
    root = folder()
    parts = [root / p for p in ("metadata.csv", "split.csv", "images", "masks", "crops")]
    return _dataset(str(root), written_at(*parts))


@lru_cache(maxsize=64)
def _card(folder: Path, written: tuple[int, ...]) -> Card:
    return Card.read(folder)


def card(folder: Path) -> Card:
    """A model's card, read again only when it has changed. Raises WeightsError."""
    return _card(folder, written_at(folder / CARD))


def cards() -> dict[str, Card]:
    """The cards of the models in use by kind; those that cannot be read are left out."""
    found: dict[str, Card] = {}
    for name in KINDS:
        try:
            known = card(in_use(name).folder)
        except WeightsError:
            continue
        if known.name and known.sha256:
            found[name] = known
    return found
