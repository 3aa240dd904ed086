"""The Analyse page, run headless with the shipped weights."""

from __future__ import annotations

import io
import re
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.answer.analyser import Analyser
from core.answer.words import UNLIKE
from core.ham10000.dataset import Dataset
from core.imaging.image import LesionImage, to_jpeg, to_png
from core.lesion.phantom import practice_set
from core.report.downloads import DISCLAIMER
from core.system.fair_queue import BusyError
from core.taxonomy import BY_KEY, ORDER
from tests.pages.conftest import part, read, start, texts
from tests.waiting import wait_for
from ui import case_picker, state
from ui.case import Case

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(fresh: Path) -> AppTest:
    """The page of a fresh clone: no dataset."""
    return start()


@pytest.fixture
def with_dataset(imported: Dataset) -> AppTest:
    return start()


def shown(app: AppTest) -> dict:
    """The photo with its layers, as the browser draws it."""
    found = part(app, "photo")
    assert found is not None
    return found


def alt(app: AppTest) -> str:
    return shown(app)["alt"]


def headline(app: AppTest) -> str:
    return next(s.value for s in app.header if "\N{NO-BREAK SPACE}%" in s.value)


def test_fresh_clone_shows_a_whole_answer(app):
    assert app.segmented_control(key="source").value == "practice"
    assert headline(app)
    assert part(app, "bars")
    assert "Synthetic" in texts(app)
    assert [b.label for b in app.get("download_button")] == [
        "Photo as shown",
        "Mask",
        "Figures (JSON)",
    ]
    assert DISCLAIMER in texts(app)


def test_the_photo_comes_plain_and_each_layer_by_one_switch(app):
    assert not shown(app)["showOutline"]
    assert shown(app)["heatOpacity"] == shown(app)["fill"] == 0
    assert "heatmap" not in alt(app)
    assert "outlined" not in alt(app)
    assert not shown(app)["heat"], "what is not shown is not sent"
    app.toggle(key="outline").set_value(True)
    app.toggle(key="heat_on").set_value(True).run()
    assert shown(app)["showOutline"]
    assert shown(app)["heatOpacity"] == 0.6
    assert shown(app)["heat"].startswith("data:image/webp;base64,")
    assert "lesion outlined" in alt(app)
    assert "heatmap for" in alt(app)


def test_bars_are_in_one_order_each_beside_its_usual_share(app):
    rows = [row for group in part(app, "bars")["groups"] for row in group["rows"]]
    assert [row["name"] for row in rows] == [BY_KEY[key].name for key in ORDER]
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=1e-3)
    assert sum(row["usual"] for row in rows) == pytest.approx(1, abs=1e-3)


def test_the_answer_s_heatmap_comes_first(app):
    app.toggle(key="heat_on").set_value(True).run()
    found = state.model_server().remembered(practice_set()[0].image.digest)
    assert found is not None
    assert heatmap_class(app).value == found.analysis.prediction


def heatmap_class(app: AppTest):
    return next(s for s in app.selectbox if s.label == "Heatmap for")


def test_switches_run_no_network(app, monkeypatch):
    calls = []
    runtime = type(state.model_server().analyser.runtime)
    monkeypatch.setattr(runtime, "classify", lambda *_: calls.append("classify"))
    monkeypatch.setattr(runtime, "segment", lambda *_: calls.append("segment"))
    app.toggle(key="heat_on").set_value(True).run()
    before = shown(app)
    for value in (10, 55, 100):
        app.slider(key="heat").set_value(value).run()
        assert not app.exception
        assert shown(app) != before
        before = shown(app)
    assert not calls


def test_another_class_draws_another_heatmap(app):
    app.toggle(key="heat_on").set_value(True).run()
    before = shown(app)
    other = next(k for k in BY_KEY if k != heatmap_class(app).value)
    heatmap_class(app).set_value(other).run()
    assert not app.exception
    assert shown(app) != before
    assert BY_KEY[other].name in alt(app)


def test_without_dataset_it_says_how_to_import(app):
    app.segmented_control(key="source").set_value("dataset").run()
    assert not app.exception
    assert "python -m core dataset import" in texts(app)


def heic(rgb: np.ndarray) -> bytes:
    import pillow_heif

    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(rgb)).save(buffer, quality=80)
    return buffer.getvalue()


def upload(app: AppTest, name: str, content: bytes) -> AppTest:
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader[0].set_value((name, content, "image/jpeg")).run()
    assert not app.exception
    return app


def test_empty_upload_says_what_to_do(app):
    app.segmented_control(key="source").set_value("upload").run()
    assert "Choose a file" in texts(app)
    assert not part(app, "bars")


def test_upload_is_analysed_and_outlives_a_look_elsewhere(app):
    upload(app, "my mole.jpg", to_jpeg(practice_set()[1].image.rgb))
    assert part(app, "bars")
    assert "my mole.jpg" in alt(app)
    app.segmented_control(key="source").set_value("practice").run()
    app.segmented_control(key="source").set_value("upload").run()
    assert "my mole.jpg" in alt(app)


def test_a_phone_photo_is_analysed(app):
    upload(app, "IMG_0001.HEIC", heic(practice_set()[1].image.rgb))
    assert part(app, "bars")
    assert "IMG_0001.HEIC" in alt(app)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("scan.dcm", bytes(128) + b"DICM" + bytes(100), "DICOM"),
        ("IMG_1.CR3", b"\0\0\0\x18ftypcrx " + bytes(200), "Canon CR3"),
        ("a.jxl", b"\xff\x0a" + bytes(100), "JPEG XL"),
        ("clip.MOV", b"\0\0\0\x14ftypqt  " + bytes(100), "video"),
        ("letter.pdf", b"%PDF-1.7", "PDF"),
        ("art.svg", b"<?xml version='1.0'?><svg/>", "SVG"),
    ],
)
def test_a_format_that_is_not_read_is_named(app, name, content, told):
    upload(app, name, content)
    assert told in app.error[0].value
    assert not part(app, "bars")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.jpg", b""),
        ("text.jpg", b"Dear diary, this is no picture at all." * 20),
        ("cut.jpg", to_jpeg(practice_set()[0].image.rgb)[:5000]),
        ("tiny.png", to_png(practice_set()[0].image.rgb[:20, :20].copy())),
    ],
)
def test_bad_upload_gets_a_sentence(app, name, content):
    upload(app, name, content)
    assert len(app.error) == 1
    assert app.error[0].value.endswith(".")
    assert not part(app, "bars")


def test_uploads_of_two_people_stay_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    first, second = start(), start()
    upload(first, "first.jpg", to_jpeg(practice_set()[0].image.rgb))
    upload(second, "second.jpg", to_jpeg(practice_set()[1].image.rgb))
    first.run()
    assert "first.jpg" in alt(first)
    assert "second.jpg" in alt(second)


def test_same_photo_under_another_name_keeps_its_own_name(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    photo = to_jpeg(practice_set()[2].image.rgb)
    for name in ("one.jpg", "other.jpg"):
        assert name in alt(upload(start(), name, photo))


def test_missing_weights_are_explained(tmp_path, monkeypatch):
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path / "nowhere"))
    state._model_server.clear()
    app = start()
    assert any("card.json" in read(error.value) for error in app.error)
    state._model_server.clear()


def test_dataset_case_hides_the_truth_until_asked(with_dataset):
    app = with_dataset
    assert app.segmented_control(key="source").value == "dataset"
    assert "unseen by the models" in texts(app)
    assert not [*app.success, *app.error]
    toggle = next(t for t in app.toggle if t.label.startswith("Reveal"))
    toggle.set_value(True).run()
    assert not app.exception
    assert len([*app.success, *app.error]) == 1


def test_typed_id_opens_that_case_and_says_if_it_was_learned(with_dataset, imported):
    trained = imported.table.index[imported.table["split"] == "train"][0]
    app = with_dataset
    app.text_input(key="typed").set_value(trained.removeprefix("ISIC_").lstrip("0")).run()
    assert not app.exception
    assert trained in alt(app)
    assert "not a fair test" in texts(app)


def test_unknown_id_gets_a_sentence_and_keeps_the_case(with_dataset):
    app = with_dataset
    before = alt(app)
    app.text_input(key="typed").set_value("ISIC_9999999").run()
    assert r"There is no image ISIC\_9999999" in texts(app)
    assert alt(app) == before


def test_filter_by_diagnosis_and_walk(with_dataset, imported):
    app = with_dataset
    app.selectbox(key="diagnosis").set_value("df").run()
    first = app.session_state["case"]
    assert imported.table.loc[first, "dx"] == "df"
    next(b for b in app.button if b.label == "Next").click().run()
    second = app.session_state["case"]
    assert second != first
    assert imported.table.loc[second, ["dx", "split"]].tolist() == ["df", "test"]
    next(b for b in app.button if b.label == "Previous").click().run()
    assert app.session_state["case"] == first


def test_a_presentation_goes_on_among_the_cases_that_pass_the_filters(drawn, monkeypatch):
    table = drawn.table
    rare = [str(i) for i in table.index[(table["split"] == "test") & (table["dx"] == "df")]]
    session = {"source": "dataset", "diagnosis": "df", "case": rare[0]}
    monkeypatch.setattr(case_picker.st, "session_state", session)
    monkeypatch.setattr(state, "dataset", lambda: drawn)
    shown = [rare[0]]
    for _ in range(5):
        case_picker.move(1)
        assert session["case"] in rare
        assert session["case"] != shown[-1]
        shown.append(session["case"])
    case_picker.move(-1)
    assert session["case"] == shown[-2]


def test_an_upload_can_be_removed(app):
    upload(app, "mine.jpg", to_jpeg(practice_set()[0].image.rgb))
    next(b for b in app.button if b.label == "Forget this photo").click().run()
    assert not app.exception
    assert not part(app, "bars")
    assert "upload" not in app.session_state


def take_photo(app: AppTest, content: bytes) -> AppTest:
    app.segmented_control(key="source").set_value("camera").run()
    app.camera_input(key="camera").set_value(("shot.jpg", content, "image/jpeg")).run()
    assert not app.exception
    return app


def test_camera_warns_and_says_what_to_do_without_a_picture(app):
    app.segmented_control(key="source").set_value("camera").run()
    assert not app.exception
    assert "Use a dermatoscope" in app.warning[0].value
    assert "Allow the camera" in texts(app)
    assert not part(app, "bars")


def test_camera_photo_is_analysed_remembered_and_removed(app):
    take_photo(app, to_jpeg(practice_set()[1].image.rgb))
    assert "Camera photo" in alt(app)
    assert not app.camera_input, "the camera is off once the photo is taken"
    assert "Use a dermatoscope" in texts(app)
    app.segmented_control(key="source").set_value("practice").run()
    app.segmented_control(key="source").set_value("camera").run()
    assert "Camera photo" in alt(app)
    app.switch_page("pages/screens/about.py").run()
    app.switch_page("pages/screens/analyse.py").run()
    assert "Camera photo" in alt(app)
    next(b for b in app.button if b.label == "Forget this photo").click().run()
    assert not app.exception
    assert not part(app, "bars")
    assert len(app.camera_input) == 1
    assert "shot" not in app.session_state


def test_camera_and_upload_are_remembered_apart(app):
    upload(app, "mine.jpg", to_jpeg(practice_set()[0].image.rgb))
    take_photo(app, to_jpeg(practice_set()[1].image.rgb))
    app.segmented_control(key="source").set_value("upload").run()
    assert "mine.jpg" in alt(app)


def test_a_second_camera_photo_replaces_the_first(app):
    take_photo(app, to_jpeg(practice_set()[1].image.rgb))
    first = shown(app)["photo"]
    next(b for b in app.button if b.label == "Forget this photo").click().run()
    take_photo(app, to_jpeg(practice_set()[2].image.rgb))
    assert shown(app)["photo"] != first


def test_file_names_are_no_markdown(app):
    upload(app, "**bold** $x$ [a](b).jpg", to_jpeg(practice_set()[0].image.rgb))
    assert r"\*\*bold\*\* \$x\$ \[a\]\(b\)" in texts(app)


def test_a_large_photo_is_not_decoded_again_for_a_switch(app, monkeypatch):
    large = np.asarray(Image.fromarray(practice_set()[0].image.rgb).resize((5600, 4200)))
    upload(app, "large.jpg", to_jpeg(large))
    app.toggle(key="heat_on").set_value(True).run()
    decoded = []
    monkeypatch.setattr(LesionImage, "from_bytes", lambda *_: decoded.append(1))
    for value in (10, 55, 100):
        app.slider(key="heat").set_value(value).run()
        assert not app.exception
    assert not decoded


def test_filters_decide_again_after_a_typed_id(with_dataset, imported):
    table = imported.table
    trained = table.index[(table["split"] == "train") & (table["dx"] == "nv")][0]
    app = with_dataset
    app.text_input(key="typed").set_value(trained).run()
    assert trained in alt(app)
    assert app.text_input(key="typed").value == ""
    app.selectbox(key="diagnosis").set_value("vasc").run()
    assert not app.exception
    assert table.loc[app.session_state["case"], ["dx", "split"]].tolist() == ["vasc", "test"]


def test_choices_outlive_a_visit_to_another_page(app):
    app.toggle(key="heat_on").set_value(True).run()
    app.slider(key="heat").set_value(25).run()
    app.selectbox(key="practice").set_value(practice_set()[3].title).run()
    app.switch_page("pages/screens/about.py").run()
    app.switch_page("pages/screens/analyse.py").run()
    assert not app.exception
    assert practice_set()[3].title in alt(app)
    assert app.slider(key="heat").value == 25


def test_filter_without_a_case_says_so(drawn, tmp_path, monkeypatch):
    root = tmp_path / "ham10000"
    (root / "images").mkdir(parents=True)
    trained = drawn.table.index[drawn.table["split"] == "train"][0]
    (root / "images" / f"{trained}.jpg").write_bytes(drawn.photo(trained))
    (root / "metadata.csv").write_bytes((drawn.root / "metadata.csv").read_bytes())
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path))
    app = start()
    assert "No imported case fits" in texts(app)
    app.text_input(key="typed").set_value(trained).run()
    assert not app.exception
    assert trained in alt(app)
    app = start()
    app.segmented_control(key="part").set_value("all").run()
    assert not app.exception
    assert trained in alt(app)


def test_bad_setting_is_explained(app, monkeypatch):
    monkeypatch.setenv("LESIONLAB_THREADS", "many")
    app.run()
    assert not app.exception
    assert any("LESIONLAB_THREADS" in read(error.value) for error in app.error)


def test_who_has_to_wait_is_told_how_many_are_ahead(app):
    turns = state.model_server().turns
    running = [turns.take() for _ in range(state.AT_ONCE)]
    ahead = turns.take()
    photo = to_jpeg(practice_set()[0].image.rgb[:400, :500].copy())
    app.segmented_control(key="source").set_value("upload").run()
    app.file_uploader[0].set_value(("waits.jpg", photo, "image/jpeg"))
    seen = []

    def leave() -> None:
        wait_for(lambda: len(turns.turns) == state.AT_ONCE + 2)
        seen.append(turns.turns[-1].ahead)
        time.sleep(1.2)  # so that the page says it
        for turn in (*running, ahead):
            with turn:
                pass

    thread = threading.Thread(target=leave)
    thread.start()
    app.run()
    thread.join()
    assert seen == [state.AT_ONCE + 1]
    assert not app.exception
    assert "waits.jpg" in alt(app)
    assert "Busy" not in texts(app), "the message goes when the answer comes"
    with turns.take() as turn:
        assert turn.wait(0), "and the turn was given back"


def test_full_queue_says_so_and_offers_another_try(app, monkeypatch):
    def full(_) -> None:
        raise BusyError("100 photos wait to be analysed already. Try again in a minute.")

    with monkeypatch.context() as patch:
        patch.setattr(type(state.model_server().turns), "take", full)
        upload(app, "late.jpg", to_jpeg(practice_set()[0].image.rgb[:390, :500].copy()))
        assert "Try again in a minute" in texts(app)
        assert not part(app, "bars")
    next(b for b in app.button if b.label == "Try again").click().run()
    assert "late.jpg" in alt(app)


def test_a_photo_seen_before_is_neither_decoded_nor_analysed_again(app, monkeypatch):
    photo = to_jpeg(practice_set()[0].image.rgb[:380, :500].copy())
    upload(app, "again.jpg", photo)

    def never(*_) -> None:
        raise AssertionError

    monkeypatch.setattr(state.ModelServer, "answer", never)
    app.run()
    other = start()
    upload(other, "same pixels.jpg", photo)
    assert "same pixels.jpg" in alt(other)


def test_what_is_remembered_is_bounded(app, monkeypatch):
    model_server = state.model_server()
    analysis = model_server.analyser.analyse(practice_set()[0].image)
    monkeypatch.setattr(Analyser, "analyse", lambda *_: analysis)
    for shift in range(70):
        rgb = np.roll(practice_set()[0].image.rgb, shift, axis=1)
        image = LesionImage.from_array(rgb)
        model_server.answer(Case("x", image.digest, lambda _, image=image: image, ""))
    assert model_server._answers.size <= state.REMEMBERED_BYTES
    assert 30 < len(model_server._answers) < 70


def test_an_answer_that_is_not_the_most_probable_class_is_explained(whole):
    """Taken from the committed predictions: melanoma named, naevus more probable."""
    path = ROOT / "weights/classifier/predictions-test.parquet"
    p = pd.read_parquet(path).loc[lambda t: t.index.isin(whole.table.index)]
    p = p[(p["prediction"] == "mel") & (p["nv"] > p["mel"] + 0.2)]
    app = start()
    app.text_input(key="typed").set_value(p.index[0]).run()
    assert not app.exception
    assert re.match(r"Flagged: melanoma, \d+\s%, .* its usual 11\s%", headline(app))
    assert re.search(r"Most probable: melanocytic naevus, \d+ % \(usual 67 %\)", texts(app))
    rows = [row for group in part(app, "bars")["groups"] for row in group["rows"]]
    assert [row["name"] for row in rows if row["flagged"]] == ["Melanoma"]
    app.button(key="why_flagged").click().run()
    assert app.session_state["section"] == "base_rates"
    assert app.segmented_control(key="room").value == "answer"
    assert "scroll_to" not in app.session_state, "the window has gone there"
    assert "Most probable here: **Melanoma**" in texts(app)


def test_a_damaged_photo_of_the_dataset_gets_a_remedy(with_dataset, monkeypatch):
    monkeypatch.setattr(Dataset, "photo", lambda *_: b"\xff\xd8\xff damaged")
    app = with_dataset
    next(b for b in app.button if b.label == "Another case").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert app.error[0].value.endswith("Import the dataset again to repair it.")
    monkeypatch.undo()
    next(b for b in app.button if b.label == "Another case").click().run()
    assert not app.error  # a drawn photo may be refused, so that there are no bars


def warned_first(app: AppTest) -> bool:
    """Whether the warning stands above the photo, the headline and the bars."""
    warning, answer = None, []
    for place, element in enumerate(app.main):
        if element.type == "bidi_component":
            shown = element.proto.component_name in ("lesionlab_photo", "lesionlab_bars")
        else:
            shown = element.type == "header" and "\N{NO-BREAK SPACE}%" in element.value
        if shown:
            answer.append(place)
        elif warning is None and element.type == "markdown" and UNLIKE in element.value:
            warning = place
    return warning is not None and all(warning < place for place in answer)


def test_a_photo_of_something_else_is_warned_of_first(app):
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    upload(app, "noise.png", to_png(noise))
    assert warned_first(app)
    assert not part(app, "bars")
    toggle = next(t for t in app.toggle if "anyway" in t.label)
    toggle.set_value(True).run()
    assert not app.exception
    assert part(app, "bars")
    assert warned_first(app)  # it stays


def test_an_answer_forgotten_meanwhile_is_asked_for_again(app):
    """As after two minutes without a click."""
    upload(app, "slow.jpg", to_jpeg(practice_set()[0].image.rgb[:365, :500].copy()))
    state.model_server()._answers.forget(lambda _: True)
    app.run()
    assert not app.exception
    assert "slow.jpg" in alt(app)
    assert part(app, "bars")
