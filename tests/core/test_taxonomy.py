"""The seven diagnoses: the order that weights, figures and colours rely on."""

import tomllib

import pytest

from core.settings import REPOSITORY
from core.taxonomy import BY_KEY, DIAGNOSES, KEYS


def test_order_is_that_of_the_trained_models() -> None:
    assert KEYS == ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
    assert [BY_KEY[key] for key in KEYS] == list(DIAGNOSES)


def test_malignant_or_precursor() -> None:
    assert [d.key for d in DIAGNOSES if d.malignant] == ["akiec", "bcc", "mel"]
    assert BY_KEY["mel"].group == "malignant"
    assert BY_KEY["nv"].group == "benign"


@pytest.mark.parametrize("attribute", ["key", "name", "text", "colour", "colour_on_dark", "marker"])
def test_nothing_stands_for_two_diagnoses(attribute: str) -> None:
    assert len({getattr(d, attribute) for d in DIAGNOSES}) == len(DIAGNOSES)


def test_colours_are_those_of_the_theme() -> None:
    config = tomllib.loads((REPOSITORY / ".streamlit/config.toml").read_text(encoding="utf-8"))
    light, dark = (config["theme"][mode]["chartCategoricalColors"] for mode in ("light", "dark"))
    assert [d.colour for d in DIAGNOSES] == light
    assert [d.colour_on_dark for d in DIAGNOSES] == dark
