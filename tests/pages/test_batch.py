"""The page for many photos, run headless with the shipped weights."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from streamlit import config
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from core.answer.words import DOMAIN_NAMES
from core.batch import batches as jobs
from core.batch.batches import BatchJob
from core.batch.sources import Source
from core.imaging.image import to_jpeg, to_png
from core.lesion.phantom import practice_set, practice_titles
from core.models.gate import REFUSED
from core.taxonomy import BY_KEY, DIAGNOSES
from tests.pages.conftest import button, part, read, texts
from tests.waiting import PATIENCE, ended
from ui import state
from ui.batch import store as batches

ROOT = Path(__file__).resolve().parents[2]
PHOTO = to_jpeg(practice_set()[0].image.rgb[:200, :300].copy())


def visit(batch: str | None = None) -> AppTest:
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE)
    app.switch_page("pages/screens/batch.py")
    if batch is not None:
        app.query_params["batch"] = batch
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def app(fresh: Path) -> AppTest:
    batches.store.clear()
    return visit()


class Running(NamedTuple):
    """A batch of four photos that stops after the first until it is let go."""

    key: str
    job: BatchJob
    go: threading.Event


@pytest.fixture
def running(app: AppTest) -> Iterator[Running]:
    go = threading.Event()

    def read() -> bytes:
        go.wait(PATIENCE)
        return PHOTO

    model_server = state.model_server()
    sources = [Source("first.jpg", lambda: PHOTO), *(Source(f"{i}.jpg", read) for i in range(3))]
    job = BatchJob(
        sources, model_server.analyser.classes, model_server.analyser.analyse, model_server.turns
    )
    yield Running(batches.store().start(job), job, go)
    go.set()
    assert ended(job)


def key_of(app: AppTest) -> str:
    key = app.query_params["batch"]
    return key if isinstance(key, str) else key[0]


def to_the_end(app: AppTest) -> AppTest:
    assert ended(batches.store().get(key_of(app)))
    app.run()
    assert not app.exception
    return app


def practice(app: AppTest) -> AppTest:
    button(app, "Try it with the practice lesions").click().run()
    assert not app.exception
    return to_the_end(app)


def one_photo(app: AppTest) -> AppTest:
    upload(app, ("mole.jpg", PHOTO))
    button(app, "Analyse 1 file").click().run()
    return to_the_end(app)


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader(key="batch_files").set_value([(n, data, "image/jpeg") for n, data in files])
    app.run()
    assert not app.exception
    return app


def test_empty_page_says_what_to_do(app):
    assert "Choose all photos at once" in texts(app)
    assert button(app, "Analyse").disabled
    assert not app.dataframe


def test_practice_lesions_fill_the_table(app):
    practice(app)
    table = app.dataframe[0].value
    assert len(table) == 6
    assert list(table["Photo"].str[:9].unique()) == ["Synthetic"]
    assert table[""].str.startswith("data:image/jpeg;base64,").all()
    for name in ("Probability", "Malignant"):
        assert not set(table[name]) & {"0 %", "100 %"}
    assert set(table["Kind of photo"]) <= set(DOMAIN_NAMES.values())
    assert [m.value for m in app.metric][:2] == ["6", "0"]
    labels = [b.label for b in app.get("download_button")]
    assert labels == ["Table (CSV)", "Masks and tables (ZIP)"]


def test_uploads_of_one_name_and_a_broken_one(app):
    upload(app, ("a.jpg", PHOTO), ("a.jpg", PHOTO), ("bad.jpg", b"words"))
    button(app, "Analyse 3 files").click().run()
    to_the_end(app)
    assert list(app.dataframe[0].value["Photo"]) == ["a.jpg", "a.jpg (2)"]
    rejected = app.dataframe[1].value
    assert list(rejected["File"]) == ["bad.jpg"]
    assert "not a photo" in rejected["Reason"][0]
    assert "Rejected files (CSV)" in [b.label for b in app.get("download_button")]


def test_what_is_no_dermoscopy_has_no_answer_in_the_table(app):
    noise = to_png(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8))
    upload(app, ("noise.png", noise), ("mole.jpg", PHOTO))
    button(app, "Analyse 2 files").click().run()
    to_the_end(app)
    rows = app.dataframe[0].value.set_index("Photo")
    assert rows.loc["noise.png", "Kind of photo"] == DOMAIN_NAMES[REFUSED]
    names = {d.name for d in DIAGNOSES}
    assert rows.loc["noise.png", "Answer"] not in names
    assert rows.loc["noise.png", ["Probability", "Most probable", "Area"]].isna().all()
    assert rows.loc["mole.jpg", "Answer"] in names
    for diagnosis in DIAGNOSES:
        app.selectbox(key="batch_answer").set_value(diagnosis.key).run()
        *answers, _ = app.dataframe  # the last one is for one's own truth
        assert "noise.png" not in [name for f in answers for name in f.value["Photo"]]


def test_the_bars_say_how_many_of_the_photos_they_count(app):
    noise = to_png(np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8))
    upload(app, ("noise.png", noise), ("mole.jpg", PHOTO))
    button(app, "Analyse 2 files").click().run()
    to_the_end(app)
    assert "1 of the 2 photos" in texts(app)
    assert "2 of 2 photos" in texts(app), "in the table"
    assert [m.value for m in app.metric] == ["2", "0", "0", "1"]


def test_a_practice_lesion_opens_as_one_and_not_as_a_photo_of_one_s_own(app, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT_BYTES", 0)
    practice(app)
    app.session_state["batch_table"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert app.segmented_control(key="source").value == "practice"
    assert practice_titles()[2] in part(app, "photo")["alt"]
    assert "upload" not in app.session_state


def test_a_file_called_like_a_practice_lesion_is_one_s_own(app):
    upload(app, (f"{practice_titles()[0]}.png", PHOTO))
    button(app, "Analyse 1 file").click().run()
    to_the_end(app)
    app.session_state["batch_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert app.segmented_control(key="source").value == "upload"


def test_what_counts_comes_first_in_the_table(app):
    one_photo(app)
    assert list(app.dataframe[0].value)[1:3] == ["Answer", "Probability"]


def test_names_in_the_tables_are_safe_for_spreadsheets(app):
    upload(app, ("=1+1.jpg", PHOTO), ("@bad.jpg", b"words"))
    button(app, "Analyse 2 files").click().run()
    to_the_end(app)
    assert app.dataframe[0].value["Photo"][0] == "'=1+1.jpg"
    assert app.dataframe[1].value["File"][0] == "'@bad.jpg"


def test_too_many_files_are_explained_and_can_be_changed(app, monkeypatch):
    monkeypatch.setattr(jobs, "MAX_PHOTOS", 1)
    upload(app, ("a.jpg", PHOTO), ("b.jpg", PHOTO))
    button(app, "Analyse 2 files").click().run()
    assert not app.exception
    assert app.error[0].value.startswith("These are 2 files")
    assert app.file_uploader(key="batch_files").value, "they are still there"
    assert "batch" not in app.query_params


def test_the_server_lets_go_of_uploads_once_the_batch_has_them(app, monkeypatch):
    gone = []
    monkeypatch.setattr(
        MemoryUploadedFileManager, "remove_file", lambda _, session, file: gone.append(file)
    )
    upload(app, ("a.jpg", PHOTO), ("b.jpg", PHOTO))
    files = {file.file_id for file in app.file_uploader(key="batch_files").value}
    button(app, "Analyse 2 files").click().run()
    assert set(gone) == files
    assert [photo.name for photo in batches.store().get(key_of(to_the_end(app))).photos] == [
        "a.jpg",
        "b.jpg",
    ]


def test_a_running_batch_shows_its_progress_and_can_be_cancelled(running):
    app = visit(running.key)
    (bar,) = app.get("progress")
    assert "of 4 files" in bar.proto.text
    assert not app.dataframe
    button(app, "Cancel").click().run()
    assert not app.exception
    assert running.job.stopping
    assert button(app, "Stopping after this photo…").disabled
    running.go.set()
    to_the_end(app)
    assert "What was done until then is below" in texts(app)
    assert 1 <= len(app.dataframe[0].value) < 4
    assert "Table (CSV)" in [b.label for b in app.get("download_button")]


def test_a_new_session_finds_its_batch_by_the_address(app):
    key = key_of(one_photo(app))
    other = visit(key)
    assert len(other.dataframe[0].value) == 1
    stranger = visit()
    assert not stranger.dataframe
    assert "batch" not in stranger.query_params


def test_a_look_at_another_page_keeps_the_batch(app):
    key = key_of(one_photo(app))
    app.switch_page("pages/screens/about.py").run()
    app.query_params.clear()
    app.switch_page("pages/screens/batch.py").run()
    assert not app.exception
    assert len(app.dataframe[0].value) == 1
    assert key_of(app) == key


def test_a_batch_that_is_gone_is_explained_until_the_next_one(app):
    old = visit("forgotten-long-ago")
    assert "choose the photos again" in old.warning[0].value
    one_photo(old)
    assert not old.warning
    assert key_of(old) != "forgotten-long-ago"


def test_clearing_asks_first(app):
    key = key_of(one_photo(app))
    button(app, "Clear").click().run()
    assert batches.store().get(key)
    assert "gone for good" in texts(app)
    app.button(key="clear_for_good").click().run()
    assert not app.exception
    assert batches.store().get(key) is None
    app.run()
    assert not app.dataframe
    assert "batch" not in app.query_params
    assert not app.warning, "a batch cleared on purpose is not missed"


def test_a_selected_photo_opens_in_analyse(app):
    upload(app, *((f"{i}.jpg", PHOTO) for i in range(3)))
    button(app, "Analyse 3 files").click().run()
    to_the_end(app)
    app.session_state["batch_table"] = {"selection": {"rows": [2], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert app.title[0].value == "Analyse a photo"
    assert "2.jpg" in part(app, "photo")["alt"]
    assert "From your batch" in texts(app)
    assert app.segmented_control(key="source").value == "upload"


def test_a_photo_without_a_copy_says_so(app, monkeypatch):
    monkeypatch.setattr(jobs, "KEPT_BYTES", 0)
    one_photo(app)
    app.session_state["batch_table"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert "too large to keep this photo" in app.warning[0].value


def test_a_folder_of_this_computer(app, tmp_path):
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    (folder / "deeper" / "a.jpg").write_bytes(PHOTO)
    app.segmented_control(key="batch_source").set_value("folder").run()
    assert "Reads every picture in that folder" in texts(app)
    assert button(app, "Analyse this folder").disabled
    app.text_input(key="batch_folder").set_value(str(tmp_path / "nowhere")).run()
    button(app, "Analyse this folder").click().run()
    assert "There is no folder" in app.error[0].value
    app.text_input(key="batch_folder").set_value(str(folder)).run()
    button(app, "Analyse this folder").click().run()
    to_the_end(app)
    assert list(app.dataframe[0].value["Photo"]) == ["deeper/a.jpg"]


@pytest.fixture
def options() -> Iterator[None]:
    """The server's options as they are, put back after the test."""
    names = ("server.address", "server.allowedHosts")
    before = {name: config.get_option(name) for name in names}
    yield
    for name, value in before.items():
        config.set_option(name, value)


def test_a_server_for_others_offers_no_folder(app, options):
    config.set_option("server.address", "0.0.0.0")
    app = visit()
    assert "batch_source" not in [c.key for c in app.segmented_control]
    assert not app.text_input
    assert app.file_uploader(key="batch_files")


def test_a_folder_typed_before_the_server_was_opened_to_others_is_not_read(app, options, tmp_path):
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    app.segmented_control(key="batch_source").set_value("folder").run()
    app.text_input(key="batch_folder").set_value(str(tmp_path)).run()
    press = button(app, "Analyse this folder").click()
    config.set_option("server.address", "0.0.0.0")
    press.run()
    assert not app.exception
    assert "batch" not in app.query_params
    assert not app.dataframe


def give_truth(app: AppTest, table: str) -> AppTest:
    app.file_uploader(key="batch_truth_file").set_value(("truth.csv", table.encode(), "text/csv"))
    app.run()
    assert not app.exception
    return app


def test_one_s_own_truth_scores_the_answers_and_filters_narrow_the_table(app):
    practice(app)
    table = app.dataframe[0].value
    names = {d.name: d.key for d in DIAGNOSES}
    rows = [f'"{row["Photo"]}",{names[row["Answer"]]}' for _, row in table.iterrows()]
    give_truth(app, "image,dx\n" + "\n".join(rows))
    assert "Right in 6 of 6 photos: 100.0 %" in texts(app)
    assert list(app.dataframe[0].value["Truth"]) == list(table["Answer"])
    app.toggle(key="batch_wrong").set_value(True).run()
    assert not app.exception
    assert "No photo passes the filters" in texts(app)
    app.toggle(key="batch_wrong").set_value(False)
    first = names[table["Answer"].iloc[0]]
    app.selectbox(key="batch_answer").set_value(first).run()
    assert set(app.dataframe[0].value["Answer"]) == {table["Answer"].iloc[0]}


def test_a_filter_stays_for_a_look_at_a_photo_and_goes_with_the_batch(app):
    practice(app)
    app.selectbox(key="batch_answer").set_value("nv").run()
    narrowed = len(app.dataframe[0].value)
    assert narrowed < 6
    app.switch_page("pages/screens/about.py").run()
    app.switch_page("pages/screens/batch.py").run()
    assert len(app.dataframe[0].value) == narrowed
    button(app, "Clear").click().run()
    app.button(key="clear_for_good").click().run()
    practice(app.run())
    assert len(app.dataframe[0].value) == 6


def test_a_table_of_others_or_none_changes_nothing_and_says_so(app):
    one_photo(app)
    give_truth(app, "image,dx\nsomebody,nv")
    assert "No photo of this batch is named" in texts(app)
    give_truth(app, "just,words\n1,2")
    assert "lacks the columns" in texts(app)
    assert "Right in" not in texts(app)
    give_truth(app, "image,dx\nmole,vasc")
    assert re.search(r"Right in [01] of 1 photos", texts(app))


def test_the_truth_of_a_batch_that_is_gone_does_not_score_the_next_one(app):
    one_photo(app)
    give_truth(app, "image,dx\nmole,vasc")
    assert "Right in" in texts(app)
    batches.store().forget(key_of(app))  # as when the server needs the room, or in another window
    app.run()
    one_photo(app)  # of the same name
    assert "Right in" not in texts(app)
    assert "Truth" not in app.dataframe[0].value


def test_the_truth_outlives_a_reload(app):
    one_photo(app)
    give_truth(app, "image,dx\nmole,vasc")
    again = visit(key_of(app))
    assert re.search(r"Right in [01] of 1 photos", texts(again))
    assert list(again.dataframe[-1].value["True diagnosis"]) == ["Vascular lesion"]


def packed(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, PHOTO)
    return buffer.getvalue()


def test_the_downloaded_table_can_be_filled_in(app):
    upload(app, ("pack.zip", packed("Anna/a mole.jpg", "Ben/a mole.jpg")), ("=mole.jpg", PHOTO))
    button(app, "Analyse 2 files").click().run()
    job = batches.store().get(key_of(to_the_end(app)))
    give_truth(app, "image,dx\na mole,mel")
    assert "several photos are called so: a mole" in texts(app)
    assert not job.truth
    table = pd.read_csv(io.BytesIO(job.predictions_csv()))
    give_truth(app, table.assign(dx=["mel", "bcc", "nv"]).to_csv(index=False))
    assert list(job.truth.values()) == ["mel", "bcc", "nv"]
    assert list(app.dataframe[0].value["Truth"]) == [BY_KEY[k].name for k in ("mel", "bcc", "nv")]


def test_a_table_s_name_is_shown_as_it_is(app):
    one_photo(app)
    table = ("my_truth[1].csv", b"just,words\n1,2", "text/csv")
    app.file_uploader(key="batch_truth_file").set_value(table).run()
    assert read(app.error[0].value).startswith("my_truth[1].csv lacks")
