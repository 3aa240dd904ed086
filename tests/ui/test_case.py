"""What is told of a case of the dataset."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import read
from ui.case import confirmed_by, facts, verdict

KNOWN = pd.Series({"dx_type": "histo", "age": 45.0, "sex": "male", "localization": "lower *leg*"})
UNKNOWN = pd.Series({"dx_type": pd.NA, "age": float("nan"), "sex": pd.NA, "localization": pd.NA})


def test_all_that_is_known_in_strangers_words() -> None:
    words = "Confirmed by histopathology. Site: lower *leg*; sex: male; about 45 years."
    assert "*leg*" not in facts(KNOWN)
    assert read(facts(KNOWN)) == words


def test_what_is_not_known_is_said() -> None:
    words = "Confirmed by an unknown method. Site: unknown; sex: unknown; age unknown."
    assert read(facts(UNKNOWN)) == words
    assert confirmed_by(pd.Series({"dx_type": "biopsy"})) == "biopsy"


def page(missing: object) -> None:
    from types import SimpleNamespace

    import pandas as pd

    from ui.answer import truth

    record = {"dx": "nv", "dx_type": missing, "age": None, "sex": missing, "localization": missing}
    shown = SimpleNamespace(analysis=SimpleNamespace(prediction="mel", most_probable="bkl"))
    truth(SimpleNamespace(record=pd.Series(record)), shown)


@pytest.mark.parametrize(
    ("answer", "likeliest", "true", "said"),
    [
        ("mel", "nv", "mel", "agrees"),
        ("mel", "nv", "bkl", "is wrong here"),
        ("mel", "nv", "nv", "false alarm"),
        ("df", "nv", "nv", "answer is wrong here: what"),
        ("bkl", "mel", "mel", "answer is wrong here: what"),
    ],
)
def test_a_false_alarm_is_no_plain_error(answer: str, likeliest: str, true: str, said: str) -> None:
    assert said in verdict(pd.Series({"dx": true}), answer, likeliest).replace("A f", "f")


@pytest.mark.parametrize("missing", [pd.NA, None])
def test_the_truth_of_a_case_with_gaps(missing: object) -> None:
    app = AppTest.from_function(page, args=(missing,)).run()
    assert not app.exception
    assert "The model is wrong here." in app.error[0].value
