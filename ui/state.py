"""What is loaded once for everybody, and what is remembered of finished analyses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from core.analyser import Analyser, Analysis
from core.dataset import Dataset, DatasetError, folder
from core.imaging import LesionImage
from core.overlay import canvas_for
from core.settings import Settings
from core.splits import SplitError
from core.weights import Card, WeightsError, read_card

SHOWN_PX = 900
"""Longest side of a photo as shown; downloads have the full size, if that is larger."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One analysed photo, with the smaller copy that is drawn on."""

    image: LesionImage
    analysis: Analysis
    preview: np.ndarray


@st.cache_resource(show_spinner="Loading the two models…")
def analyser() -> Analyser:
    """The shipped models, loaded once. Raises WeightsError, DeviceError, SettingsError."""
    return Analyser.load()


def analyse(image: LesionImage) -> Shown:
    """The analysis of a photo, from memory if the same photo was analysed lately."""
    return _analyse(image.digest, image)


@st.cache_resource(max_entries=48, show_spinner="Analysing the photo…")
def _analyse(digest: str, _image: LesionImage) -> Shown:
    return Shown(_image, analyser().analyse(_image), canvas_for(_image.rgb, SHOWN_PX, SHOWN_PX))


@st.cache_resource(show_spinner="Reading the dataset…")
def _dataset(root: Path, stamp: float) -> Dataset | str:
    try:
        return Dataset.open(root.parent)
    except (DatasetError, SplitError) as error:
        return str(error)


def dataset() -> Dataset | str:
    """The imported dataset, or a sentence on why there is none and what to do."""
    root = folder()
    table = root / "metadata.csv"
    return _dataset(root, table.stat().st_mtime if table.is_file() else 0.0)


def cards() -> dict[str, Card]:
    """The cards of both models by folder name; those that cannot be read are left out."""
    found: dict[str, Card] = {}
    for name in ("classifier", "segmenter"):
        try:
            found[name] = read_card(Settings.from_environment().weights / name)
        except WeightsError:
            continue
    return found
