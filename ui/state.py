"""What is loaded once for everybody, and what is remembered of finished analyses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
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
    """One analysis, with small copies to draw on: photo uint8 h×w×3 and mask bool h×w."""

    analysis: Analysis
    preview: np.ndarray
    mask: np.ndarray


@st.cache_resource(show_spinner="Loading the two models…")
def analyser() -> Analyser:
    """The shipped models, loaded once. Raises WeightsError, SettingsError."""
    return Analyser.load()


def analyse(image: LesionImage) -> Shown:
    """The analysis of a photo, from memory if the same photo was analysed lately."""
    return _analyse(image.digest, image)


# A photo of 40 megapixels keeps 43 MB here (mask and preview).
@st.cache_resource(max_entries=16, ttl="2h", show_spinner="Analysing the photo…")
def _analyse(digest: str, _image: LesionImage) -> Shown:
    analysis = analyser().analyse(_image)
    preview = canvas_for(_image.rgb, SHOWN_PX, SHOWN_PX)
    height, width = preview.shape[:2]
    share = cv2.resize(analysis.mask.astype(np.uint8) * 255, (width, height))
    return Shown(analysis, preview, share > 127)


@st.cache_resource(max_entries=2, show_spinner="Reading the dataset…")
def _dataset(root: Path, stamps: tuple[int, ...]) -> Dataset | str:
    try:
        return Dataset.open(root.parent)
    except (DatasetError, SplitError) as error:
        return str(error)


def dataset() -> Dataset | str:
    """The imported dataset, or a sentence on why there is none and what to do."""
    root = folder()
    parts = [root / p for p in ("metadata.csv", "split.csv", "images", "masks", "crops")]
    return _dataset(root, tuple(p.stat().st_mtime_ns if p.exists() else 0 for p in parts))


def cards() -> dict[str, Card]:
    """The cards of both models by folder name; those that cannot be read are left out."""
    found: dict[str, Card] = {}
    for name in ("classifier", "segmenter"):
        try:
            card = read_card(Settings.from_environment().weights / name)
        except WeightsError:
            continue
        if {"name", "sha256"} <= card.keys():
            found[name] = card
    return found
