"""The table of measurements: complete, and with the figures that were measured."""

from dataclasses import fields, replace

import numpy as np
import pytest

from core.lesion.measure import Measurements, measure
from core.lesion.measure_words import described


@pytest.fixture
def measured() -> Measurements:
    mask = np.zeros((450, 600), bool)
    mask[100:300, 200:450] = True
    rgb = np.full((450, 600, 3), (224, 172, 140), np.uint8)
    rgb[mask] = (110, 70, 45)
    found, _ = measure(mask, rgb)
    assert found is not None
    return found


def test_figures(measured: Measurements) -> None:
    rows = {row.label: row.value for row in described(measured).values()}
    assert rows["Area, share of the frame"] == "18.5 %"
    assert rows["Equivalent diameter"] == "252 px"
    assert rows["Reaches the frame"] == "no"
    assert all(row.reading for row in described(measured).values())


@pytest.mark.parametrize("name", [field.name for field in fields(Measurements)])
def test_every_measurement_is_told(measured: Measurements, name: str) -> None:
    value = getattr(measured, name)
    other = not value if isinstance(value, bool) else value + 1
    assert described(replace(measured, **{name: other})) != described(measured)
