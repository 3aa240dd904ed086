"""The Dataset page, run headless: with the dataset, without it, and while importing it."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.ham10000.dataset import Dataset
from core.ham10000.explore import matching
from core.ham10000.splits import Split
from core.lesion.measure import Measurements
from core.lesion.measure_words import LABELS
from tests.effort import cost
from tests.pages.conftest import checked, start, texts
from ui.dataset import importing, selection, source, views

ROOT = Path(__file__).resolve().parents[2]
PAGE = "pages/screens/dataset.py"


@pytest.fixture
def app(imported: Dataset) -> AppTest:
    return start("dataset")


@pytest.fixture
def whole_app(whole: Dataset) -> AppTest:
    return start("dataset")


@pytest.fixture
def archive() -> bytes:
    """A zip with two photos of the shipped split's lesions, their masks and the table."""
    lesions = list(Split.read().of_lesion)[:2]
    photo, mask = io.BytesIO(), io.BytesIO()
    Image.new("RGB", (64, 48), (180, 120, 120)).save(photo, "JPEG")
    Image.new("L", (64, 48), 255).save(mask, "PNG")
    rows = ["lesion_id,image_id,dx,dx_type,age,sex,localization"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        for number, lesion in enumerate(lesions):
            image_id = f"ISIC_000000{number}"
            rows.append(f"{lesion},{image_id},nv,histo,,male,back")
            out.writestr(f"{image_id}.jpg", photo.getvalue())
            out.writestr(f"{image_id}_segmentation.png", mask.getvalue())
        out.writestr("HAM10000_metadata.csv", "\n".join(rows))
    return packed.getvalue()


def alts(app: AppTest) -> list[str]:
    return [chart.proto.alt for chart in app.get("plotly_chart")]


def count(app: AppTest) -> str:
    """The number of images above the gallery."""
    header = next(s.value for s in app.header if "image" in s.value)
    return " ".join(header.split()[:2])  # before that of lesions


def show(app: AppTest, tab: str) -> AppTest:
    app.session_state["dataset_view"] = tab
    return checked(app)


def pick(app: AppTest, column: str, *values: str) -> None:
    """As a click on bars does: that itself is tested in the browser."""
    table = Dataset.open().table
    ids = frozenset(table.index[matching(table, (column,), {(v,) for v in values})])
    app.session_state[selection.PICKED] = selection.Picked("dx", " + ".join(values), ids)


# With the dataset


def test_whole_dataset(whole_app: AppTest) -> None:
    assert "**10,015** of 10,015 images, **7,470** of 7,470 lesions" in texts(whole_app)
    assert count(whole_app) == "10,015 images"
    assert len(whole_app.image) == 24
    assert all(image.proto.imgs[0].alt for image in whole_app.image)
    assert "age of 57, sex of 57, site of 234" in texts(whole_app)
    assert "Melanoma 1,113" in alts(whole_app)[0]
    assert not whole_app.warning


def test_filters_drive_charts_and_gallery(app: AppTest) -> None:
    app.multiselect(key="filter_dx_0").set_value(["mel"])
    app.multiselect(key="filter_split_0").set_value(["test"])
    checked(app)
    shown = int(count(app).split()[0])
    truth = Dataset.open().table
    assert shown == ((truth["dx"] == "mel") & (truth["split"] == "test")).sum()
    assert alts(app)[0].endswith(f"Melanoma {shown}")
    app.checkbox(key="filter_age_unknown_0").uncheck()
    app.slider(key="filter_age_0").set_value((0, 30))
    checked(app)
    fewer = int(count(app).split()[0])
    young = (truth["dx"] == "mel") & (truth["split"] == "test") & (truth["age"] <= 30)
    assert fewer == young.sum() < shown


def test_filters_are_in_the_address_and_the_back_button_undoes_them(app: AppTest) -> None:
    every = count(app)
    app.multiselect(key="filter_dx_0").set_value(["mel", "nv"])
    app.slider(key="filter_age_0").set_value((20, 40)).run()
    app.checkbox(key="filter_age_unknown_0").uncheck()
    checked(app)
    narrowed = count(app)
    said = {name: app.query_params[name] for name in ("dx", "age", "age_unknown")}
    assert said == {"dx": "mel,nv", "age": "20-40", "age_unknown": "no"}
    for name in said:
        del app.query_params[name]
    assert count(checked(app)) == every
    app.query_params.update(said)
    assert count(checked(app)) == narrowed


@pytest.mark.parametrize(
    "address",
    [
        {"dx": "nobody,,melanoma", "age": "90-", "photos": "x", "age_unknown": "perhaps"},
        {"age": "999-0", "photos": "0-999"},
        {"dx": "", "split": ","},
    ],
)
def test_an_address_that_means_nothing_filters_nothing(
    app: AppTest, address: dict[str, str]
) -> None:
    every = count(app)
    app.query_params.update(address)
    assert count(checked(app)) == every
    assert not app.warning


def first_id(app: AppTest) -> str:
    return next(link.proto.label for link in app.get("page_link") if "ISIC_" in link.proto.label)


def test_empty_result_says_what_to_do_and_reset_undoes_it(app: AppTest) -> None:
    app.multiselect(key="filter_dx_0").set_value(["df"])
    app.multiselect(key="filter_localization_0").set_value(["acral"])
    checked(app)
    assert "No image passes these filters" in texts(app)
    assert not app.image
    app.button(key="dataset_reset").click()
    checked(app)
    assert count(app) == "210 images"


def test_picked_images_fill_the_gallery_until_let_go(app: AppTest) -> None:
    pick(app, "dx", "df", "vasc")
    checked(app)
    assert count(app) == "30 images"
    app.button(key="dataset_clear").click()
    checked(app)
    assert count(app) == "210 images"


def test_nothing_picked_passes_the_filters(app: AppTest) -> None:
    pick(app, "dx", "df")
    app.multiselect(key="filter_dx_0").set_value(["nv"])
    checked(app)
    assert count(app) == "0 images"
    assert "Nothing selected matches the filters" in texts(app)


def test_pages_and_outlines(app: AppTest) -> None:
    first, picture = first_id(app), app.image[0].proto.imgs[0].url
    app.toggle(key="dataset_outline").set_value(True)
    checked(app)
    assert app.image[0].proto.imgs[0].url != picture
    app.session_state["dataset_page_0"] = 2
    checked(app)
    assert first_id(app) == Dataset.open().table.index[24] != first


def test_hardest_first(app: AppTest) -> None:
    app.selectbox(key="dataset_order").set_value("p_true")
    checked(app)
    table = source.table()
    assert table is not None
    assert table.loc[first_id(app), "p_true"] == table["p_true"].min()


def test_image_opens_in_analyse(app: AppTest) -> None:
    image_id = Dataset.open().table.index[5]
    (link,) = (link.proto for link in app.get("page_link") if link.proto.label == image_id)
    app.switch_page("pages/screens/analyse.py")
    app.query_params.update(parse_qsl(link.query_string))
    checked(app)
    assert app.title[0].value == "Analyse a photo"
    assert f"**{image_id}**" in texts(app)


def test_outlines(app: AppTest) -> None:
    show(app, views.OUTLINES)
    measure = app.selectbox(key="dataset_measure")
    assert list(measure.options) == [LABELS[f.name] for f in fields(Measurements)]
    before = alts(app)
    assert "median of each diagnosis" in before[0]
    for wanted in (f.name for f in fields(Measurements)):
        app.selectbox(key="dataset_measure").set_value(wanted)
        checked(app)
        assert alts(app)[0].startswith(LABELS[wanted])
        yes_no = wanted in ("in_colour", "touches_border")
        assert len(alts(app)) == (1 if yes_no else 2)
    assert alts(app) != before


def test_map(whole_app: AppTest) -> None:
    show(whole_app, views.MAP)
    chart = whole_app.get("plotly_chart")[0].proto
    assert "Map of 10,015 images" in chart.alt
    assert len(chart.spec) < 1_500_000
    for colour in ("right", "age", "localization", "area_share"):
        whole_app.selectbox(key="dataset_colour").set_value(colour)
        checked(whole_app)
        assert "Map of 10,015" in alts(whole_app)[0]
    whole_app.session_state[selection.PICKED] = selection.Picked(
        "map", "one", frozenset([Dataset.open().table.index[0]])
    )
    checked(whole_app)
    assert len(whole_app.image) == 2  # beside the map and in the gallery


def test_region_of_the_map_is_picked_by_keyboard(app: AppTest) -> None:
    """What the lasso does with the mouse: sliders answer to the arrow keys."""
    show(app, views.MAP)
    table = Dataset.open().table
    sliders = [s for s in app.slider if s.key.startswith("dataset_region")]
    sliders[0].set_value((0, 50))
    checked(app)
    chosen = app.session_state[selection.PICKED]
    assert 1 < len(chosen.ids) < len(table)
    assert count(app) == f"{len(chosen.ids):,} images"
    wider = chosen.ids
    next(s for s in app.slider if s.key == sliders[1].key).set_value((40, 60))
    checked(app)
    assert app.session_state[selection.PICKED].ids < wider
    app.button(key="dataset_clear").click()
    checked(app)
    assert count(app) == f"{len(table):,} images"
    assert all(s.value == (0, 100) for s in app.slider if s.key.startswith("dataset_region")), (
        "nothing picked, nothing marked"
    )


def test_leaks_are_counted_anew(whole_app: AppTest) -> None:
    show(whole_app, views.SPLITS)
    first = [m.value for m in whole_app.metric]
    assert first[2] == "0 %"
    assert 30 < int(first[0].split()[0]) < 60
    assert int(first[1].split()[0]) > int(first[0].split()[0])
    whole_app.slider(key="dataset_share").set_value(50)
    checked(whole_app)
    assert [m.value for m in whole_app.metric] != first
    before = alts(whole_app)
    whole_app.button(key="dataset_draw").click()
    checked(whole_app)
    assert alts(whole_app) != before
    assert "random split number 2" in texts(whole_app)


def test_damaged_photo_spoils_only_its_cell(
    drawn: Dataset, fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = fresh / "ham10000"
    ids = list(drawn.table.index[:3])
    for kind, suffix in (("images", "jpg"), ("masks", "png")):
        (root / kind).mkdir(parents=True)
        for image_id in ids:
            shutil.copy(drawn.root / kind / f"{image_id}.{suffix}", root / kind)
    shutil.copy(drawn.root / "metadata.csv", root)
    (root / "images" / f"{ids[1]}.jpg").write_bytes(b"damaged")
    app = start("dataset")
    assert len(app.image) == 2
    assert f"{ids[1]} is damaged" in texts(app)


@pytest.mark.parametrize("tab", [views.PEOPLE, views.OUTLINES, views.MAP, views.SPLITS])
def test_filters_answer_quickly(whole_app: AppTest, tab: str) -> None:
    show(whole_app, tab)
    wanted = iter((["mel"], ["nv"], ["mel", "bkl"], ["df"], []))

    def choose() -> None:
        whole_app.multiselect(key="filter_dx_0").set_value(next(wanted))
        checked(whole_app)

    assert cost(choose, 5) < 30


# Without it


def test_fresh_clone_shows_what_is_committed(fresh: Path) -> None:
    app = start("dataset")
    assert "HAM10000 has not been imported" in texts(app)
    assert "Melanoma 1,113" in alts(app)[0]
    assert not app.image
    assert "Age, sex, site" in texts(app)
    for tab in (views.OUTLINES, views.MAP, views.SPLITS):
        assert alts(show(app, tab))
    assert [m.value for m in app.metric][2] == "0 %"


def test_without_dataset_and_atlas(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path))
    app = start("dataset")
    assert "HAM10000 has not been imported" in texts(app)
    assert "nothing to show" in texts(app)


def test_other_weights_are_told(
    fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = tmp_path / "weights" / "classifier"
    weights.mkdir(parents=True)
    shutil.copy(ROOT / "weights/classifier/atlas.parquet", weights)
    card = (ROOT / "weights/classifier/card.json").read_text(encoding="utf-8")
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(weights.parent))
    (weights / "card.json").write_text(card, encoding="utf-8")
    assert "made with other weights" not in texts(start("dataset"))
    (weights / "card.json").write_text(card.replace('"sha256": "', '"sha256": "0'), "utf-8")
    assert "made with other weights" in texts(start("dataset"))


# Importing


def test_upload_is_imported_and_shown(
    fresh: Path, archive: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importing.tempfile, "tempdir", str(tmp_path))
    app = start("dataset")
    app.file_uploader[0].set_value(("ham.zip", archive, "application/zip"))
    checked(app)
    app.button(key="import_go").click()
    checked(app)
    assert "5 files imported" in texts(app)
    assert count(app) == "2 images"
    assert len(app.image) == 2
    assert list(tmp_path.glob("lesionlab-*")) == []


def test_bad_upload_is_refused_and_cleaned_up(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importing.tempfile, "tempdir", str(tmp_path))
    app = start("dataset")
    app.file_uploader[0].set_value(("ham.zip", b"<html>Sign in</html>", "application/zip"))
    checked(app)
    app.button(key="import_go").click()
    checked(app)
    assert "is not a readable zip file" in texts(app).replace("\\", "")
    assert list(tmp_path.glob("lesionlab-*")) == []
    assert not fresh.exists()


def test_typed_path(fresh: Path, archive: bytes, tmp_path: Path) -> None:
    (tmp_path / "ham.zip").write_bytes(archive)
    app = start("dataset")
    app.text_area(key="import_paths").set_value(f'"{tmp_path / "ham.zip"}"\n\n')
    checked(app)
    app.button(key="import_go").click()
    checked(app)
    assert count(app) == "2 images"


def test_one_import_at_a_time(fresh: Path, archive: bytes) -> None:
    app = start("dataset")
    app.file_uploader[0].set_value(("ham.zip", archive, "application/zip"))
    checked(app)
    with importing._turn():
        app.button(key="import_go").click()
        checked(app)
    assert "Another import is running" in texts(app)
    assert not fresh.exists()
    app.button(key="import_go").click()
    checked(app)
    assert count(app) == "2 images"


def test_stopped_import_cleans_up_and_frees_its_turn(
    fresh: Path,
    archive: bytes,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A click on Stop, or leaving the page, ends the script at its next word to the browser."""

    class Stopped(BaseException):
        """As Streamlit raises."""

    def stop(*_: object) -> None:
        raise Stopped

    monkeypatch.setattr(importing.tempfile, "tempdir", str(tmp_path))
    place = SimpleNamespace(progress=stop, empty=lambda: None)
    monkeypatch.setattr(importing.st, "progress", lambda *_: place)
    monkeypatch.setattr(importing.st, "button", lambda *_, **__: True)
    (tmp_path / "ham.zip").write_bytes(archive)
    with pytest.raises(Stopped):
        importing._run([], [tmp_path / "ham.zip"])
    assert list(tmp_path.glob("lesionlab-*")) == []
    assert not list(fresh.rglob("*.part"))


def test_missing_outlines_can_be_added(
    fresh: Path, archive: bytes, tmp_path: Path, dataset_without_masks: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "ham.zip").write_bytes(dataset_without_masks(archive))
    app = start("dataset")
    app.text_area(key="import_paths").set_value(str(tmp_path / "ham.zip"))
    checked(app)
    app.button(key="import_go").click()
    checked(app)
    assert any("2 images have no outline yet" in e.label for e in app.expander)
    uploader = next(u for u in app.file_uploader if str(u.key).startswith("import_files"))
    uploader.set_value(("ham.zip", archive, "application/zip"))
    checked(app)
    app.button(key="import_go").click()
    checked(app)
    assert not app.expander


@pytest.fixture
def dataset_without_masks() -> Callable[[bytes], bytes]:
    def without(archive: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(archive)) as all_of_it, zipfile.ZipFile(packed, "w") as out:
            for name in all_of_it.namelist():
                if not name.endswith(".png"):
                    out.writestr(name, all_of_it.read(name))
        return packed.getvalue()

    return without
