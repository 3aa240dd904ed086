"""The presentation: one case after the other on the whole screen."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from core.answer import words
from core.ham10000.dataset import CREDIT
from core.taxonomy import BY_KEY
from ui import state
from ui.analyse.address import choose, known
from ui.analyse.present import PLAYLIST, leave
from ui.case import Case
from ui.dataset_cases import unfair
from ui.parts.bars import rows
from ui.parts.photo import layers_of
from ui.parts.stage import stage
from ui.state import ShownAnalysis


def show(case: Case, shown: ShownAnalysis, move: Callable[[int], None]) -> None:
    """The presentation of a case, over the whole window.

    Args:
        move: opens the next case (1) or the one before (-1) where there is no playlist.
    """
    analysis, usual = shown.analysis, state.usual()
    said = words.headline(analysis, usual)
    listed = _listed()
    place = listed.index(case.name) if case.name in listed else None
    notes = ["Teaching, not diagnosis", *filter(None, [unfair(case.record)])]
    if place is not None:
        notes.insert(0, f"Case {place + 1} of {len(listed)}")
    true = None if case.record is None else BY_KEY[str(case.record["dx"])]
    agrees = true is not None and true.key == analysis.prediction
    answered = analysis.in_domain
    if case.record is not None:
        notes.append(CREDIT)
    beside_bars = [*notes, "Tick on a bar: the usual share"] if answered else notes
    data = layers_of(shown, analysis.heatmap(analysis.prediction), analysis.prediction) | {
        "id": case.digest,
        "alt": f"photo {case.name}",
        "groups": rows(analysis, usual, said.flagged) if answered else [],
        "before": said.before,
        "main": said.main,
        "truth": "" if true is None else f"Truth: {true.name}",
        "agrees": agrees,
        "note": " · ".join(notes),
        "bars_note": " · ".join(beside_bars),
    }
    stage(data, partial(_move, case.name, move), leave)


def _move(name: str, otherwise: Callable[[int], None], by: int) -> None:
    listed = _listed()
    if name not in listed:
        otherwise(by)
        return
    place = listed.index(name) + by
    if 0 <= place < len(listed):
        choose(listed[place])


def _listed() -> list[str]:
    return known(st.session_state.get(PLAYLIST, []))
