"""What can be asked further on the Analyse page: heatmaps, thresholds, other patients."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.answer.cam_methods import METHODS
from core.lesion.phantom import practice_set
from core.models.cards import Card
from core.settings import Settings
from core.taxonomy import BY_KEY, KEYS, ORDER
from tests.effort import cost
from tests.pages.conftest import checked, part, start, texts
from tests.waiting import PATIENCE, wait_for
from ui import methods, state, subprocess_task
from ui.performance.evaluations import report_in_use
from ui.sections import base_rates, heatmaps, threshold
from ui.subprocess_task import Task

ROOT = Path(__file__).resolve().parents[2]
SIZE = Card.read(ROOT / "weights/classifier").input.size


@pytest.fixture
def app(fresh: Path) -> AppTest:
    """The Analyse page with the first practice lesion."""
    methods._bench.clear()
    return start()


def ask(app: AppTest, section) -> AppTest:
    app.session_state["section"] = section.__name__.rsplit(".", 1)[-1]
    return checked(app)


def alts(app: AppTest) -> str:
    charts = [c.proto.alt for c in app.get("plotly_chart")]
    images = [i.alt for images in app.image for i in images.proto.imgs]
    return "\n".join([*charts, *images])


def shown(app: AppTest, lesion: int = 0) -> state.ShownAnalysis:
    """The analysis on screen, of a practice lesion."""
    found = state.model_server().remembered(practice_set()[lesion].image.digest)
    assert found is not None
    return found


@pytest.mark.parametrize("section", [heatmaps, threshold, base_rates])
def test_opens_at_once(app, section):
    ask(app, section)
    # The whole page runs here, not the section alone.
    assert cost(app.run, 7) < 10


# Heatmaps


def test_share_inside_the_outline_is_said_beside_photo_and_for_each_class(app):
    app.toggle(key="heat_on").set_value(True)
    ask(app, heatmaps)
    analysis = shown(app).analysis
    table = app.table[0].value
    assert set(table["Diagnosis"]) == {d.name for d in BY_KEY.values()}
    row = table[table["Diagnosis"] == BY_KEY[analysis.prediction].name].iloc[0]
    share = row["Heat inside the outline"]
    assert share == heatmaps.inside(shown(app), analysis.prediction)
    assert f"{share} of this heat lies inside the outline" in texts(app)
    assert "does not show that the answer is right" in texts(app)


def at(evidence: np.ndarray, row: int, column: int) -> np.ndarray:
    """Evidence for every class in one place alone."""
    evidence = np.full_like(evidence, -0.1)
    evidence[:, row, column] = 1
    return evidence


def test_heat_beside_the_lesion_is_pointed_out(app, monkeypatch):
    analysis = shown(app).analysis
    middle = (side // 2 for side in analysis.evidence.shape[1:])
    monkeypatch.setitem(analysis.__dict__, "evidence", at(analysis.evidence, *middle))
    ask(app, heatmaps)
    assert not app.warning
    monkeypatch.setitem(analysis.__dict__, "evidence", at(analysis.evidence, 0, 0))
    app.run()
    assert app.warning[0].proto.title == "The network is looking outside the lesion"
    assert BY_KEY[analysis.prediction].name in app.warning[0].value


def test_without_an_outline_or_heat_it_says_so(app, monkeypatch):
    ask(app, heatmaps)
    answer = shown(app)
    monkeypatch.setitem(
        answer.analysis.__dict__, "evidence", np.full_like(answer.analysis.evidence, -0.1)
    )
    app.run()
    assert not app.exception
    assert set(app.table[0].value["Heat inside the outline"]) == {"–"}
    monkeypatch.setitem(answer.__dict__, "mask", np.zeros_like(answer.mask))
    app.run()
    assert not app.exception
    assert "No lesion was outlined" in texts(app)
    assert not app.table


def test_the_heatmaps_lead_to_the_heatmap_on_the_photo(fresh: Path) -> None:
    app = start(section="heatmaps")
    assert not part(app, "photo")["heat"]
    app.button(key="heat_from_section").click().run()
    assert not app.exception
    assert app.toggle(key="heat_on").value
    assert part(app, "photo")["heat"]


def test_contrast_starts_with_the_answer_against_the_most_probable_other(app):
    ask(app, heatmaps)
    analysis = shown(app).analysis
    why, other = (next(s for s in app.selectbox if s.label == n) for n in ("Why", "rather than"))
    assert why.value == analysis.prediction
    order = sorted(KEYS, key=analysis.probability, reverse=True)
    assert other.value == next(k for k in order if k != why.value)
    assert BY_KEY[why.value].name not in other.options
    total = analysis.contrast(why.value, other.value).sum()
    winner = BY_KEY[why.value if total > 0 else other.value].name
    assert f"**{abs(total):.1f} points for “{winner}”**" in texts(app)
    second = other.value
    why.set_value(second).run()
    assert not app.exception
    assert f"favours {BY_KEY[second].name} over" in alts(app)


@pytest.fixture
def cams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[str]]]:
    """In place of torch a quick command; returns what it was asked, in words. `hold` in the folder
    of the data keeps it at work after the first map."""
    monkeypatch.setattr(methods, "COMMAND", "tests.pages.quick_methods")
    monkeypatch.setenv("QUICK_METHODS", str(tmp_path))
    with subprocess_task.QUICK.take() as turn:  # what an earlier test left behind has ended
        assert turn.wait(PATIENCE)

    def asked() -> list[list[str]]:
        log = tmp_path / "asked"
        return [line.split() for line in log.read_text().splitlines()] if log.is_file() else []

    return asked


def begin(app: AppTest) -> Task:
    app.button(key="compare_methods").click().run()
    assert not app.exception
    return app.session_state[methods.TASK][1]


def compare(app: AppTest) -> AppTest:
    assert begin(app).wait(PATIENCE)
    return checked(app)


def test_methods_are_computed_on_demand_and_once(app, cams):
    ask(app, heatmaps)
    assert not cams()
    compare(app)
    index = KEYS.index(shown(app).analysis.prediction)
    assert cams() == [[str(index), *METHODS]]
    for method in METHODS.values():
        assert f"{method.name} for " in alts(app)
        assert method.source in texts(app)
    assert texts(app).count("r = ") == len(METHODS) - 1
    app.run()
    assert len(cams()) == 1, "remembered"
    assert not has_button(app)
    chosen = next(s for s in app.selectbox if s.label == "Heatmaps for")
    chosen.set_value("vasc").run()
    assert len(cams()) == 1, "asked for anew for another class"
    assert has_button(app)


def has_button(app: AppTest) -> bool:
    return "compare_methods" in [b.key for b in app.button]


def test_what_was_finished_before_leaving_is_not_done_again(app, cams):
    ask(app, heatmaps)
    analysis = shown(app).analysis
    known = {"gradcam": np.eye(SIZE // 32, dtype=np.float32)}
    methods.bench().keep(analysis.digest, analysis.prediction, known)
    compare(app)
    assert cams()[0][1:] == [method for method in METHODS if method != "gradcam"]


def test_progress_is_said_and_cancel_keeps_what_is_done(app, cams, tmp_path):
    ask(app, heatmaps)
    (tmp_path / "hold").touch()
    task = begin(app)
    wait_for(lambda: task.step and task.step.done)
    checked(app)
    (bar,) = app.get("progress")
    assert bar.proto.value == 100 // len(METHODS)
    assert f"2 of {len(METHODS)}" in bar.proto.text
    assert not has_button(app)
    app.button(key=f"cancel_{methods.TASK}").click().run()
    assert task.wait(PATIENCE)
    checked(app)
    assert "Cancelled" in texts(app)
    assert not app.error
    analysis = shown(app).analysis
    assert [*methods.bench().remembered(analysis.digest, analysis.prediction)] == ["gradcam"]
    (tmp_path / "hold").unlink()
    compare(app)
    assert "gradcam" not in cams()[-1]
    assert "r = " in texts(app)


def test_asking_for_another_class_ends_the_one_before(app, cams, tmp_path):
    ask(app, heatmaps)
    (tmp_path / "hold").touch()
    first = begin(app)
    chosen = next(s for s in app.selectbox if s.label == "Heatmaps for")
    chosen.set_value(next(k for k in KEYS if k != chosen.value)).run()
    second = begin(app)
    assert first.wait(PATIENCE)
    assert first.cancelled
    assert not second.cancelled
    second.cancel()


def test_one_computation_at_a_time(app, cams):
    ask(app, heatmaps)
    with subprocess_task.QUICK.take():
        task = begin(app)
        assert task.ahead == 1
        checked(app)
        assert "1 before you" in app.get("progress")[0].proto.text
        assert not cams()
    assert task.wait(PATIENCE)
    checked(app)
    assert len(cams()) == 1
    assert "r = " in texts(app)


def test_what_another_visitor_had_computed_meanwhile_is_shown(app, cams):
    ask(app, heatmaps)
    with subprocess_task.QUICK.take():
        task = begin(app)
        analysis, heat = shown(app).analysis, np.eye(SIZE // 32, dtype=np.float32)
        everything = dict.fromkeys(METHODS, heat)
        methods.bench().keep(analysis.digest, analysis.prediction, everything)
        checked(app)
        assert "Grad-CAM for " in alts(app)
        assert task.wait(PATIENCE)
        assert not cams()


def test_a_full_queue_and_missing_weights_get_a_sentence(app, cams, tmp_path, monkeypatch):
    ask(app, heatmaps)
    (tmp_path / "fail").write_text("The model classifier has no model.safetensors.")
    compare(app)
    assert "no model" in texts(app)
    assert has_button(app)
    with subprocess_task.QUICK.take() as free:
        assert free.wait(0), "the turn was given back"
        monkeypatch.setattr(subprocess_task.QUICK, "waiting", 0)
        app.button(key="compare_methods").click().run()
    assert not app.exception
    assert "Try again in a minute" in texts(app)


def test_the_app_starts_without_torch():
    """Opening the page must not import what only the comparison needs."""
    import subprocess
    import sys

    code = "import sys; import ui.answer; print({'torch', 'pytorch_grad_cam'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=PATIENCE
    )
    assert done.stdout.strip() == "set()", done.stderr


# The line


def slider(app: AppTest, label: str):
    return next(s for s in app.slider if label in s.label)


def line(app: AppTest) -> list[float]:
    return [float(m.value.rstrip(" %")) for m in app.metric]


def test_more_sensitivity_costs_specificity(app):
    ask(app, threshold)
    lines = []
    for wanted in (60, 80, 95):
        slider(app, "Sensitivity").set_value(wanted).run()
        assert not app.exception
        lines.append(line(app))
        assert lines[-1][1] >= wanted
    assert [*zip(*lines, strict=True)] == [
        tuple(sorted((x[0] for x in lines), reverse=True)),
        tuple(sorted(x[1] for x in lines)),
        tuple(sorted((x[2] for x in lines), reverse=True)),
    ]
    assert "172 photos of melanomas among 1,524" in texts(app)
    assert "test split" in texts(app)


def test_whether_this_photo_is_called_follows_the_line(app):
    seen = set()
    for number, lesion in enumerate(practice_set()[:2]):
        next(s for s in app.selectbox if s.label == "Synthetic lesion").set_value(lesion.title)
        ask(app, threshold)
        analysis = shown(app, number).analysis
        for target, keys in threshold.TARGETS.items():
            app.segmented_control(key="line_target").set_value(target).run()
            probability = sum(analysis.probability(k) for k in keys)
            for wanted in (50, 75, 99):
                slider(app, "Sensitivity").set_value(wanted).run()
                assert not app.exception
                called = "**would call it" in texts(app)
                seen.add(called)
                assert called == (probability >= line(app)[0] / 100)
    assert seen == {True, False}


def test_a_thousand_lesions(app):
    ask(app, threshold)
    slider(app, "Of 1,000").set_value(20).run()
    assert not app.exception
    assert "Of **20** melanomas, **18** are found and **2** missed" in texts(app)
    assert "Of the other **980** lesions" in texts(app)
    assert "18 found, 2 missed" in alts(app)
    app.segmented_control(key="line_target").set_value("malignant").run()
    truth, _ = (found := report_in_use("validation")).against(threshold.MALIGNANT)
    lesions = found.predictions[truth]["lesion_id"].nunique(), found.figures.lesions
    share = round(1000 * lesions[0] / lesions[1])
    assert slider(app, "Of 1,000").value == share, "of validation's lesions, not of its photos"


def test_without_an_evaluation_it_says_how_to_make_one(app, tmp_path, monkeypatch):
    weights = tmp_path / "weights"
    shutil.copytree(Settings.from_environment().weights, weights, symlinks=True)
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights))
    (weights / "classifier" / "evaluation-test.json").unlink()
    ask(app, threshold)
    assert "test split is not known" in texts(app)
    validation = weights / "classifier" / "evaluation-validation.json"
    kept = validation.read_text(encoding="utf-8")
    sha256 = Card.read(weights / "classifier").sha256
    validation.write_text(kept.replace(sha256, "0" * 64), encoding="utf-8")
    app.run()
    assert "validation split was evaluated with other weights" in texts(app)
    validation.unlink()
    app.run()
    assert not app.exception
    assert "python -m train evaluate classifier --split validation" in texts(app)
    assert not app.metric
    (weights / "classifier" / "card.json").write_text("{")
    app.run()
    assert not app.exception


# Other patients


def choose(app: AppTest, room: str) -> AppTest:
    app.segmented_control(key="room").set_value(room).run()
    assert not app.exception
    return app


def probability_here(app: AppTest, name: str) -> str:
    chart = next(c.proto.alt for c in app.get("plotly_chart") if " before, " in c.proto.alt)
    return next(p.split("before, ")[1] for p in chart.split("; ") if p.startswith(name))


def test_at_home_nothing_changes(app):
    choose(ask(app, base_rates), "ham")
    chart = next(c.proto.alt for c in app.get("plotly_chart") if " before, " in c.proto.alt)
    for pair in chart.split("; "):
        before, here = pair.removesuffix(" here").split(" before, ")
        assert before.endswith(here)


def test_at_the_shares_of_the_answer_the_answer_is_the_most_probable(app):
    choose(ask(app, base_rates), "answer")
    named = BY_KEY[shown(app).analysis.prediction].name
    assert f"Most probable here: **{named}**" in texts(app)


def test_general_practice_names_its_source(app):
    ask(app, base_rates)
    assert "10.2196/40888" in texts(app)
    assert "Approximate" in texts(app)
    assert "10.1162/089976602753284446" in texts(app)


def test_ones_own_waiting_room_and_back(app):
    choose(ask(app, base_rates), "own")
    names = [n.label for n in app.number_input]
    assert names == [BY_KEY[k].name for k in ORDER]
    usual = [n.value for n in app.number_input]
    for key in KEYS:
        app.number_input(key=f"share_{key}").set_value(float(key == "df"))
    app.run()
    assert probability_here(app, "Dermatofibroma") == ">99 % here"
    app.number_input(key="share_df").set_value(0.0).run()
    assert not app.exception
    assert "at least one diagnosis a share above 0" in texts(app)
    next(b for b in app.button if b.label == "Back to HAM10000's").click().run()
    assert not app.exception
    assert [n.value for n in app.number_input] == usual
