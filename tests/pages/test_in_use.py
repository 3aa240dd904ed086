"""A run's model in use: every page says so, answers with it, and leads back with one click."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from core.batch.batches import BatchJob
from core.batch.sources import Source
from core.imaging.image import to_jpeg
from core.lesion.phantom import practice_set
from core.models import registry as use_of
from core.models.cards import Card
from core.models.registry import KINDS, use
from core.models.weights import WeightsError, sha256
from core.settings import Settings
from tests.pages.conftest import read, start
from tests.waiting import PATIENCE, ended
from ui import state

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("analyse", "compare", "batch", "dataset", "performance", "about")


@pytest.fixture
def run(fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A run's `model/`: the shipped models under other names, without figures of the test split."""
    monkeypatch.setenv("LESIONLAB_RUNS", str(tmp_path / "runs"))
    settings = Settings.from_environment()
    model = settings.runs / "mine" / "model"
    for kind in KINDS:
        (model / kind).mkdir(parents=True)
        for path in (settings.weights / kind).iterdir():
            if path.name not in ("card.json", "atlas.parquet") and "test" not in path.name:
                os.link(path, model / kind / path.name)
        replace(Card.read(settings.weights / kind), name=f"My {kind}").write(model / kind)
    yield model
    state._model_server.clear()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_names_the_model_in_use(run: Path, page: str) -> None:
    use("segmenter", run / "segmenter")
    app = start(page)
    assert "My segmenter" in "\n".join(m.value for m in app.sidebar.markdown)
    assert "Back to the shipped segmenter" in [b.label for b in app.sidebar.button]
    assert "My segmenter" in app.caption[-1].value
    assert "not the shipped one" in app.caption[-1].value


def test_nothing_is_said_of_the_shipped_models(run: Path) -> None:
    app = start()
    assert not app.sidebar.markdown
    assert "not the shipped one" not in app.caption[-1].value
    assert not app.warning


def test_a_change_is_seen_at_the_next_rerun_and_one_click_leads_back(run: Path) -> None:
    app, other = start(), start("about")
    use("classifier", run / "classifier")
    app.run()
    assert "My classifier" in state.model_server().analyser.models
    assert "My classifier" in app.caption[-1].value
    other.run()
    assert "My classifier" in [s.value for s in other.header]
    app.sidebar.button(key="shipped_classifier").click().run()
    assert "My classifier" in state.model_server().analyser.models, "it asks first"
    app.button(key="shipped_for_everybody").click().run()
    assert not app.sidebar.markdown
    assert "My classifier" not in state.model_server().analyser.models
    assert "My classifier" not in [s.value for s in other.run().header]


def test_a_deleted_model_gives_way_with_a_warning_that_can_be_dismissed(run: Path) -> None:
    use("classifier", run / "classifier")
    shutil.rmtree(run.parent)
    app = start()
    assert [w.value for w in app.warning if "The shipped one answers instead" in w.value]
    assert any("%" in s.value for s in app.header), "there is an answer"
    app.button(key="shipped_classifier").click().run()
    assert not app.exception
    assert not app.warning


def test_a_model_that_cannot_be_loaded_gives_way(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use("classifier", run / "classifier")
    load = state.Analyser.load.__func__

    def fails(cls: type, *_: object, folders: tuple[Path, Path], **__: object) -> state.Analyser:
        if folders[0] == run / "classifier":
            raise WeightsError("The weights of classifier do not fit its architecture.")
        return load(cls, folders=folders)

    monkeypatch.setattr(state.Analyser, "load", classmethod(fails))
    monkeypatch.setattr(use_of, "_refused", {})
    app = start()
    assert any("do not fit its architecture" in w.value for w in app.warning)
    assert any("%" in s.value for s in app.header)


def test_performance_has_no_figures_of_another_model(run: Path) -> None:
    use("classifier", run / "classifier")
    app = start("performance")
    command = "`python -m train evaluate classifier --split test --run-name mine`"
    assert any(command in read(e.value) for e in app.error)
    app.button(key="validation").click().run()
    assert not app.exception
    assert not app.error
    assert app.segmented_control(key="split").value == "validation"


def test_dataset_says_whose_answers_it_shows(run: Path) -> None:
    path = run / "classifier/model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # another network, if only just
    path.unlink()
    path.write_bytes(content)
    card = Card.read(run / "classifier")
    replace(card, sha256=sha256(path)).write(run / "classifier")
    use("classifier", run / "classifier")
    app = start("dataset")
    assert any("made with other weights" in w.value for w in app.warning)
    assert app.get("plotly_chart"), "they are shown all the same"


def test_photos_stay_in_one_queue_and_the_old_models_go(run: Path) -> None:
    go, begun = threading.Event(), threading.Event()

    def read() -> bytes:
        begun.set()
        go.wait(PATIENCE)
        return to_jpeg(practice_set()[0].image.rgb)

    before = state.model_server()
    old = weakref.ref(before.analyser)
    job = BatchJob(
        [Source("a.jpg", read, 1)], before.analyser.classes, before.analyser.analyse, before.turns
    )
    job.start()
    assert begun.wait(PATIENCE)
    use("segmenter", run / "segmenter")
    now = state.model_server()
    assert now is not before
    assert now.turns is before.turns
    with ExitStack() as others:  # so many photos as may be are analysed by the new models
        for _ in range(state.AT_ONCE):
            assert others.enter_context(now.turns.take()).wait(0)
        go.set()
        ended(job, 0.5)
        assert job.progress.done == 0, "meanwhile the batch waits"
    assert ended(job)
    assert job.progress.analysed == 1
    del before
    gc.collect()
    assert old() is None, "though the batch and its results are still there"
