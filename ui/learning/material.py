"""What a quiz is made of: the pool of cases, a case's photo, and the model's answer to it."""

import contextlib
import threading
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from cachetools import LRUCache, cached

from core.errors import DatasetError
from core.evaluation.files import EvaluationError
from core.ham10000.dataset import CREDIT
from core.imaging.image import to_jpeg
from core.imaging.overlay import canvas_for
from core.learning.cases import QuizCase, dataset_pool, is_practice, practice_case, practice_pool
from core.learning.draw import LEVELS, MEASURED
from core.learning.records import Said
from core.lesion.phantom import Phantom
from core.models.weights import WeightsError
from core.taxonomy import KEYS
from ui import state
from ui.analyse.address import known
from ui.analyse.present import PLAYLIST
from ui.case import Case
from ui.performance.evaluations import report_in_use
from ui.state import SHOWN_PX, ShownAnalysis


@dataclass(frozen=True, eq=False)
class Pool:
    """Cases to draw from.

    Attributes:
        cases: as `core.learning.cases` describes.
        practice: they are practice lesions.
        measured: what the model says of them is known.
    """

    cases: pd.DataFrame
    practice: bool
    measured: bool

    @property
    def levels(self) -> dict[str, str]:
        """The sets that can be drawn from them, as `LEVELS`."""
        found = {k: v for k, v in LEVELS.items() if self.measured or k not in MEASURED}
        if self.practice:
            del found["realistic"]
        return found


def pool() -> Pool:
    """The test split of the imported dataset, else practice lesions."""
    data = state.dataset()
    if isinstance(data, str) or not (data.table["split"] == "test").any():
        return Pool(practice_pool(), True, False)
    said: pd.DataFrame | None = None
    with contextlib.suppress(EvaluationError, WeightsError):
        predictions = report_in_use("test").predictions
        said = predictions if set(KEYS) <= set(predictions.columns) else None
    found = dataset_pool(data.table, said)
    return Pool(found, False, said is not None and bool(found["named"].notna().any()))


def listed() -> list[QuizCase]:
    """The cases of the visitor's playlist that the dataset has, in their order."""
    data = state.dataset()
    if isinstance(data, str):
        return []
    rows = data.table.loc[known(st.session_state.get(PLAYLIST, []))]
    return [
        QuizCase(str(image), str(lesion), str(dx))
        for image, lesion, dx in zip(rows.index, rows["lesion_id"], rows["dx"], strict=True)
    ]


def with_outlines(found: Pool) -> Pool:
    """Those that an expert has outlined."""
    data = state.dataset()
    if found.practice or isinstance(data, str):
        return found
    outlined = data.table["has_mask"].reindex(found.cases.index, fill_value=False)
    return replace(found, cases=found.cases[outlined.to_numpy(bool)])


def expert_outline(image: str) -> np.ndarray:
    """The lesion as an expert outlined it, or as it was drawn; bool H×W, not empty.

    Raises:
        DatasetError: there is none.
        ValueError: there is no such practice lesion.
    """
    if is_practice(image):
        return drawn(image).mask
    data = state.dataset()
    if isinstance(data, str):
        raise DatasetError(data)
    found = data.mask(image)
    if not found.any():
        raise DatasetError(f"The outline of {image} is empty. Import the outlines again.")
    return found


@cached(LRUCache(16), condition=threading.Condition())
def drawn(image: str) -> Phantom:
    """The practice lesion of an id; the last ones are remembered. It is drawn once, also where a
    whole class comes to it at the same time."""
    return practice_case(image)


def case_of(image: str, name: str) -> Case:
    """A case's photo, under a name that gives nothing away.

    Raises:
        DatasetError: the photo is no longer there.
        ValueError: there is no such practice lesion.
    """
    if is_practice(image):
        lesion = drawn(image).image
        return Case(
            name, lesion.digest, lambda _: lesion, ":violet-badge[Synthetic] Drawn by a program."
        )
    data = state.dataset()
    if isinstance(data, str):
        raise DatasetError(data)
    return Case.of_file(data.photo(image), name, CREDIT, data.table.loc[image])


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Case: lambda case: case.digest})
def jpeg(case: Case) -> bytes:
    """A case's photo as it is shown; the last 64 are remembered. Raises ImageError."""
    return to_jpeg(canvas_for(case.open(SHOWN_PX).rgb, SHOWN_PX, SHOWN_PX))


def said_of(shown: ShownAnalysis) -> Said:
    """The model's answer, to be kept with the student's."""
    analysis = shown.analysis
    shares = {key: round(analysis.probability(key), 6) for key in analysis.classes}
    weights = state.model_server().analyser.classifier_card.sha256
    return Said(analysis.prediction, shares, weights)
