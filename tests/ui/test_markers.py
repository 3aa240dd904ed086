"""A diagnosis looks the same on every page."""

from __future__ import annotations

import pytest

from core.taxonomy import DIAGNOSES, KEYS, Diagnosis
from ui.dataset import charts as dataset_charts
from ui.performance import charts as performance_charts


@pytest.mark.parametrize("diagnosis", DIAGNOSES, ids=lambda d: d.key)
@pytest.mark.parametrize("place", range(len(KEYS)))
def test_one_marker_and_one_colour(diagnosis: Diagnosis, place: int) -> None:
    """Wherever in a legend it stands."""
    for by in ("dx", "answer"):
        style = dataset_charts._style(by, diagnosis.key, place)
        assert style["symbol"] == diagnosis.marker
        assert style["color"] == performance_charts.line(diagnosis.key)["color"]


def test_other_categories_stay_apart() -> None:
    looks = [tuple(dataset_charts._style("site", "x", n).values()) for n in range(20)]
    assert len(set(looks)) == 20
