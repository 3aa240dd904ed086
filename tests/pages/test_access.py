"""Strangers look at everything and change nothing, whatever their browsers say was pressed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.models.registry import in_use, models_in_use, use
from tests.pages.conftest import button, checked, start, texts, visit
from tests.train.jobs.conftest import config, give_own_classifier
from train.jobs import Runs
from ui import access, subprocess_task
from ui.training import store


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runs:
    """A finished run whose classifier is in use, one that was stopped, two that wait, one in the
    bin, and an imported model; nothing trains."""
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    for module in ("store", "starting"):
        monkeypatch.setattr(f"ui.training.{module}.ensure_supervisor", lambda _: None)
    monkeypatch.setattr(
        subprocess_task, "Task", lambda *_, **__: pytest.fail("it started a process")
    )
    runs = Runs(tmp_path / "runs")
    for name in ("Finished", "Stopped", "First in line", "Second in line", "Binned"):
        runs.create(config(2), name)
    second, first, stopped, finished = (run.id for run in runs.all()[1:])
    runs.delete(runs.all()[0].id)
    runs.stop(stopped)
    runs.stop(finished)
    assert [run.id for run in runs.queue()] == [first, second]
    for place in (runs.folder / finished, runs.folder / "imported-0123456789"):
        give_own_classifier(place)
    use("classifier", runs.folder / finished / "model" / "classifier")
    return runs


def all_of(runs: Runs) -> object:
    """Everything that a visitor could change of trainings and models."""
    files = sorted(str(p) for p in runs.folder.rglob("*") if "sqlite" not in p.name)
    listed = [(r.id, r.name, r.notes, r.state, r.position) for r in (*runs.all(), *runs.bin())]
    chosen = runs.folder / "in-use.json"
    return files, listed, models_in_use(), json.loads(chosen.read_text(encoding="utf-8"))


CLOSED = {
    store.NEW: {"Earlier", "Later", "Remove from queue"},
    store.RUNS: {"Earlier", "Later", "Remove from queue", "Save", "Delete", "Restore",
                 "Empty the bin", "Measure on the test split…", "Resume"},
    store.COMPARE: {"Earlier", "Later", "Remove from queue"},
    store.MODELS: {"Earlier", "Later", "Remove from queue", "Use this model", "Remove",
                   "Back to the shipped model"},
    store.STORAGE: set(),
}  # fmt: skip
"""What is refused on each section of the Training page. Starting is tested below."""


def press(app: AppTest, found: Any, headers: dict[str, str]) -> bool:
    """Press a button that was drawn for the person at this computer, as a stranger; whether it was
    refused."""
    found.click()
    headers["X-Forwarded-For"] = "203.0.113.9"
    checked(app)
    del headers["X-Forwarded-For"]
    return bool(app.error)


@pytest.mark.parametrize("view", store.VIEWS)
def test_a_stranger_changes_nothing_on_the_training_page(runs, headers, view):
    before, refused = all_of(runs), set()
    run = in_use("classifier").folder.parents[1].name
    app = start("training", training_view=view, training_run=run)
    for key in [b.key or b.label for b in app.button if not b.disabled]:
        app.session_state[store.VIEW], app.session_state[store.RUN] = view, run
        checked(app)
        found = named(app, key)
        if press(app, found, headers):
            refused.add(found.label)
        elif found.label in CLOSED[view]:  # opens a dialog, whose first button would do it
            drawn = {b.key or b.label for b in checked(app).button}
            named(app, key).click()
            asked = [b for b in checked(app).button if (b.key or b.label) not in drawn]
            press(app, asked[0], headers)
            refused.add(found.label)
        assert all_of(runs) == before, found.label
    assert refused >= CLOSED[view]


def named(app: AppTest, key: str) -> Any:
    """The button of that key or label."""
    return next(b for b in app.button if key in (b.key, b.label))


def test_a_stranger_keeps_the_model_that_is_in_use(runs, headers):
    headers["Via"] = "1.1 cache"
    for page in ("analyse", "about"):
        app = start(page)
        assert app.sidebar.button(key="shipped_classifier").disabled
        del headers["Via"]
        checked(app).sidebar.button(key="shipped_classifier").click().run()
        app.button(key="shipped_for_everybody").click()
        headers["Via"] = "1.1 cache"
        checked(app)
        assert in_use("classifier").own


def test_a_stranger_is_not_asked_for_files_to_import(runs, headers):
    headers["Host"] = "lab.example.org"
    app = start("dataset")
    assert not app.text_area
    assert not app.file_uploader
    assert button(app, "Import") is None
    assert "Importing" in texts(app) or app.info
    app = start("training", training_view=store.MODELS)
    assert not app.file_uploader


def test_access_lost_between_drawing_and_pressing(runs, headers):
    app = start("training", training_view=store.RUNS)
    before = all_of(runs)
    pressed = button(app, "Delete").click()
    headers["Forwarded"] = "for=203.0.113.9"
    checked(app)
    assert pressed
    assert all_of(runs) == before
    assert app.error
    assert button(app, "Undo") is None


def test_a_stranger_still_looks_at_everything(runs, headers):
    headers["X-Forwarded-For"] = "203.0.113.9"
    for view in store.VIEWS:
        app = start("training", training_view=view)
        assert app.segmented_control(key=store.VIEW).value == view
    app = start("training", training_view=store.RUNS)
    assert str(runs.folder) not in texts(app), "where things lie is nobody's business"


def test_the_teacher_s_secret_opens_what_is_closed(runs, headers, monkeypatch):
    monkeypatch.setattr(access.time, "sleep", lambda _: None)
    monkeypatch.setenv(access.TEACHER, "chalk")
    headers |= {"Host": "lab.example.org", "X-Forwarded-For": "203.0.113.9"}
    app = start("training", training_view=store.RUNS)
    assert button(app, "Delete").disabled
    for typed, opens in (("cheese", False), ("chalk", True)):
        app.text_input(key="training_lock_secret").set_value(typed)
        next(b for b in app.button if "training_lock_form" in str(b.proto.form_id)).click()
        checked(app)
        assert button(app, "Delete").disabled is not opens
        assert bool(app.error) is not opens
    assert not any(t.key == "training_lock_secret" for t in app.text_input)
    visit(app, "dataset")
    assert app.text_area(key="import_paths"), "files of the server may be named"
    app.button(key="lock_again").click()
    checked(app)
    assert not app.text_area
    assert button(start("training", training_view=store.RUNS), "Delete").disabled


def test_at_this_computer_too_the_lock_is_a_lock(runs, monkeypatch):
    monkeypatch.setenv(access.TEACHER, "chalk")
    app = start("training", training_view=store.RUNS)
    assert button(app, "Delete").disabled
    assert app.text_input(key="lock_secret"), "above every page"
