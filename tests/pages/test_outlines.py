"""The quiz that asks for outlines, run headless: the part that draws stands in for the browser."""

from __future__ import annotations

import csv
import json
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.evaluation.metrics import FAILED_BELOW
from core.imaging.image import to_jpeg
from core.learning.cases import PRACTICE_EACH, QuizCase, practice_pool
from core.learning.export import answers_csv
from core.learning.outlines import OutlineScores, Overlap, Painted, overlap
from core.learning.store import Store
from core.lesion.phantom import make_phantom
from core.taxonomy import BY_KEY
from tests.pages.conftest import ANNA, button, checked, part, read, start, texts
from ui.learning import drawing

pytestmark = pytest.mark.usefixtures("browser")
SQUARE = [[0.25, 0.2], [0.75, 0.2], [0.75, 0.8], [0.25, 0.8]]
# The same, painted: 300 columns from the 151st on, in each 270 pixels from the 91st on.
COUNTS = [150 * 450 + 90, *([270, 180] * 299), 270, 150 * 450 + 90]
PAINTED = {"size": [450, 600], "counts": COUNTS}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the browser sends when "Send" is pressed: the first item."""
    waiting: list[object] = [SQUARE]

    def stand_in(
        rgb: np.ndarray, alt: str, draft: str, on_confirmed: Callable[[object], None]
    ) -> None:
        assert rgb.dtype == np.uint8
        st.button("Send", key=f"send_{draft}", on_click=lambda: on_confirmed(waiting[0]))

    monkeypatch.setattr(drawing, "draw", stand_in)
    return waiting


def begin(cases: int = 2) -> AppTest:
    store = Store.open()
    pool = practice_pool().iloc[::PRACTICE_EACH]
    chosen = [QuizCase(str(i), str(i), str(pool.at[i, "dx"])) for i in pool.index[:cases]]
    store.start(store.profile(ANNA, "Anna"), "draw", "balanced", chosen)
    return start("quiz")


def send(app: AppTest) -> AppTest:
    button(app, "Send").click()
    return checked(app)


def kept() -> list:
    store = Store.open()
    return store.answers(store.profiles(ANNA)[0])


def test_nothing_is_told_before_the_outline_is_confirmed() -> None:
    app = begin()
    shown = part(app, "draw")
    limits = {"most", "grid", "least", "canvas", "runs"}
    assert set(shown) == {"photo", "width", "height", "alt", "draft"} | limits
    told = (texts(app) + shown["alt"] + shown["draft"]).lower()
    for word in ("practice:", "naevus", "melanoma", "expert", "iou", "malignant", "benign"):
        assert word not in told
    assert not part(app, "outlines")


@pytest.mark.parametrize("token", ["a__b", "_ab", "ab_", "-a-"])
def test_any_id_of_a_quiz_will_do(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "token_urlsafe", lambda *_: token)
    assert part(begin(), "draw")


@pytest.mark.parametrize(
    ("outline", "words"),
    [
        ([], "three points"),
        (SQUARE[:2], "three points"),
        ([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]], "crosses"),
        ([*SQUARE[:3], [0.25, 1.2]], "outside"),
        (SQUARE * 100, "200 points"),
        ("<script>", "arrive whole"),
        (PAINTED | {"size": [900, 1200]}, "arrive whole"),
        (PAINTED | {"counts": [600 * 450 + 1]}, "arrive whole"),
        (PAINTED | {"counts": [600 * 450]}, "Almost nothing"),
        (PAINTED | {"counts": [1] * 600 * 450}, "too many pieces"),
    ],
)
def test_what_is_no_outline_is_refused_and_asked_again(
    sent: list[object], outline: object, words: str
) -> None:
    app = begin()
    sent[0] = outline
    send(app)
    assert any(words in e.value for e in app.error)
    assert kept() == []
    assert button(app, "Send")


def test_an_outline_is_shown_beside_the_experts_and_the_models(sent: list[object]) -> None:
    app = send(begin())
    shown = part(app, "outlines")
    assert [line["style"] for line in shown["lines"]] == ["solid", "dashed", "dotted"]
    assert [line["name"] for line in shown["lines"]][1:] == ["Model", "You"]
    assert all(line["path"].startswith("M") for line in shown["lines"])
    (only,) = kept()
    truth = make_phantom(1000, "naevus").mask
    mine = np.zeros_like(truth)
    mine[90:360, 150:450] = True
    assert only.drawn.scores.student == overlap(mine, truth)
    assert only.drawn.scores.model.iou > 0.5  # the model finds a drawn naevus
    table = app.table[0].value
    assert list(table["IoU"]) == [
        f"{pair.iou:.2f}"
        for pair in (
            only.drawn.scores.student,
            only.drawn.scores.with_model,
            only.drawn.scores.model,
        )
    ]
    assert BY_KEY[only.truth].name in texts(app)
    again = start("quiz")  # a closed browser goes on where it was
    assert part(again, "outlines")
    again.button(key="next_0").click()
    assert button(checked(again), "Send")


def test_a_painted_area_is_scored_as_the_outline_around_it(sent: list[object]) -> None:
    sent[0] = PAINTED
    app = send(begin())
    shown = part(app, "outlines")
    assert shown["lines"][2]["box"] == "0 0 600 450"
    (only,) = kept()
    assert only.drawn.drawing == Painted(600, 450, tuple(COUNTS))
    truth = make_phantom(1000, "naevus").mask
    mine = np.zeros_like(truth)
    mine[90:360, 150:450] = True
    assert only.drawn.scores.student == overlap(mine, truth)
    (row,) = csv.DictReader(answers_csv(kept()).decode().splitlines())
    assert json.loads(row["outline"]) == PAINTED


def test_the_end_of_a_set_and_what_remains_of_it(sent: list[object]) -> None:
    app = begin()
    corner = [[0.0, 0.0], [0.1, 0.0], [0.1, 0.1], [0.0, 0.1]]
    for position, outline in enumerate((SQUARE, corner)):
        sent[0] = outline
        send(app)
        app.button(key=f"next_{position}").click()
        checked(app)
    ious = [a.drawn.scores.student.iou for a in kept()]
    assert app.metric[1].value == f"{np.mean(ious):.2f}"
    assert "interval" in texts(app)
    assert app.dataframe
    assert len(app.get("plotly_chart")) == 1
    rows = list(csv.DictReader(answers_csv(kept()).decode().splitlines()))
    assert [float(row["iou_with_expert"]) for row in rows] == [round(iou, 4) for iou in ious]
    app.button(key="quiz_again").click()  # the corner failed
    assert button(checked(app), "Send")
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert quiz.mode == "draw"
    failed = {a.lesion for a, iou in zip(kept(), ious, strict=True) if iou < FAILED_BELOW}
    assert {s.lesion for s in quiz.steps} == failed
    assert kept()[1].lesion in failed
    progress = start("progress")
    assert "Your outlines" in [h.value for h in progress.header]
    models = [a.drawn.scores.model.iou for a in kept()]
    assert [m.value for m in progress.metric] == [
        "2",
        f"{np.mean(ious):.2f}",
        f"{np.mean(models):.2f}",
    ]
    over_time, by_diagnosis = (json.loads(c.proto.spec) for c in progress.get("plotly_chart"))
    assert [trace["name"] for trace in over_time["data"]] == ["You", "Model"]
    for trace, of_lesions in zip(over_time["data"], (ious, models), strict=True):
        assert trace["y"] == pytest.approx([np.mean(of_lesions)])
    shown = {trace["y"][0]: trace["x"][0] for trace in by_diagnosis["data"]}
    for a in kept():
        name = BY_KEY[a.truth].name
        assert shown[f"{name}, you"] == pytest.approx(a.drawn.scores.student.iou)
        assert shown[f"{name}, model"] == pytest.approx(a.drawn.scores.model.iou)
    table = progress.dataframe[0].value
    assert list(table["Outlines"]) == [1, 1]


def test_a_single_outline_has_no_interval(sent: list[object]) -> None:
    app = send(begin(1))
    app.button(key="next_0").click()
    chart = json.loads(checked(app).get("plotly_chart")[0].proto.spec)
    assert not any(trace["error_x"]["visible"] for trace in chart["data"])
    assert "interval" not in chart["layout"]["xaxis"]["title"]["text"]
    assert "95 % interval" not in texts(app)


def test_progress_compares_on_the_same_lesions() -> None:
    store = Store.open()
    me, pool = store.profile(ANNA, "Anna"), practice_pool().iloc[::PRACTICE_EACH]
    cases = [QuizCase(str(i), str(i), str(pool.at[i, "dx"])) for i in pool.index[:3]]
    for ious in (((0.9, 0.8), (0.7, 0.6), (0.2, None)), ((0.5, 0.9),)):
        quiz = store.start(me, "draw", "balanced", cases[: len(ious)])
        for position, pair in enumerate(ious):
            mine, model = (None if iou is None else Overlap(iou, iou) for iou in pair)
            store.outline(me, quiz, position, ((0, 0), (1, 0), (1, 1)), 5.0)
            scores = OutlineScores(mine, model, model)
            store.outline_scored(me, quiz, position, scores, "w" if model else "")
    app = start("progress")
    assert [m.value for m in app.metric] == ["3", "0.70", "0.77"]
    over_time, by_diagnosis = app.get("plotly_chart")
    assert over_time.proto.alt.endswith("you 0.80, model 0.70 of 2, you 0.50, model 0.90 of 1")
    you, model = json.loads(over_time.proto.spec)["data"]
    assert (you["y"], model["y"]) == (pytest.approx([0.8, 0.5]), pytest.approx([0.7, 0.9]))
    assert cases[2].truth not in {c.truth for c in cases[:2]}
    assert BY_KEY[cases[2].truth].name not in by_diagnosis.proto.alt
    table = app.dataframe[0].value
    wanted = {BY_KEY[cases[0].truth].name: 2, BY_KEY[cases[1].truth].name: 1}
    assert dict(zip(table["Diagnosis"], table["Outlines"], strict=True)) == wanted


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A dataset of a few lesions of the test split, the first two with an expert's outline."""
    folder = tmp_path / "data" / "ham10000"
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True)
    phantom = make_phantom(1, "naevus")
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    for number in range(6):
        image = f"ISIC_{number:07d}"
        rows.append(f"HAM_{number:07d},{image},nv,histo,50,male,back")
        (folder / "images" / f"{image}.jpg").write_bytes(to_jpeg(phantom.image.rgb))
    for number in range(2):
        path = folder / "masks" / f"ISIC_{number:07d}.png"
        Image.fromarray(phantom.mask.astype(np.uint8) * 255).save(path)
    (folder / "metadata.csv").write_text("\n".join(rows))
    splits = "".join(f"HAM_{n:07d},{'train' if n == 5 else 'test'}\n" for n in range(6))
    (folder / "split.csv").write_text("lesion_id,split\n" + splits)
    return folder


def asked() -> AppTest:
    """The quiz as the button starts it."""
    Store.open().profile(ANNA, "Anna")
    app = start("quiz")
    app.segmented_control(key="quiz_mode").set_value("draw")
    checked(app)
    assert set(app.segmented_control(key="quiz_level").options) == {"Balanced", "Realistic mix"}
    app.button(key="quiz_start").click()
    return checked(app)


def test_only_cases_with_an_experts_outline_are_asked(photos: Path, sent: list[object]) -> None:
    asked()
    store = Store.open()
    quiz = store.unfinished(store.profiles(ANNA)[0])
    assert {s.image for s in quiz.steps} == {"ISIC_0000000", "ISIC_0000001"}
    (photos / "masks" / f"{quiz.steps[0].image}.png").write_bytes(b"no picture")
    app = start("quiz")
    assert app.error
    app.button(key="skip_0").click()
    checked(app)
    send(app)
    assert "Confirmed by histopathology" in texts(app)


def test_without_any_expert_it_says_how_to_get_one(photos: Path) -> None:
    for mask in (photos / "masks").iterdir():
        mask.unlink()
    app = asked()
    assert any("lesion-segmentations" in read(e.value) for e in app.error)
