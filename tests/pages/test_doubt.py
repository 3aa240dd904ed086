"""The section "How sure?" of the Analyse page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import cv2
import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.answer.analyser import Analysis
from core.answer.entropy import entropy
from core.answer.words import DOMAIN_NAMES
from core.formatting import chance
from core.imaging.image import to_jpeg, to_png
from core.lesion.phantom import practice_set
from core.settings import REPOSITORY, Settings
from core.system.fair_queue import BusyError
from core.taxonomy import KEYS
from tests.pages.conftest import button, start, texts
from ui import state
from ui.sections import doubt

ASK = "Ask about all eight views"


@pytest.fixture
def app(fresh: Path) -> AppTest:
    """The page of a fresh clone, the section open, no views remembered."""
    app = start(section="doubt")
    state.model_server()._views.clear()
    return app.run()


def upload(app: AppTest, rgb: np.ndarray, encode=to_jpeg) -> AppTest:
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader[0].set_value(("mine.jpg", encode(rgb), "image/jpeg")).run()
    assert not app.exception
    for toggle in app.toggle:
        if "anyway" in toggle.label:  # unlike the training images, as it may well be
            toggle.set_value(True).run()
            assert not app.exception
    return app


def hairy() -> np.ndarray:
    rgb = practice_set()[0].image.rgb.copy()
    rng = np.random.default_rng(5)
    for _ in range(60):
        ends = rng.integers((0, 0), (600, 450), (2, 2))
        cv2.line(rgb, *map(tuple, ends.tolist()), (45, 30, 28), 4, cv2.LINE_AA)
    return rgb


def test_says_at_once_how_often_such_answers_were_right(app):
    words = texts(app)
    assert any(f"**{w}.** Of the " in words for w in doubt.WORDS.values())
    assert "the model was right in" in words
    assert any(f"probabilities were {third}" in words for third in doubt.THIRDS.values())
    assert any(f"**{name}.** Difference score" in words for name in DOMAIN_NAMES.values())
    assert not app.get("plotly_chart"), "nothing is asked before the button is pressed"


def test_share_is_that_of_the_committed_predictions(app):
    table = pd.read_parquet(REPOSITORY / "weights/classifier/predictions-validation.parquet")
    right = (table["dx"] == table["prediction"]).to_numpy()
    classes = state.model_server().analyser.classes
    thirds = np.array_split(np.argsort(entropy(table[list(classes)].to_numpy())), 3)
    said = [f"right in **{right[rows].mean() * 100:.0f} %**" for rows in thirds]
    assert sum(words in texts(app) for words in said) == 1


@pytest.mark.parametrize("problem", ["is missing", "with other weights"])
def test_without_predictions_of_the_model_in_use_the_figure_stays(
    app, problem, monkeypatch, tmp_path
):
    weights = tmp_path / "weights"
    shutil.copytree(Settings.from_environment().weights, weights, symlinks=True)
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights))
    if problem == "is missing":
        (weights / "classifier/predictions-validation.parquet").unlink()
    else:
        path = weights / "classifier/evaluation-validation.json"
        found = json.loads(path.read_text("utf-8"))
        path.write_text(json.dumps(found | {"weights": "0" * 64}), "utf-8")
    app.run()
    assert not app.exception
    assert "the model was right in" not in texts(app)
    assert problem in texts(app)
    assert "nats" in texts(app)


def test_eight_views_are_asked_once_and_drawn(app, monkeypatch):
    button(app, ASK).click().run()
    assert not app.exception
    assert "of 8** views give the answer" in texts(app)
    (spread,) = app.get("plotly_chart")
    assert "over eight views" in spread.proto.alt
    assert spread.proto.alt.count(" to ") == 7

    def never(*_) -> None:
        raise AssertionError

    monkeypatch.setattr(state.ModelServer, "ask_views", never)
    app.run()
    assert not app.exception
    assert len(app.get("plotly_chart")) == 1
    assert button(app, ASK) is None


def test_views_of_another_photo_are_another_question(app):
    button(app, ASK).click().run()
    app.selectbox(key="practice").set_value(practice_set()[1].title).run()
    assert button(app, ASK) is not None
    assert not app.get("plotly_chart")


def test_views_wait_their_turn_and_a_full_queue_says_so(app, monkeypatch):
    def full(_) -> None:
        raise BusyError("100 photos wait to be analysed already. Try again in a minute.")

    with monkeypatch.context() as patch:
        patch.setattr(type(state.model_server().turns), "take", full)
        button(app, ASK).click().run()
        assert not app.exception
        assert "Try again in a minute" in texts(app)
    button(app, ASK).click().run()
    assert "of 8** views" in texts(app)
    with state.model_server().turns.take() as turn:
        assert turn.wait(0), "the turn was given back"


def test_remembered_views_are_bounded():
    assert state.model_server()._views.maxsize == state.REMEMBERED_VIEWS


def test_a_good_photo_gets_no_note(app):
    assert "Nothing unusual was measured" in texts(app)
    assert ":material/photo_camera:" not in texts(app)


def test_a_blurred_photo_is_noted_beside_the_answer_and_in_the_section(app):
    upload(app, cv2.GaussianBlur(practice_set()[0].image.rgb, (0, 0), 9))
    assert texts(app).count("strongly blurred") == 2
    assert len([c for c in app.caption if "strongly blurred" in c.value]) == 1


def test_black_photo_is_noted_calmly(app):
    upload(app, np.zeros((300, 400, 3), np.uint8), to_png)
    assert "very dark" in texts(app)
    assert "No dark hair was found" in texts(app)
    button(app, ASK).click().run()
    assert not app.exception
    assert "of 8** views" in texts(app)


@pytest.mark.parametrize("size", [(32, 32), (40, 400)])
def test_smallest_and_longest_photos(app, size):
    upload(app, cv2.resize(practice_set()[0].image.rgb, size))
    button(app, ASK).click().run()
    assert not app.exception
    assert "of 8** views" in texts(app)


def test_without_a_lesion_the_photo_alone_is_measured(app, monkeypatch):
    shape = (256, 256)
    monkeypatch.setattr(
        type(state.model_server().analyser.runtime),
        "segment",
        lambda *_: np.full((1, *shape), -9, np.float32),
    )
    upload(app, practice_set()[0].image.rgb[:370, :500].copy())
    assert "only the photo as a whole was measured" in texts(app)


def test_without_hair_it_shows_both_and_what_changes(app):
    upload(app, hairy())
    assert "Dark hair was found on" in texts(app)
    next(t for t in app.toggle if t.label == "Show without hair").set_value(True).run()
    assert not app.exception
    alts = [image.proto.imgs[0].alt for image in app.image]
    assert alts[-2:] == ["Photo mine.jpg, as it is", "Photo mine.jpg, dark hair filled in"]
    table = next(t.value for t in app.table if "Without hair" in t.value.columns)
    assert len(table) == 7
    assert table["Change"].str.endswith(" points").all()
    told = next(m.value for m in app.markdown if m.value.startswith("The answer "))
    digest = next(t.key for t in app.toggle if t.label == "Show without hair").split("_")[1]
    before, after = (state.model_server().remembered(digest + end) for end in ("", "-without-hair"))
    for shown in (before, after):
        assert chance(shown.analysis.probability(shown.analysis.prediction)) in told
    assert "can also wipe out vessels" in texts(app)


def test_cleaned_photo_is_remembered_apart(app, monkeypatch):
    upload(app, hairy())
    digest = app.session_state["upload"].digest
    toggle = next(t for t in app.toggle if t.label == "Show without hair")
    toggle.set_value(True).run()
    plain, cleaned = (
        state.model_server().remembered(digest + end) for end in ("", "-without-hair")
    )
    hair = [{c.key: c.value for c in shown.quality}["hair"] for shown in (plain, cleaned)]
    assert hair[1] < hair[0] / 3


def answer_of(**probabilities: float) -> Analysis:
    """An answer of which only classes and probabilities are looked at."""
    p = np.array([probabilities.get(key, 0.0) for key in KEYS], np.float32)
    return cast(
        Analysis,
        SimpleNamespace(
            classes=KEYS,
            prediction=KEYS[int(p.argmax())],
            probability=lambda key: float(p[KEYS.index(key)]),
        ),
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({"df": 0.38, "nv": 0.3}, {"df": 0.83, "nv": 0.17}, ["stays", "38 %", "83 %"]),
        ({"df": 0.6, "nv": 0.4}, {"nv": 0.7, "df": 0.3}, ["changes", "60 %", "30 %", "70 %"]),
        ({"mel": 0.5, "nv": 0.4}, {"mel": 0.52, "nv": 0.1}, ["stays", "naevus", "40 %", "10 %"]),
        ({"df": 0.6, "nv": 0.4}, {"df": 0.6, "nv": 0.4}, ["stays at 60 %"]),
        ({"df": 0.995}, {"df": 0.999}, ["stays at >99 %"]),
    ],
)
def test_what_changed_most_is_said(
    before: dict[str, float], after: dict[str, float], said: list[str]
) -> None:
    told = doubt._changed(answer_of(**before), answer_of(**after))
    assert all(word in told for word in said), told
