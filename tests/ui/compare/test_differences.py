"""What the table of two photos' measurements says."""

from __future__ import annotations

from dataclasses import fields

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


def of(**changes: object) -> Measurements:
    known = {field.name: 0.0 for field in fields(Measurements)} | BASE | changes
    return Measurements(**known)  # type: ignore[arg-type]


def row(columns: dict[str, list[str]], measure: str) -> list[str]:
    place = columns["Measure"].index(measure)
    return [cells[place] for cells in list(columns.values())[1:]]


def table(changes: dict, mm: tuple[float, float] | None = None, **left: object):
    return differences.table(of(**left), of(**changes), mm)


def test_every_field_gets_one_row():
    columns = table({})
    assert {len(cells) for cells in columns.values()} == {len(fields(Measurements))}
    assert len(set(columns["Measure"])) == len(fields(Measurements))


def test_shares_and_plain_numbers_are_subtracted_right_less_left():
    columns = table({"area_share": 0.075, "asymmetry": 0.32})
    assert row(columns, "Area, share of the frame") == ["10.0 %", "7.5 %", "−2.5 points"]
    assert row(columns, "Asymmetry of shape") == ["0.20", "0.32", "+0.12"]


def test_differences_are_those_of_the_figures_shown():
    columns = table(
        {"asymmetry": 0.0449, "area_share": 0.39451}, asymmetry=0.1451, area_share=0.50349
    )
    assert row(columns, "Asymmetry of shape") == ["0.15", "0.04", "−0.11"]
    assert row(columns, "Area, share of the frame") == ["50.3 %", "39.5 %", "−10.8 points"]


def test_no_difference_has_no_sign():
    columns = table({"asymmetry": 0.2049, "area_share": 0.0996})
    assert row(columns, "Asymmetry of shape") == ["0.20", "0.20", "0.00"]
    assert row(columns, "Area, share of the frame") == ["10.0 %", "10.0 %", "0.0 points"]
    assert not [cell for cell in columns["Difference"] if cell.startswith(("+0.0 ", "+0", "−0.00"))]


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
    sides = {"left": of(), "right": of()} | {missing: None}
    for mm in (None, (0.05, 0.05)):
        columns = differences.table(sides["left"], sides["right"], mm)
        cells = row(columns, "Asymmetry of shape")
        assert cells == (["–", "0.20", "–"] if missing == "left" else ["0.20", "–", "–"])
        assert set(columns["Difference"]) == {"–"}


def test_not_a_number_is_nothing():
    assert row(table({"asymmetry": float("nan")}), "Asymmetry of shape") == ["0.20", "–", "–"]
