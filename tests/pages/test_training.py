"""The Training page, run headless; trainings are those of the queue's own tests, which take
milliseconds and wait where a test wants it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.metrics import column_title
from core.ham10000.dataset import Dataset
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from core.models.registry import in_use, use
from core.settings import REPOSITORY
from core.system import ownership
from core.system.run_folder import RUN
from tests.pages.conftest import button, checked, start, texts
from tests.train.conftest import write_dataset
from tests.train.data.test_elsewhere import write_source
from tests.train.jobs.conftest import config, processes
from tests.train.jobs.fake import command
from tests.waiting import PATIENCE, wait_for
from train.config import ClassifierConfig, HybridConfig, SegmenterConfig
from train.finish.package import IMPORT
from train.jobs import Run, Runs, ensure_supervisor
from train.jobs.record import Record, write_record
from train.learn.beginning import Beginning
from train.presets import PRESETS
from train.stages import Stage
from ui import subprocess_task
from ui.training import form, store, words


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("data")
    write_dataset(data / "ham10000")
    return data


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Path:
    """The shipped models, as if they had learned from the tiny dataset's own split."""
    folder = tmp_path_factory.mktemp("shipped") / "weights"
    shutil.copytree(REPOSITORY / "weights", folder, copy_function=os.symlink)
    for card in folder.glob("*/card.json"):
        values = json.loads(card.read_text(encoding="utf-8"))
        card.unlink()
        split = Dataset.open(tiny).split.id
        card.write_text(json.dumps(values | {"split_id": split}), encoding="utf-8")
    return folder


@pytest.fixture
def runs(tmp_path: Path, tiny: Path, weights: Path, monkeypatch: pytest.MonkeyPatch):
    """Empty runs, whose supervisor starts quick trainings."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("LESIONLAB_RUNS", str(folder))
    monkeypatch.setenv("LESIONLAB_DATA", str(tiny))
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights))
    monkeypatch.setenv("LESIONLAB_PRETRAINED", str(tmp_path / "pretrained"))
    monkeypatch.setattr("train.jobs.store.RECENT_SECONDS", -1)  # what a test did shows at once
    supervise = command("supervise", folder)
    for module in ("store", "starting"):
        monkeypatch.setattr(
            f"ui.training.{module}.ensure_supervisor", lambda r: ensure_supervisor(r, supervise)
        )
    yield Runs(folder)
    for _ in range(2):  # a supervisor may have started one more
        for process in processes(folder):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def page(**session) -> AppTest:
    return start("training", **session)


def run_of(runs: Runs) -> Run:
    (run,) = runs.all()
    return run


def written(runs: Runs, name: str, epochs: int, choices=None, **columns: list[float]) -> str:
    """A run whose epochs are done, by its folder alone."""
    id = name.lower().replace(" ", "-")
    folder = runs.folder / id
    folder.mkdir(parents=True)
    ownership.mark(folder, RUN)
    chosen = choices or config(epochs)
    (folder / "config.json").write_text(json.dumps({"kind": chosen.kind, **asdict(chosen)}))
    columns = {"train_loss": [1.0 / (n + 1) for n in range(epochs)], **columns}
    lines = [",".join(["epoch", "seconds", *columns])]
    lines += [
        ",".join(map(str, [epoch, 30, *(c[epoch] for c in columns.values())]))
        for epoch in range(epochs)
    ]
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    runs.all()
    runs.rename(id, name)
    return id


def held(runs: Runs, epochs: int = 4) -> str:
    """A run that waits in its second epoch until its `hold` is removed."""
    id = runs.create(config(epochs), "Held")
    (runs.folder / id / "hold").write_text("1")
    ensure_supervisor(runs, command("supervise", runs.folder))
    wait_for(lambda: runs.get(id).epochs == 1 and runs.get(id).state == "running")
    return id


def choose(app: AppTest, name: str, value) -> AppTest:
    found = next(e for e in (*app.selectbox, *app.segmented_control) if e.key == form.PREFIX + name)
    found.set_value(value)
    return checked(app)


# Starting


def test_without_runs_the_form_is_open_and_says_what_it_will_do(runs):
    app = page()
    assert app.segmented_control(key=store.VIEW).value == store.NEW
    assert words.plan(PRESETS[0].config) in texts(app)
    assert "Not measured yet" in texts(app)
    assert not button(app, "Start training").disabled
    assert all(widget.help for widget in (*app.number_input, *app.selectbox))


def test_without_the_dataset_it_says_how_to_get_it(runs, tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "none"))
    app = page()
    assert "Import it first" in texts(app)
    assert button(app, "Start training").disabled
    assert button(app, "Measure time and disk").disabled


def test_without_imagenet_weights_it_offers_others(runs, tmp_path):
    app = page()
    app.pills(key="new_preset").set_value("shipped-classifier")
    checked(app)
    assert "no file of ImageNet weights for ResNet" in texts(app)
    assert button(app, "Start training").disabled
    choose(app, "start", "random")
    assert not button(app, "Start training").disabled


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.key)
def test_a_preset_fills_in_the_form_and_comes_out_as_it_was(runs, preset):
    app = page()
    app.pills(key="new_preset").set_value(preset.key)
    checked(app)
    assert preset.text in texts(app)
    assert "Changed from the preset" not in texts(app)


def test_an_experiment_comes_quick_or_as_published(runs):
    preset = next(p for p in PRESETS if p.key == "frozen-mobilenet")
    app = page()
    app.pills(key="new_preset").set_value(preset.key)
    checked(app)
    assert app.number_input(key="new_epochs0").value == preset.config.epochs
    choose(app, "length", "published")
    assert app.number_input(key="new_epochs0").value == preset.published.epochs == 10
    assert app.number_input(key="new_dropout").value == preset.published.dropout
    assert "Changed from the preset" not in texts(app)
    app.pills(key="new_preset").set_value("demo")  # which has one length only
    checked(app)
    assert "Changed from the preset" not in texts(app)


def test_a_split_by_image_is_chosen_with_a_warning(runs):
    app = page()
    app.pills(key="new_preset").set_value("cnn-augmentation")
    checked(app)
    assert "Images are split at random" not in texts(app)
    choose(app, "split", "images")
    assert "Images are split at random" in texts(app)
    assert "Split: By lesion → **Images at random**" in texts(app)
    button(app, "Start training").click()
    checked(app)
    (run,) = runs.all()
    assert run.config.split == "images"


@pytest.mark.parametrize(
    "chosen",
    [
        ClassifierConfig(
            start="random",
            architecture="tu-efficientnet_b0",
            stages=(Stage(1, 32), Stage(2, 64), Stage(3, 96)),
            freeze=("conv1",),
            augment=("flip",),
            loss="focal",
            lr=0.01,
            ema=0.5,
        ),
        SegmenterConfig(start="shipped", loss="tversky", augment=()),
        HybridConfig(start="shipped", mask_weight=2.5, labels="malignancy"),
    ],
)
def test_a_duplicate_starts_with_the_same_choices(runs, chosen):
    """Unusual ones too, which no list of the form offers."""
    written(runs, "First", 2, chosen)
    app = page()
    button(app, "Duplicate with changes").click()
    checked(app)
    assert app.text_input(key="new_name").value == "First, changed"
    button(app, "Start training").click()
    checked(app)
    run = next(run for run in runs.all() if run.name == "First, changed")
    assert run.config == chosen


def test_changes_from_a_preset_are_listed_and_taken_back(runs):
    app = page()
    app.number_input(key="new_epochs0").set_value(9)
    checked(app)
    (stage,) = PRESETS[0].config.stages
    before = f"{stage.epochs} at {stage.size} px"
    assert f"Epochs and sizes: {before} → **9 at {stage.size} px**" in texts(app)
    button(app, "Reset").click()
    checked(app)
    assert app.number_input(key="new_epochs0").value == stage.epochs


def test_stages_can_be_added(runs):
    app = page()
    (stage,) = PRESETS[0].config.stages
    app.number_input(key="new_stages").set_value(2)
    checked(app)
    app.number_input(key="new_size1").set_value(256)
    checked(app)
    each = f"{stage.epochs} at"
    assert f"{each} {stage.size} px, then {each} 256 px" in texts(app)


def test_choices_that_cannot_work_are_explained_before_the_start(runs):
    app = page()
    app.number_input(key="new_size0").set_value(100)
    checked(app)
    assert "multiple of 32" in app.warning[0].value
    assert button(app, "Start training") is None


def test_a_frozen_base_needs_start_weights(runs):
    app = page()
    choose(app, "start", "random")
    choose(app, "freeze", ("base",))
    assert "unfreeze it" in app.warning[0].value


def test_the_choices_survive_a_look_at_another_page(runs):
    app = page()
    app.number_input(key="new_lr").set_value(0.005)
    checked(app)
    app.switch_page("pages/screens/about.py").run()
    checked(app.switch_page("pages/screens/training.py"))
    assert app.number_input(key="new_lr").value == 0.005


def test_another_task_brings_its_own_defaults(runs):
    app = page()
    app.text_input(key="new_name").set_value("Mine")
    app.number_input(key="new_limit").set_value(600)
    app.pills(key="new_preset").set_value("frozen-mobilenet")
    checked(app)
    assert app.text_input(key="new_name").value == "Mine", "a preset knows no name"
    app.number_input(key="new_limit").set_value(600)
    choose(app, "kind", "segmenter")
    assert app.pills(key="new_preset").value is None
    assert app.text_input(key="new_name").value == "Mine"
    assert app.number_input(key="new_limit").value == 600
    assert "teaches a U-Net with **MobileNetV2** inside" in texts(app)
    assert app.number_input(key="new_batch").value == SegmenterConfig().batch
    assert app.selectbox(key="new_loss").value == "bce-dice"


def class_photos(folder: Path) -> Path:
    """A folder of two classes below it."""
    rng = np.random.default_rng(0)
    for name in ("mole", "wart"):
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(6):
            photo = rng.integers(0, 255, (40, 50, 3), np.uint8)
            (folder / "photos" / name / f"{name}{number}.jpg").write_bytes(to_jpeg(photo))
    return folder / "photos"


def test_a_folder_of_classes_is_looked_at(runs, tmp_path):
    class_photos(tmp_path)
    app = page()
    choose(app, "source", "folder")
    assert "Name the folder" in texts(app)
    assert button(app, "Start training") is None
    app.text_input(key="new_folder").set_value(str(tmp_path / "nowhere"))
    checked(app)
    assert "There is no folder" in app.warning[0].value
    app.text_input(key="new_folder").set_value(str(tmp_path / "photos"))
    checked(app)
    assert "photos in 2 classes" in texts(app)
    assert not button(app, "Start training").disabled


def test_a_server_for_others_reads_no_folder(runs, headers):
    app = page()
    choose(app, "source", "folder")
    app.text_input(key="new_folder").set_value("/etc")
    checked(app)
    headers["X-Forwarded-For"] = "203.0.113.9"
    checked(app)
    assert not [t for t in app.text_input if t.key == "new_folder"]
    assert app.segmented_control(key="new_source").value == form.HAM10000


def test_a_stranger_starts_and_measures_nothing(runs, headers, monkeypatch):
    asked = answering(monkeypatch, "{}")
    for label in ("Start training", "Measure time and disk"):
        app = page()
        pressed = button(app, label).click()
        headers["X-Forwarded-For"] = "203.0.113.9"
        pressed.run()
        assert app.error
        assert button(app, label).disabled
        del headers["X-Forwarded-For"]
    assert not runs.all()
    assert not asked


def test_starting_leads_to_the_run_and_names_are_numbered(runs):
    app = page()
    button(app, "Start training").click()
    checked(app)
    assert app.segmented_control(key=store.VIEW).value == store.RUNS
    first = run_of(runs)
    assert first.name == "Two-minute demo"
    assert first.config == PRESETS[0].config
    assert app.selectbox(key=store.RUN).value == first.id
    wait_for(lambda: runs.get(first.id).state == "finished")
    app.session_state[store.VIEW] = store.NEW
    checked(app)
    assert app.text_input(key="new_name").placeholder == "Two-minute demo 2"


def test_a_name_that_cannot_be_is_refused_where_it_is_typed(runs):
    app = page()
    app.text_input(key="new_name").set_value("Versuch ä/1")
    checked(app)
    assert "without / and" in app.error[0].value
    assert button(app, "Start training").disabled
    app.text_input(key="new_name").set_value("Versuch ä 1")
    checked(app)
    assert not app.error
    button(app, "Start training").click()
    checked(app)
    app.session_state[store.VIEW] = store.NEW
    app.session_state["new_name"] = "Versuch ä 1"
    checked(app)
    assert "Another run has this name" in texts(app)


def test_what_cannot_be_written_is_said(runs, monkeypatch):
    app = page()

    def full(*_):
        raise store.JobError("The disk is full.")

    monkeypatch.setattr(Runs, "create", full)
    button(app, "Start training").click()
    checked(app)
    assert "The disk is full" in app.error[0].value
    assert not runs.all()
    checked(app)
    assert not app.error


# Tasks


def task_of(app: AppTest, key: str) -> subprocess_task.Task:
    return app.session_state[key][1]


def done(app: AppTest, key: str) -> AppTest:
    wait_for(lambda: not task_of(app, key).running)
    return checked(app)


def answering(monkeypatch: pytest.MonkeyPatch, printed: str, problem: str = "") -> list:
    """Tasks are done at once; returns what they are asked."""
    asked: list[Sequence[str]] = []

    def start(module: str, words: Sequence[str], *_, **__) -> SimpleNamespace:
        asked.append(words)
        return SimpleNamespace(
            running=False, cancelled=False, printed=printed, problem=problem, cancel=lambda: None
        )

    monkeypatch.setattr(subprocess_task, "Task", start)
    return asked


def test_time_and_disk_belong_to_the_choices_they_were_measured_with(runs, monkeypatch):
    found = {"seconds": 130, "disk_bytes": 50e6, "images_per_second": 41.2, "measured_steps": 6}
    asked = answering(monkeypatch, json.dumps(found))
    app = page()
    button(app, "Measure time and disk").click()
    checked(app)
    assert asked[0][0] == "estimate"
    assert "**About 2 min**" in texts(app)
    assert "**48 MB** of disk" in texts(app)
    assert "on 6 steps: 41 photos a second" in texts(app)
    app.number_input(key="new_size0").set_value(64)
    checked(app)
    assert "Not measured yet for these choices" in texts(app)


def test_a_measurement_that_fails_says_why(runs, monkeypatch):
    answering(monkeypatch, "", "No photo can be read.")
    app = page()
    button(app, "Measure time and disk").click()
    checked(app)
    assert "No photo can be read" in app.warning[0].value


def test_too_little_disk_is_said(runs, monkeypatch):
    found = {"seconds": 9, "disk_bytes": 1e18, "images_per_second": 1, "measured_steps": 2}
    answering(monkeypatch, json.dumps(found))
    app = page()
    button(app, "Measure time and disk").click()
    checked(app)
    assert "Make room first" in app.warning[0].value


# Watching


def test_a_running_training_is_watched_stopped_and_resumed(runs):
    id = held(runs)
    app = page(training_view=store.RUNS)
    assert ":blue-badge[:material/play_circle: Running]" in texts(app)
    (bar,) = app.get("progress")
    assert bar.proto.text == "Training · epoch 2 of 4"
    assert button(app, "Delete").disabled
    button(app, "Stop").click()
    checked(app)
    assert "Its finished epoch is kept" in texts(app)
    button(app, "Stop training").click()
    checked(app)
    wait_for(lambda: runs.get(id).state == "stopped")
    checked(app)
    assert "Stopped" in texts(app)
    assert not app.get("progress")
    (runs.folder / id / "hold").unlink()
    button(app, "Resume").click()
    checked(app)
    wait_for(lambda: runs.get(id).state == "finished")
    checked(app)
    assert "Finished" in texts(app)
    assert button(app, "Resume") is None


def test_the_page_begins_anew_when_a_run_ends(runs):
    id = held(runs)
    app = page(training_view=store.RUNS)
    seen = store.states(runs.all())
    (runs.folder / id / "hold").unlink()
    wait_for(lambda: runs.get(id).state == "finished")
    assert store.states(runs.all()) != seen
    checked(app)
    assert "Finished" in texts(app)


def test_the_queue_is_shown_on_every_section_and_can_be_changed(runs):
    held(runs)
    ids = [runs.create(config(), name) for name in ("Second", "Third")]
    app = page(training_view=store.NEW)
    assert "**Held**" in texts(app)
    assert ":material/schedule: 2. Third" in texts(app)
    assert app.button(key=f"arrow_upward_{ids[0]}").disabled
    app.button(key=f"arrow_upward_{ids[1]}").click()
    checked(app)
    assert [run.name for run in runs.queue()] == ["Third", "Second"]
    assert ":material/schedule: 1. Third" in texts(app)
    app.button(key=f"out_{ids[0]}").click()
    checked(app)
    assert [run.name for run in runs.queue()] == ["Third"]
    button(app, "Watch").click()
    checked(app)
    assert app.segmented_control(key=store.VIEW).value == store.RUNS


def test_a_killed_training_is_never_shown_as_running(runs):
    id = held(runs)
    for process in processes(runs.folder):
        process.kill()
    wait_for(lambda: runs.get(id).state == "interrupted")
    app = page(training_view=store.RUNS)
    assert "Interrupted" in texts(app)
    assert not app.get("progress")
    assert not button(app, "Resume").disabled


def test_a_failure_is_told_in_words(runs):
    id = runs.create(config(), "Wrong")
    (runs.folder / id / "does").write_text("crash")
    ensure_supervisor(runs, command("supervise", runs.folder))
    wait_for(lambda: runs.get(id).state == "failed")
    app = page(training_view=store.RUNS)
    assert "An error in the program ended it" in app.error[0].value


def test_curves_samples_and_log_of_a_run(runs):
    id = written(runs, "Learner", 3, val_macro_f1=[0.1, 0.3, 0.2], val_score=[0.1, 0.3, 0.2])
    samples_of(runs.folder / id)
    (runs.folder / id / "log.txt").write_text("it trains\n")
    app = page(training_view=store.RUNS, training_run=id)
    (chart,) = app.get("plotly_chart")
    assert "Macro-F1 from 0.100 to 0.200" in chart.proto.alt
    spec = json.loads(chart.proto.spec)
    assert [t["name"] for t in spec["data"]] == ["Training loss", "Macro-F1"]
    assert "Epoch 2 was kept" in texts(app), "it has ended"
    alts = [i.alt for images in app.image for i in images.proto.imgs]
    assert alts == ["Photo one after epoch 2, answered Melanoma, true class Melanocytic naevus, "
                    "outlined with an IoU of 0.87"]  # fmt: skip
    assert ":material/close: Says Melanoma, 70 %" in texts(app)
    app.select_slider[0].set_value(1)
    checked(app)
    alts = [i.alt for images in app.image for i in images.proto.imgs]
    assert alts == ["Photo one after epoch 1, answered mole, true class mole"]


def test_curves_begin_within_the_first_epoch(runs):
    id = written(runs, "Learner", 0, config(2))
    folder = runs.folder / id
    (folder / "live.csv").write_text("0.25,1.5,0.001\n0.5,1.25,0.002\n0.5,1.2,0.002\n0.7,")
    (chart,) = page(training_view=store.RUNS).get("plotly_chart")
    lines = {t["name"]: t for t in json.loads(chart.proto.spec)["data"]}
    assert lines.keys() == {"Training loss within the epoch", "Learning rate"}
    assert runs.live(id) == [
        {"epoch": 0.25, "train_loss": 1.5, "learning_rate": 0.001},
        {"epoch": 0.5, "train_loss": 1.2, "learning_rate": 0.002},
    ], "what came last counts, and half a line does not"


def test_a_cluster_that_does_not_answer_is_neither_running_nor_failed(runs, monkeypatch):
    monkeypatch.setattr("ui.training.store.ensure_supervisor", lambda _: False)
    id = written(runs, "Far away", 1, config(3))
    write_record(runs.folder / id, Record("http://far:8265", "job", "It does not answer."))
    app = page(training_view=store.RUNS)
    assert "Out of sight" in texts(app)
    assert "It does not answer" in texts(app)
    assert not app.error
    assert button(app, "Stop")
    assert button(app, "Delete").disabled
    assert button(app, "Resume") is None


def samples_of(folder: Path) -> None:
    """Answers for one photo after two epochs."""
    samples = folder / "samples"
    (samples / "photos").mkdir(parents=True)
    (samples / "epoch-002").mkdir()
    lesion = practice_set()[0]
    (samples / "photos" / "one.jpg").write_bytes(to_jpeg(lesion.image.rgb))
    mask = REPOSITORY / "docs" / "analyse-light.png"  # any picture of another size does
    shutil.copy(mask, samples / "photos" / "one-mask.png")
    shutil.copy(mask, samples / "epoch-002" / "one.png")
    first = {"name": "one", "photo": "photos/one.jpg", "truth": "mole",
             "probabilities": {"mole": 0.9, "wart": 0.1}}  # fmt: skip
    second = first | {"truth": "nv", "probabilities": {"mel": 0.7, "nv": 0.3}, "iou": 0.87,
                      "mask": "epoch-002/one.png", "true_mask": "photos/one-mask.png"}  # fmt: skip
    for epoch, photo in ((1, first), (2, second)):
        told = {"epoch": epoch, "classes": [], "photos": [photo]}
        (samples / f"epoch-{epoch:03d}.json").write_text(json.dumps(told))


@pytest.mark.parametrize("damage", ["{", "{}", '{"photos": [{"name": "x"}]}', "[]"])
def test_damaged_samples_are_no_traceback(runs, damage):
    id = written(runs, "Learner", 1)
    (runs.folder / id / "samples").mkdir()
    (runs.folder / id / "samples" / "epoch-001.json").write_text(damage)
    assert "cannot be read" in texts(page(training_view=store.RUNS))


@pytest.mark.parametrize("table", ["", "epoch\n", "epoch,val_score\n0,0.1\n", "nonsense"])
def test_odd_tables_of_epochs_are_no_traceback(runs, table):
    id = written(runs, "Learner", 1)
    (runs.folder / id / "metrics.csv").write_text(table)
    for view in store.VIEWS:
        page(training_view=view)


def test_a_damaged_config_is_explained(runs):
    id = written(runs, "Learner", 1)
    (runs.folder / id / "config.json").write_text("{")
    app = page(training_view=store.RUNS)
    assert "cannot be read" in texts(app)
    assert button(app, "Duplicate with changes") is None


def test_name_and_notes(runs):
    id = written(runs, "Learner", 1)
    app = page(training_view=store.RUNS)
    app.text_input(key=f"training_name_{id}").set_value("Twice [the] size")
    app.text_area(key=f"training_notes_{id}").set_value("It *helped*.")
    button(app, "Save").click()
    checked(app)
    assert (run_of(runs).name, run_of(runs).notes) == ("Twice [the] size", "It *helped*.")
    assert "Twice \\[the\\] size" in texts(app)
    app.text_input(key=f"training_name_{id}").set_value("  ")
    button(app, "Save").click()
    checked(app)
    assert "name" in app.error[0].value


def test_deleting_can_be_undone_and_emptying_the_bin_asks(runs):
    id = written(runs, "Learner", 1)
    app = page(training_view=store.RUNS)
    button(app, "Delete").click()
    checked(app)
    assert not runs.all()
    assert "Choose “New training” above" in texts(app)
    button(app, "Undo").click()
    checked(app)
    assert run_of(runs).id == app.selectbox(key=store.RUN).value == id
    button(app, "Delete").click()
    checked(app)
    button(app, "Empty the bin").click()
    checked(app)
    assert (runs.folder / id).is_dir()
    app.button(key="purge_for_good").click()
    checked(app)
    assert not (runs.folder / id).exists()
    assert button(app, "Undo") is None


def test_a_reload_shows_the_same_run(runs):
    ids = [written(runs, name, 1) for name in ("One", "Two")]
    app = page(training_view=store.RUNS, training_run=ids[0])
    checked(app)
    assert "".join(app.query_params["run"]) == ids[0]
    written(runs, "Three", 1)
    again = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=PATIENCE)
    again.switch_page("pages/screens/training.py")
    again.query_params["run"] = ids[0]
    checked(again)
    assert again.selectbox(key=store.RUN).value == ids[0]
    again.segmented_control(key=store.VIEW).set_value(store.NEW)
    checked(again)
    assert again.session_state[store.RUN] == ids[0]
    again.segmented_control(key=store.VIEW).set_value(store.RUNS)
    checked(again)
    assert again.selectbox(key=store.RUN).value == ids[0]
    newest = again.selectbox(key=store.RUN).options[0]
    again.selectbox(key=store.RUN).select_index(0)
    checked(again)
    assert newest != ids[0]
    assert "run" not in again.query_params, "the newest needs no address"


def test_a_run_deleted_elsewhere_is_left_without_a_traceback(runs):
    ids = [written(runs, name, 1) for name in ("One", "Two")]
    app = page(training_view=store.RUNS, training_run=ids[0])
    runs.delete(ids[0])
    checked(app)
    assert app.selectbox(key=store.RUN).value == ids[1]


def test_a_folder_that_cannot_be_written_is_explained(tmp_path, tiny, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tiny))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "file" / "runs"))
    app = page()
    assert app.error
    assert not app.segmented_control


# Comparing


def test_one_run_cannot_be_compared(runs):
    written(runs, "One", 2)
    assert "Two runs with at least one finished epoch" in texts(page(training_view=store.COMPARE))


def test_where_and_how_exactly_runs_computed_is_compared(runs):
    """Also where all chose the automatic precision; as far as it is known."""
    here, there, old = (written(runs, name, 2) for name in ("Here", "There", "Old"))
    began = Beginning("0", (), 8, 8)
    replace(began, device="cpu", precision="32-true").write(runs.folder / here)
    replace(began, device="gpu", precision="bf16-mixed").write(runs.folder / there)
    (runs.folder / old / "began.json").write_text("{")
    app = page(training_view=store.COMPARE, training_compared=[here, there, old])
    rows = app.dataframe[1].value.set_index("Choice")
    assert set(rows.index) == {"Precision", "Computed on"}
    assert set(rows.loc["Precision"]) == {"Full", "Mixed, bf16", "Automatic"}
    assert set(rows.loc["Computed on"]) == {"the processor", "a GPU", "–"}


def test_curves_over_each_other_and_what_differs(runs):
    slow = ClassifierConfig(stages=(Stage(2, 32),), lr=1e-5)
    written(runs, "Slow", 2, slow, val_macro_f1=[0.1, 0.2], val_score=[0.1, 0.2])
    written(runs, "Quick", 3, val_macro_f1=[0.2, 0.5, 0.4], val_score=[0.2, 0.5, 0.4])
    ids = [run.id for run in runs.all()]
    app = page(training_view=store.COMPARE, training_compared=ids)
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    lines = {t["name"]: t for t in spec["data"]}
    slow, quick = (next(o for o in app.multiselect[0].options if n in o) for n in ("Slow", "Quick"))
    assert lines.keys() == {slow, quick}, "one name in list, figure and tables"
    assert lines[slow]["line"]["dash"] != lines[quick]["line"]["dash"]
    best, differences = (table.value for table in app.dataframe)
    assert dict(zip(best["Run"], best["Macro-F1"], strict=True)) == {slow: 0.2, quick: 0.5}
    rows = differences.set_index("Choice")
    assert list(rows.loc["Learning rate", [slow, quick]]) == ["1e-05", "0.0004"]
    assert "Seed" not in rows.index
    assert set(differences) == {"Choice", slow, quick}
    app.toggle(key="training_all_choices").set_value(True)
    checked(app)
    rows = app.dataframe[1].value.set_index("Choice")
    assert rows.loc["Seed", "≠"] == ""
    assert rows.loc["Learning rate", "≠"] == "≠"
    app.selectbox(key="training_measure").set_value("train_loss")
    checked(app)
    assert "Training loss by epoch" in app.get("plotly_chart")[0].proto.alt


def test_a_run_without_the_measure_is_named_beside_the_curve(runs):
    ids = [written(runs, "One", 2, val_macro_f1=[0.1, 0.2]), written(runs, "Two", 2)]
    app = page(training_view=store.COMPARE, training_compared=ids)
    app.session_state["training_measure"] = "val_macro_f1"
    checked(app)
    said = [c.value for c in app.caption if "Not drawn" in c.value]
    assert len(said) == 1
    assert "Two" in said[0]
    assert "One" not in said[0]


def test_figures_of_photos_from_elsewhere_are_compared_too(runs):
    for name in ("One", "Two"):
        written(runs, name, 2, val_nll=[2.0, 1.0], elsewhere_nll=[3.0, 2.5], val_score=[-2.5, -1.7])
    ids = [run.id for run in runs.all()]
    app = page(training_view=store.COMPARE, training_compared=ids)
    title = column_title("elsewhere_nll")
    assert title != column_title("val_nll")
    assert list(app.dataframe[0].value[title]) == [2.5, 2.5]
    assert title in app.selectbox(key="training_measure").options


def test_runs_of_different_kinds_and_one_name(runs):
    one = written(runs, "Same", 1, val_macro_f1=[0.5], val_score=[0.5])
    two = written(runs, "same 2", 1, SegmenterConfig(), val_mean_iou=[0.8], val_score=[0.8])
    runs.rename(two, "Same")
    app = page(training_view=store.COMPARE, training_compared=[one, two])
    named = app.dataframe[0].value["Run"]
    assert named.is_unique
    assert set(named) == set(app.multiselect[0].options)
    app.selectbox(key="training_measure").set_value("val_mean_iou")
    checked(app)


def test_names_of_runs_in_tables_are_safe_for_spreadsheets(runs):
    """The tables can be saved as CSV by their own button."""
    one = written(runs, "=1+1", 1, ClassifierConfig(lr=1e-5), val_score=[0.5])
    two = written(runs, "Quick", 1, val_score=[0.5])
    app = page(training_view=store.COMPARE, training_compared=[one, two])
    best, differences = (table.value for table in app.dataframe)
    assert sorted(name.split(" ")[0] for name in best["Run"]) == ["'=1+1", "Quick"]
    assert set(best["Run"]) < set(differences)


ODD_CARDS = (
    '{"input": "x"}',
    '{"input": [], "name": {}, "sha256": 5, "test_looks": 7, "metrics": "x"}',
    '{"name": "\\ud800", "sha256": null}',
    '{"input": {"size": 224}, "name": "n", "sha256": "s", "classes": {}, "novelty": 3}',
    '{"a":' * 5000,
    "[]",
    "\x00",
)
ODD_CONFIGS = (
    '{"kind": []}',
    '{"kind": "classifier", "stages": "x"}',
    '{"kind": "classifier", "stages": [{"epochs": 1e400, "size": 32}]}',
    '{"kind": "classifier", "lr": {}}',
    '{"kind": "classifier", "data": "\\udfff"}',
    '{"stages": {"a": 1}}',
    "{}",
)
ODD_EVALUATION = (
    '{"split": "validation", "images": 1, "lesions": 1, "intervals": "", "distribution": {}, '
    '"worst": {}, "overall": {"mean_iou": {"value": "x", "low": [], "high": 1}}}'
)
ODD_METRICS = (
    "",
    "val_macro_f1\n0.5\n",
    "epoch,val_macro_f1,val_macro_f1\n0,x,1\n1\n2,nan,inf,5,6\n",
    "epoch\x00,seconds\n0,1\n",
    "epoch,seconds,val_score\n,,\nx,x,x\n",
    "a,b\n1,2\n",
    "\ufeffepoch,val_macro_f1\n0,0.5\n",
)


def test_one_odd_run_never_hides_the_others(runs):
    """Whatever stands in the files of some runs."""
    written(runs, "Good", 2, val_macro_f1=[0.1, 0.2], val_score=[0.1, 0.2])
    odd = [f"odd-{n}" for n in range(len(ODD_CARDS))]
    for name, card, choices, metrics in zip(odd, ODD_CARDS, ODD_CONFIGS, ODD_METRICS, strict=True):
        run = runs.folder / written(runs, name, 1, val_macro_f1=[0.5], val_score=[0.5])
        for kind in ("classifier", "segmenter"):
            folder = run / "model" / kind
            folder.mkdir(parents=True)
            (folder / "card.json").write_text(card)
            (folder / "evaluation-validation.json").write_text(ODD_EVALUATION)
        (run / "samples").mkdir()
        (run / "samples/epoch-x.json").write_text("{}")
        (run / "samples/epoch-001.json").write_text('{"photos": [{"probabilities": []}, 5]}')
        (run / "config.json").write_text(choices)
        (run / "metrics.csv").write_text(metrics)
        (run / "live.csv").write_text("x,y\n1,2,3,4\nnan,,\n")
        (run / "progress.json").write_text('{"phase": 5, "progress": {"epoch": "x"}}')
    assert {run.name for run in runs.all()} == {"Good", *odd}
    for run in ("good", *odd):
        page(training_view=store.RUNS, training_run=run)
    page(training_view=store.COMPARE, training_compared=["good", *odd[1:5]])
    page(training_view=store.NEW)
    assert "LesionLab ResNet-50" in texts(page(training_view=store.MODELS))


# Models


@pytest.fixture
def finished(runs, weights) -> str:
    """A run that has a classifier like the shipped one."""
    id = written(runs, "Mine", 2)
    folder = runs.folder / id / "model" / "classifier"
    shutil.copytree(weights / "classifier", folder)
    (folder / "evaluation-test.json").unlink()
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    (folder / "card.json").write_text(json.dumps(card | {"name": "My own"}), encoding="utf-8")
    return id


def test_a_models_figures_and_its_use(runs, finished):
    app = page(training_view=store.RUNS)
    assert "Result" in texts(app)
    assert "Macro-F1" in [m.label for m in app.metric]
    assert "Download the model" in [b.label for b in app.get("download_button")]
    button(app, "Use this model").click()
    checked(app)
    assert not in_use("classifier").own, "it asks first"
    app.button(key="use_for_everybody").click()
    checked(app)
    assert "In use, for everybody" in texts(app)
    app.session_state[store.VIEW] = store.MODELS
    checked(app)
    button(app, "Back to the shipped model").click()
    checked(app)
    assert in_use("classifier").own, "it asks first"
    app.button(key="shipped_for_everybody").click()
    checked(app)
    assert button(app, "Use this model")
    assert ":green-badge[:material/check: In use]" in texts(app)


def test_a_model_of_other_classes_shows_its_figures(runs, finished):
    folder = runs.folder / finished / "model" / "classifier"
    names = {"nv": "mole", "mel": "=spot", "df": "wart"}
    path = folder / "evaluation-validation.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    own = {names[key]: row for key, row in figures["classes"].items() if key in names}
    confusion = figures["confusion"] | {"classes": list(own)}
    path.write_text(json.dumps(figures | {"classes": own, "confusion": confusion}))
    app = page(training_view=store.RUNS)
    assert "damaged" not in texts(app)
    assert "Macro-F1" in [m.label for m in app.metric]
    table = next(d.value for d in app.dataframe if "Class" in d.value)
    assert set(table["Class"]) == {"mole", "'=spot", "wart"}
    assert dict(zip(table["Class"], table["Photos"], strict=True))["mole"] == 1018
    assert (table["Sensitivity"] != "").all()


def test_a_run_with_images_at_random_is_marked_and_cannot_be_used(runs, finished):
    config_file = runs.folder / finished / "config.json"
    choices = json.loads(config_file.read_text(encoding="utf-8"))
    config_file.write_text(json.dumps(choices | {"split": "images"}), encoding="utf-8")
    leak = {"lesions": 612, "of_lesions": 1694, "photos": 890, "of_photos": 2003}
    folder = runs.folder / finished / "model" / "classifier"
    for name in ("card.json", "evaluation-validation.json"):
        values = json.loads((folder / name).read_text(encoding="utf-8"))
        (folder / name).write_text(json.dumps(values | {"leak": leak}), encoding="utf-8")
    app = page(training_view=store.RUNS)
    assert " · leaks · " in app.selectbox(key=store.RUN).options[0]
    assert "Leaks" in app.header[0].value
    assert "612 of the 1,694 lesions" in texts(app)
    assert ":orange-badge[:material/warning: Leaks]" in texts(app)
    assert button(app, "Use this model") is None
    assert "Download the model" not in [b.label for b in app.get("download_button")]
    app = page(training_view=store.MODELS)
    assert "My own (leaks: images split at random)" in texts(app)
    assert "images split at random, so it has seen lesions" in texts(app)
    assert button(app, "Use this model") is None


def test_a_model_that_the_app_cannot_use_says_why(runs, finished):
    path = runs.folder / finished / "model" / "classifier" / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"classes": ["mole", "wart"]}), encoding="utf-8")
    for view in (store.RUNS, store.MODELS):
        app = page(training_view=view)
        assert "2 classes of its own" in texts(app)
        assert button(app, "Use this model") is None


def test_a_damaged_model_is_not_used(runs, finished):
    (runs.folder / finished / "model" / "classifier" / "model.safetensors").write_bytes(b"x")
    app = page(training_view=store.MODELS)
    button(app, "Use this model").click()
    checked(app)
    app.button(key="use_for_everybody").click()
    checked(app)
    assert not in_use("classifier").own
    assert "In use, for everybody" not in texts(app)


def test_the_test_split_is_opened_only_after_a_warning(runs, finished, monkeypatch):
    asked = answering(monkeypatch, "")
    app = page(training_view=store.RUNS)
    button(app, "Measure on the test split…").click()
    checked(app)
    assert "choosing by the test" in texts(app)
    assert not asked
    button(app, "Measure on test").click()
    checked(app)
    assert asked == [("evaluate", "classifier", "--split", "test", "--run-name", finished)]


def test_a_package_that_is_no_model_is_refused(runs):
    app = page(training_view=store.MODELS)
    assert button(app, "Import") is None
    app.file_uploader(key="training_package").set_value(("model.zip", b"words", "application/zip"))
    checked(app)
    button(app, "Import").click()
    checked(app)
    done(app, "training_import")
    assert "zip" in app.error[0].value.lower()


def test_a_model_from_elsewhere_can_be_removed(runs, finished):
    own = runs.folder / "imported-0123456789"
    ownership.claim(own, IMPORT)
    shutil.copytree(runs.folder / finished / "model", own / "model")
    app = page(training_view=store.MODELS)
    use = [b for b in app.button if b.label == "Use this model"]
    assert len(use) == 2
    next(b for b in use if own.name in b.key).click()
    checked(app)
    app.button(key="use_for_everybody").click()
    checked(app)
    assert in_use("classifier").own
    button(app, "Remove").click()
    checked(app)
    assert own.exists(), "not before it was confirmed"
    app.button(key="remove_for_good").click()
    checked(app)
    assert not own.exists()
    assert not in_use("classifier").own
    assert button(app, "Remove") is None, "a run's own model goes with its run"


def test_a_model_whose_run_lies_in_the_bin_is_not_offered(runs, finished):
    place = runs.folder / finished / "model" / "classifier"
    app, late = page(training_view=store.MODELS), page(training_view=store.MODELS)
    assert button(app, "Use this model")
    button(late, "Use this model").click()
    checked(late)
    runs.delete(finished)
    assert button(checked(app), "Use this model") is None
    app.session_state[store.VIEW] = store.NEW
    checked(app)
    assert str(place) not in app.selectbox(key=form.PREFIX + "start").options
    late.button(key="use_for_everybody").click()
    checked(late)
    assert not in_use("classifier").own, "nor taken by who saw it before"


def test_deleting_the_run_in_use_asks_and_everybody_gets_the_shipped_model(runs, finished):
    use("classifier", runs.folder / finished / "model" / "classifier")
    app = page(training_view=store.RUNS)
    button(app, "Delete").click()
    checked(app)
    assert in_use("classifier").own
    app.button(key="delete_in_use").click()
    checked(app)
    assert not runs.all()
    assert not in_use("classifier").own
    assert not in_use("classifier").problem
    button(app, "Undo").click()
    checked(app)
    assert button(app, "Use this model")


# Words


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.key)
def test_every_choice_has_words(preset):
    for name, value in words.values(preset.config).items():
        assert words.field(name) != name
        assert words.value(name, value)
    assert str(preset.config.epochs) in words.plan(preset.config)


def test_differences_name_what_only_one_has():
    classifier, segmenter = words.values(ClassifierConfig()), words.values(SegmenterConfig())
    differ = words.differing([classifier, segmenter])
    assert {"kind", "architecture", "encoder", "loss"} <= set(differ)
    assert "seed" not in differ
    assert not words.differing([classifier, classifier])


def test_further_sources_are_chosen_by_path(runs, tmp_path: Path) -> None:
    """A path that is typed becomes a further source, and the share of its draws is asked for."""
    app = page()
    further = app.multiselect(key=form.PREFIX + "more")
    assert not further.value
    assert form.PREFIX + "more_share" not in {n.key for n in app.number_input}
    app.session_state[form.PREFIX + "more"] = [str(tmp_path)]
    checked(app.run())
    assert app.multiselect(key=form.PREFIX + "more").value == [str(tmp_path)]
    assert form.PREFIX + "more_share" in {n.key for n in app.number_input}


def test_further_sources_wait_while_the_photos_are_those_of_a_folder(runs, tmp_path: Path) -> None:
    app = page()
    app.session_state[form.PREFIX + "more"] = [str(write_source(tmp_path / "clinic"))]
    checked(app.run())
    choose(app, "source", "folder")
    app.text_input(key="new_folder").set_value(f'"{class_photos(tmp_path)}"')
    checked(app)
    assert "photos in 2 classes" in texts(app), "quotes around a path are those of a file manager"
    assert not button(app, "Start training").disabled
    choose(app, "source", form.HAM10000)
    assert app.multiselect(key=form.PREFIX + "more").value == [str(tmp_path / "clinic")]


def test_further_sources_are_looked_at_before_the_start(runs, tmp_path: Path) -> None:
    app = page()
    app.session_state[form.PREFIX + "more"] = [str(write_source(tmp_path / "clinic"))]
    checked(app.run())
    assert "clinic: 60 photos" in texts(app)
    assert "of **clinic**" in texts(app)
    assert not button(app, "Start training").disabled
    for fault in ("nowhere", "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        app.session_state[form.PREFIX + "more"] = [str(tmp_path / fault)]
        checked(app.run())
        assert f"/{fault}" in app.warning[0].value
        assert button(app, "Start training").disabled
        assert button(app, "Measure time and disk").disabled


def test_teacher_networks_are_chosen_among_finished_runs(runs, tmp_path: Path) -> None:
    """A classifier of a run can be learned from, and how much it counts is then asked for."""
    app = page()
    assert app.multiselect(key=form.PREFIX + "teachers").options == []
    assert form.PREFIX + "teacher_weight" not in {n.key for n in app.number_input}
    app.session_state[form.PREFIX + "teachers"] = [str(tmp_path)]
    checked(app.run())
    assert app.multiselect(key=form.PREFIX + "teachers").value == [str(tmp_path)]
    assert form.PREFIX + "teacher_weight" in {n.key for n in app.number_input}


def test_a_start_or_teacher_that_does_not_fit_is_said_before_the_training(runs, finished) -> None:
    model = str(runs.folder / finished / "model" / "classifier")

    def shown(**chosen: object) -> None:
        for key, value in chosen.items():
            app.session_state[form.PREFIX + key] = value
        checked(app.run())
        assert bool(app.warning) == button(app, "Start training").disabled
        assert bool(app.warning) == button(app, "Measure time and disk").disabled

    app = page(training_view=store.NEW)
    shown(architecture="resnet50")
    shown(start=model, teachers=[model])
    assert not app.warning
    assert app.multiselect(key=form.PREFIX + "teachers").options == ["My own"]
    shown(architecture="resnet18")
    assert "is a resnet50, the training wants a resnet18" in app.warning[0].value
    shown(architecture="resnet50", labels="malignancy")
    assert "does not tell apart the classes" in app.warning[0].value
    shown(teachers=[])
    assert not app.warning
    assert not app.multiselect(key=form.PREFIX + "teachers").options
