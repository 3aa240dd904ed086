"""What the table of two photos' measurements says."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

from core.lesion.measure import Measurements
from ui.compare import differences

BASE = {
    "area_share": 0.10,
    "equivalent_diameter_px": 100.0,
    "asymmetry": 0.20,
    "compactness": 1.5,
    "solidity": 0.9,
    "touches_border": False,
}


@dataclass(frozen=True)
class Extended(Measurements):
    """As it may be one day."""

    notch_depth_px: float
    inner_area_px2: float
    pigment_share: float
    streaks: int
    hues: tuple[str, ...]
    angle: float | None


def of(kind: type[Measurements], **changes: object) -> Measurements:
    names = {field.name for field in fields(kind)}
    known = {name: 0.0 for name in names} | BASE | changes
    return kind(**{name: value for name, value in known.items() if name in names})  # type: ignore[arg-type]


def row(columns: dict[str, list[str]], measure: str) -> list[str]:
    place = columns["Measure"].index(measure)
    return [cells[place] for cells in list(columns.values())[1:]]


def table(changes: dict, mm: tuple[float, float] | None = None, **left: object):
    return differences.table(of(Measurements, **left), of(Measurements, **changes), mm)


def test_every_field_gets_one_row():
    columns = table({})
    assert {len(cells) for cells in columns.values()} == {len(fields(Measurements))}
    assert len(set(columns["Measure"])) == len(fields(Measurements))


def test_shares_and_plain_numbers_are_subtracted_right_less_left():
    columns = table({"area_share": 0.075, "asymmetry": 0.32})
    assert row(columns, "Area, share of the frame") == ["10.0 %", "7.5 %", "−2.5 points"]
    assert row(columns, "Asymmetry of shape") == ["0.20", "0.32", "+0.12"]


def test_pixels_are_not_subtracted_without_a_scale():
    columns = table({"equivalent_diameter_px": 180.0})
    assert row(columns, "Equivalent diameter") == ["100 px", "180 px", "needs a scale"]


def test_with_scales_lengths_are_in_millimetres():
    columns = table({"equivalent_diameter_px": 180.0}, mm=(0.05, 0.025))
    assert row(columns, "Equivalent diameter") == ["5.0 mm", "4.5 mm", "−0.5 mm"]


def test_yes_and_no_are_compared_not_subtracted():
    assert row(table({"touches_border": True}), "Reaches the frame") == ["no", "yes", "differs"]
    assert row(table({}), "Reaches the frame") == ["no", "no", "same"]


@pytest.mark.parametrize("missing", ["left", "right"])
def test_a_side_without_a_lesion_leaves_the_other(missing):
    sides = {"left": of(Measurements), "right": of(Measurements)} | {missing: None}
    for mm in (None, (0.05, 0.05)):
        columns = differences.table(sides["left"], sides["right"], mm)
        cells = row(columns, "Asymmetry of shape")
        assert cells == (["–", "0.20", "–"] if missing == "left" else ["0.20", "–", "–"])
        assert set(columns["Difference"]) == {"–"}


def test_fields_it_does_not_know_fall_back_to_their_names_and_units(monkeypatch):
    monkeypatch.setattr(differences, "Measurements", Extended)
    left = of(Extended, notch_depth_px=12.0, inner_area_px2=4000.0, pigment_share=0.5, streaks=2,
              hues=("red",), angle=None)  # fmt: skip
    right = of(Extended, notch_depth_px=10.0, inner_area_px2=1000.0, pigment_share=0.25, streaks=5,
               hues=("red", "black"), angle=3.0)  # fmt: skip
    plain = differences.table(left, right)
    assert row(plain, "Notch depth") == ["12 px", "10 px", "needs a scale"]
    assert row(plain, "Inner area") == ["4,000 px²", "1,000 px²", "needs a scale"]
    assert row(plain, "Pigment") == ["50.0 %", "25.0 %", "−25.0 points"]
    assert row(plain, "Streaks") == ["2", "5", "+3"]
    assert row(plain, "Hues") == ["red", "red, black", "differs"]
    assert row(plain, "Angle") == ["–", "3.00", "–"]
    scaled = differences.table(left, right, (0.1, 0.1))
    assert row(scaled, "Inner area") == ["40.0 mm²", "10.0 mm²", "−30.0 mm²"]


def test_not_a_number_is_nothing():
    assert row(table({"asymmetry": float("nan")}), "Asymmetry of shape") == ["0.20", "–", "–"]
