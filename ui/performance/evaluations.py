"""What the tabs of the Performance page read: one model's evaluation on one split."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from core.evaluation.files import ELSEWHERE, Evaluation, EvaluationError, command
from core.evaluation.reports import ClassifierReport, SegmenterReport
from core.models.cards import Card
from core.models.registry import in_use
from core.models.weights import WeightsError
from ui import state
from ui.files import written_at

RULE, MOST_PROBABLE = "rule", "most probable"
SPLITS = {"test": "Test", "validation": "Validation", ELSEWHERE: "Other clinics"}
NOT_KEPT = "These photos are of other clinics: LesionLab does not keep them."


@dataclass(frozen=True)
class Choice:
    """What is chosen for the whole page: a split of SPLITS, and RULE or MOST_PROBABLE."""

    split: str
    answer: str


def card_of(at: Path) -> Card:
    """A model's card; an empty one, if it cannot be read."""
    try:
        return state.card(at)
    except WeightsError:
        return Card()


def evaluation(at: Path, name: str, diagnoses: bool = True) -> Evaluation:
    """`Evaluation.read`, again only when the file has changed."""
    return _evaluation(at, name, diagnoses, written_at(at / f"evaluation-{name}.json"))


@st.cache_resource(max_entries=100, show_spinner=False)
def _evaluation(at: Path, name: str, diagnoses: bool, written: tuple[int, ...]) -> Evaluation:
    return Evaluation.read(at, name, diagnoses)


def classifier_report(split: str) -> ClassifierReport:
    """Read once for everybody, and again when a file changes.

    Raises:
        EvaluationError: a file is missing or damaged, or the two do not belong together.
    """
    place = in_use("classifier").folder
    return _classifier_report(place, split, _written_at(place, split))


def report_in_use(split: str) -> ClassifierReport:
    """As `classifier_report`, for what is said of the answers that are given now. Raises
    EvaluationError: also if the split was measured with other weights than those in use."""
    found, folder = classifier_report(split), in_use("classifier").folder
    if found.figures.weights != card_of(folder).sha256:
        raise EvaluationError(
            f"The {split} split was evaluated with other weights. Make it again with: "
            f"{command(folder, split)}"
        )
    return found


def segmenter_report(split: str) -> SegmenterReport:
    """As `classifier_report`."""
    place = in_use("segmenter").folder
    return _segmenter_report(place, split, _written_at(place, split))


@st.cache_resource(max_entries=8, show_spinner=False)
def _classifier_report(at: Path, split: str, written: tuple[int, ...]) -> ClassifierReport:
    return ClassifierReport.read(at, split)


@st.cache_resource(max_entries=8, show_spinner=False)
def _segmenter_report(at: Path, split: str, written: tuple[int, ...]) -> SegmenterReport:
    return SegmenterReport.read(at, split)


def _written_at(at: Path, split: str) -> tuple[int, ...]:
    return written_at(at / f"evaluation-{split}.json", at / f"predictions-{split}.parquet")
