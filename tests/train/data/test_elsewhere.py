"""Further sources of training photos, from other clinics."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core import __version__
from core.errors import DatasetError
from core.evaluation.files import ELSEWHERE
from core.ham10000.splits import assert_no_leak
from core.imaging.image import to_jpeg, to_png
from core.models.cards import Card, Training
from tests.train.conftest import Tiny
from tests.train.few import prepared
from train.__main__ import main
from train.config import ClassifierConfig, Config, ConfigError, SegmenterConfig
from train.data.arrays import prepare, read_photo, rows_of
from train.data.elsewhere import Elsewhere, open_sources, split_of
from train.data.notices import check_usable
from train.data.photos import Photos
from train.data.samplers import Samples, source_weights
from train.data.sources import elsewhere_source, measured_elsewhere
from train.finish.export import _origin
from train.finish.finished import Finished
from train.learn.beginning import Beginning
from train.learn.callbacks import Watching
from train.learn.classifier import ClassifierTraining
from train.learn.segmenter import SegmenterTraining
from train.progress import Watch
from train.stages import Stage

SOURCE = 60
DIAGNOSES = ("nv", "mel", "bkl")


def write_source(root: Path, masks: bool = True, table: bool = True) -> Path:
    """Sixty photos of three diagnoses, two a lesion, with masks, as a folder."""
    rng = np.random.default_rng(1)
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    lines = ["image_id,dx,lesion_id"]
    for k in range(SOURCE):
        name = f"ISIC_1{k:06d}"
        photo = rng.integers(90, 200, (64, 80, 3)).astype(np.uint8)
        photo[20:40, 20:50] //= 2
        (root / "images" / f"{name}.jpg").write_bytes(to_jpeg(photo))
        mask = np.zeros((64, 80), np.uint8)
        mask[20:40, 20:50] = 255
        if masks:
            (root / "masks" / f"{name}_segmentation.png").write_bytes(to_png(mask))
        lines.append(f"{name},{DIAGNOSES[k // 2 % 3]},L{k // 2}")
    if table:
        (root / "labels.csv").write_text("\n".join(lines) + "\n")
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_source(tmp_path / "clinic")


@pytest.fixture
def config(source: Path, environment: dict[str, str]) -> ClassifierConfig:
    return ClassifierConfig(
        start="random",
        architecture="small-cnn",
        freeze=(),
        more=(str(source),),
        stages=(Stage(1, 32),),
        epoch_images=32,
        batch=8,
        threads=1,
    )


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
        archive.writestr("__MACOSX/images/._ISIC_1000000.jpg", b"x")
    return path


def test_a_lesion_lies_on_one_side_for_ever(source: Path) -> None:
    table = Elsewhere.open(source).table
    assert_no_leak(table["lesion_id"], table["split"])
    assert set(table["split"]) == {"train", "validation"}
    # The sides are part of what figures mean: these must never change.
    assert [split_of(f"L{k}") for k in (0, 1, 2, 3)] == [
        table.loc[table["lesion_id"] == f"L{k}", "split"].iloc[0] for k in (0, 1, 2, 3)
    ]
    share = np.mean([split_of(str(k)) == "validation" for k in range(5000)])
    assert share == pytest.approx(0.15, abs=0.015)


def test_without_lesions_each_photo_stands_for_itself(source: Path) -> None:
    path = source / "labels.csv"
    lines = [line.rsplit(",", 1)[0] for line in path.read_text().splitlines()]
    path.write_text("\n".join(lines) + "\n")
    table = Elsewhere.open(source).table
    assert list(table["lesion_id"]) == list(table.index)
    assert set(table["split"]) == {"train", "validation"}


def test_lesions_may_be_named_by_a_table_of_their_own(source: Path) -> None:
    """As ISIC 2019's are: diagnoses in one table, lesions in another."""
    before = Elsewhere.open(source).table
    path = source / "labels.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\n".join(f"{name},{dx}" for name, dx, _ in rows))
    lesions = [f"{name},{lesion}" for name, _, lesion in rows]
    (source / "Metadata.csv").write_text("\n".join(lesions).replace("image_id", "image"))
    found = Elsewhere.open(source)
    assert found.table.equals(before)
    (said,) = found.notes
    assert said.count("Metadata.csv") == 1
    assert "together" in said


def test_photos_that_any_tables_tie_together_lie_on_one_side(source: Path) -> None:
    """One table names patients, another lesions of several: all photos of these are one group.
    Rows whose diagnosis is none of the seven have masks, and count as well."""
    path = source / "labels.csv"
    path.write_text(path.read_text().replace(",bkl,", ",scc,"))
    patients = [f"ISIC_1{k:06d},P{k % 2}" for k in range(1, SOURCE // 2)]
    (source / "patients.csv").write_text("\n".join(["image_id,patient_id", *patients]))
    table = Elsewhere.open(source).table
    assert table["lesion_id"].iloc[: SOURCE // 2].nunique() == 1
    assert table["lesion_id"].iloc[SOURCE // 2 :].nunique() == SOURCE // 4
    assert_no_leak(table["lesion_id"], table["split"])


def test_a_diagnosis_on_which_tables_disagree_is_left_out(source: Path) -> None:
    """Whatever the tables are called."""
    for name in ("a.csv", "z.csv"):
        other = "image_id,dx\nISIC_1000000,mel\nISIC_1000002,mel\n"  # says nv, and mel
        (source / name).write_text(other)
        found = Elsewhere.open(source)
        assert found.table.at["ISIC_1000000", "dx"] == ""
        assert found.table.at["ISIC_1000002", "dx"] == "mel"
        assert any("disagree" in note and "1 (ISIC_1000000)" in note for note in found.notes)
        (source / name).unlink()


def test_photos_of_one_name_in_two_folders_are_one(tmp_path: Path) -> None:
    source = write_source(tmp_path / "clinic", masks=False, table=False)
    (source / "labels.csv").write_text("image_id,dx\nimages/ISIC_1000000,nv\nISIC_1000001,mel\n")
    (source / "again").mkdir()
    name = "ISIC_1000000.jpg"
    (source / "again" / name).write_bytes((source / "images" / name).read_bytes())
    found = Elsewhere.open(source)
    assert list(found.table.index) == ["ISIC_1000000", "ISIC_1000001"]
    assert any("1 photo is left out, as others here" in note for note in found.notes)


def test_an_archive_is_the_same_as_its_folder(source: Path) -> None:
    folder, archive = Elsewhere.open(source), Elsewhere.open(zipped(source))
    assert folder.split.id == archive.split.id
    first = folder.table.index[0]
    assert folder.photo(first) == archive.photo(first)
    np.testing.assert_array_equal(folder.mask(first), archive.mask(first))


def test_photos_of_other_data_are_left_out_and_counted(source: Path) -> None:
    found = Elsewhere.open(source, frozenset({"ISIC_1000000", "ISIC_1000001"}))
    assert len(found.table) == SOURCE - 2
    assert any("2 photos" in note for note in found.notes)


def test_other_diagnoses_are_left_out_and_counted(source: Path) -> None:
    path = source / "labels.csv"
    path.write_text(path.read_text().replace(",bkl,", ",scc,"))
    found = Elsewhere.open(source)
    assert set(found.table["dx"]) == {"nv", "mel", ""}
    assert any("scc" in note for note in found.notes)


def test_masks_alone_or_a_table_alone_will_do(tmp_path: Path) -> None:
    masks = Elsewhere.open(write_source(tmp_path / "a", table=False)).table
    assert masks["has_mask"].all()
    assert (masks["dx"] == "").all()
    table = Elsewhere.open(write_source(tmp_path / "b", masks=False)).table
    assert not table["has_mask"].any()
    assert (table["dx"] != "").all()


def test_what_holds_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        Elsewhere.open(tmp_path / "nowhere")
    with pytest.raises(DatasetError):
        Elsewhere.open(write_source(tmp_path / "bare", masks=False, table=False))
    (tmp_path / "no.zip").write_bytes(b"no archive")
    with pytest.raises(DatasetError):
        Elsewhere.open(tmp_path / "no.zip")


def test_why_no_photo_can_be_used_is_said(source: Path, tmp_path: Path) -> None:
    """The table is there in both cases: that one is missing would be untrue."""
    known = frozenset(Elsewhere.open(source).table.index)
    with pytest.raises(DatasetError, match="came with HAM10000 or an earlier source") as error:
        Elsewhere.open(source, known)
    assert "needs a table" not in str(error.value)
    other = write_source(tmp_path / "other", masks=False)
    table = other / "labels.csv"
    table.write_text(table.read_text().replace("ISIC_", "NOPE_"))
    with pytest.raises(DatasetError, match="NOPE_1000000") as error:
        Elsewhere.open(other)
    assert "needs a table" not in str(error.value)
    table.unlink()
    with pytest.raises(DatasetError, match="needs a table"):
        Elsewhere.open(other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match="no photo"):
        Elsewhere.open(tmp_path / "empty")


def test_of_several_sources_the_one_with_the_faulty_table_is_named(tmp_path: Path) -> None:
    source = write_source(tmp_path / "clinic", masks=False)
    (source / "labels.csv").write_text("file,finding\nISIC_1000000,nv\n")
    with pytest.raises(DatasetError, match=f"{source}.*labels.csv"):
        Elsewhere.open(source)


def test_masks_do_without_a_faulty_table_and_diagnoses_do_not(source: Path) -> None:
    (source / "labels.csv").write_text("file,finding\nISIC_1000000,nv\n")
    found = Elsewhere.open(source)
    assert found.table["has_mask"].all()
    assert any("labels.csv" in note for note in found.notes)
    check_usable(found, masked=True)
    with pytest.raises(DatasetError, match=r"labels.csv"):
        check_usable(found, masked=False)


def test_rows_without_a_photo_are_counted(source: Path) -> None:
    (source / "images" / "ISIC_1000000.jpg").unlink()
    assert any("ISIC_1000000" in note for note in Elsewhere.open(source).notes)


def test_an_archive_written_anew_is_read_anew(source: Path) -> None:
    archive = zipped(source)
    assert len(Elsewhere.open(archive).table) == SOURCE
    (source / "images" / "ISIC_1000000.jpg").unlink()
    zipped(source)
    assert len(Elsewhere.open(archive).table) == SOURCE - 1


def test_a_second_source_does_not_bring_the_same_photos(
    config: ClassifierConfig, source: Path
) -> None:
    archive = zipped(write_source(source.parent / "again"))
    with pytest.raises(DatasetError):  # nothing is left of the second
        Photos.open(replace(config, more=(str(source), str(archive))))


def test_rows_of_ham10000_stay_as_they_are(config: ClassifierConfig, tiny: Tiny) -> None:
    arrays = prepared(config)
    own = arrays.table[arrays.table["source"] == 0]
    assert list(own["split"]) == list(tiny.open().table["split"])
    assert set(arrays.table.loc[arrays.table["source"] == 1, "split"]) == {"train", "elsewhere"}
    for split in ("validation", "test"):
        assert (arrays.table["source"].to_numpy()[rows_of(arrays, split)] == 0).all()
    row = int(np.flatnonzero(arrays.table["source"] == 1)[0])
    assert arrays.frames[row].any()
    assert arrays.masks[row].max() > 127


def test_further_sources_have_the_share_asked_for(config: ClassifierConfig) -> None:
    arrays = prepared(config)
    training = ClassifierTraining(config, arrays)
    sources = arrays.table["source"].to_numpy()[training.rows]
    weights = training.class_scoring.weights
    assert weights[sources > 0].sum() / weights.sum() == pytest.approx(config.more_share)
    plain = source_weights(weights[sources == 0], sources[sources == 0], 0.3)
    np.testing.assert_array_equal(plain, weights[sources == 0])
    # What a source holds is what its photos are compared with.
    held = training.class_scoring.classes_elsewhere
    assert {name for name, has in zip(arrays.classes, held, strict=True) if has} == set(DIAGNOSES)


def test_samples_say_their_source(config: ClassifierConfig) -> None:
    arrays = prepared(config)
    rows = rows_of(arrays, "train")
    samples = Samples(arrays, rows, 32, 0.4, with_mask=False)
    for index in (0, len(rows) - 1):
        _, label, source = samples[index]
        assert source.item() == arrays.table["source"].iloc[rows[index]]
        assert label.item() == arrays.table["label"].iloc[rows[index]]


@pytest.mark.parametrize("kind", ["classifier", "segmenter"])
def test_both_validations_are_measured_in_each_epoch(
    config: ClassifierConfig,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    from tests.train.few import fit

    counted: list[int] = []

    class Counted(Watching):
        def __init__(self, watch: Watch, config: Config, validated: int, copies: int) -> None:
            counted.append(validated)
            super().__init__(watch, config, validated, copies)

    monkeypatch.setattr("train.learn.fit.Watching", Counted)
    if kind == "classifier":
        training = ClassifierTraining(config, prepared(config))
        measure, own = "elsewhere_balanced_recall", "val_macro_auc"
    else:
        few = SegmenterConfig(
            start="random", more=(str(source),), stages=(Stage(1, 32),), epoch_images=16, batch=8
        )
        training = SegmenterTraining(few, prepared(few))
        measure, own = "elsewhere_mean_iou", "val_mean_iou"
    fit(training, tmp_path / "run")
    columns = (tmp_path / "run/metrics.csv").read_text().splitlines()[0].split(",")
    assert measure in columns
    assert own in columns
    away = len(training.elsewhere_rows())
    assert away > 0
    assert counted == [len(training.validation_rows()) + away], "the time left is of both"


def test_own_folders_have_no_further_sources(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        ClassifierConfig(data=str(tmp_path), more=("x",))


def test_an_archive_meets_the_guards_of_all_others(source: Path) -> None:
    """A link or a path that leads out is named when it is read; a bomb is not opened at all."""
    path = zipped(source)
    link = zipfile.ZipInfo("images/ISIC_1000000.jpg")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(source / "labels.csv", "labels.csv")
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DatasetError, match="a link"):
        Elsewhere.open(path).photo("ISIC_1000000")
    bomb = path.with_name("bomb.zip")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(source / "labels.csv", "labels.csv")
        archive.writestr("images/ISIC_1000000.jpg", bytes(10_000_000))
    with pytest.raises(DatasetError, match="times its size"):
        Elsewhere.open(bomb)


def test_a_table_that_is_read_is_not_called_left_out(source: Path) -> None:
    (source / "notes.docx").write_bytes(b"x")
    said = " ".join(Elsewhere.open(source).notes)
    assert "notes.docx" in said
    assert "labels.csv" not in said


def test_a_table_may_name_photos_in_its_own_way(source: Path) -> None:
    """With an ending, a folder, or in another case."""
    before = Elsewhere.open(source).table
    table = (source / "labels.csv").read_text()
    for spelled in ("{}.JPG", "images/{}", "{}.jpg"):
        rows = (row.split(",") for row in table.splitlines()[1:])
        lines = [f"{spelled.format(name.lower())},{dx},{lesion}" for name, dx, lesion in rows]
        (source / "labels.csv").write_text("\n".join(["image_id,dx,lesion_id", *lines]))
        assert Elsewhere.open(source).table.equals(before)


def test_what_is_left_out_of_an_archive_is_named(source: Path) -> None:
    (source / "images" / "raw.cr2").write_bytes(b"x")
    (source / "notes.docx").write_bytes(b"x")
    folder, archive = (Elsewhere.open(path).notes for path in (source, zipped(source)))
    for name in ("raw.cr2", "notes.docx"):
        assert name in " ".join(folder)
        assert name in " ".join(archive)


def test_validation_elsewhere_is_what_is_measured(source: Path, tmp_path: Path) -> None:
    """Photos of two sources that no training learns from: for a classifier those with a diagnosis,
    for a U-Net those with a mask."""
    table = (source / "labels.csv").read_text().splitlines()
    (source / "labels.csv").write_text("\n".join(table[:31]))  # the others have masks alone
    second = write_source(tmp_path / "second", masks=False)
    renamed = (second / "labels.csv").read_text().replace("ISIC_1", "ISIC_2").replace(",L", ",M")
    (second / "labels.csv").write_text(renamed)
    for photo in (second / "images").iterdir():
        photo.rename(photo.with_name(photo.name.replace("ISIC_1", "ISIC_2")))
    sources = tuple(open_sources([source, second], ["ISIC_1000000"]))
    both = pd.concat([each.table for each in sources])
    kept = both[both["split"] == "validation"]
    labelled, masked = elsewhere_source(sources), elsewhere_source(sources, masked=True)
    assert list(labelled.table.index) == list(kept.index[kept["dx"] != ""])
    assert list(masked.table.index) == list(kept.index[kept["has_mask"]])
    assert set(labelled.table["source"]) == {0, 1}
    for name in labelled.table.index:
        assert read_photo(labelled.photo(name), name).width == 80
    for name in masked.table.index:
        assert masked.mask(name).sum() == 20 * 30
    assert labelled.about["split"] == ELSEWHERE
    assert "ISIC_1000000" not in both.index


def test_sources_are_measured_in_the_order_in_which_they_were_learned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the second shares with the first may be kept there, and learned here."""
    first, second, other = (write_source(tmp_path / name) for name in ("a", "b.2", "c"))
    card = Card(name="Mine", training=Training.of({"more": ["a", "b.2"]}))
    for paths in ([first], [other]):
        assert len(measured_elsewhere(paths, [], card, masked=False).table) > 0
    for paths in ([second], [second, first]):
        with pytest.raises(DatasetError, match=r"learned from a before b.2.*: a, b.2\."):
            measured_elsewhere(paths, [], card, masked=False)
    monkeypatch.chdir(second)
    with pytest.raises(DatasetError, match="learned from a before"):
        measured_elsewhere([Path()], [], card, masked=False)


@pytest.mark.parametrize("options", [[], ["--resume", "--stages", "2x32"]], ids=["new", "resumed"])
def test_a_run_looks_through_its_sources_once(
    options: list[str], source: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That takes minutes where they are large."""
    command = ["classifier", "--architecture", "small-cnn", "--freeze", "", "--start", "random"]
    command += ["--epoch-images", "16", "--batch", "8", "--threads", "1", "--more", str(source)]
    if options:
        assert main([*command, "--stages", "1x32"]) == 0
    opened: list[Path] = []
    real = Elsewhere.open.__func__

    def counted(cls: type[Elsewhere], path: Path, *others: object) -> Elsewhere:
        opened.append(path)
        return real(cls, path, *others)

    monkeypatch.setattr(Elsewhere, "open", classmethod(counted))
    assert main([*command, *(options or ["--stages", "1x32"])]) == 0
    assert opened == [source]


def test_nothing_to_measure_elsewhere_is_said(source: Path) -> None:
    sources = tuple(open_sources([write_source(source.parent / "bare", masks=False)], []))
    with pytest.raises(DatasetError, match="mask"):
        elsewhere_source(sources, masked=True)


def test_a_card_names_further_photos_and_models_without_their_paths(
    config: ClassifierConfig, tmp_path: Path
) -> None:
    """Where they lie is nobody's business who gets the model."""
    teacher = tmp_path / "runs" / "first" / "model" / "classifier"
    source = write_source(tmp_path / "model" / "clinic.2")  # as a run's models lie
    config = replace(config, start=str(teacher), teachers=(str(teacher),), more=(str(source),))
    (tmp_path / "metrics.csv").write_text("epoch\n0\n")
    photos = Photos.open(config)
    Beginning.of(config, photos).write(tmp_path)
    card = _origin(Finished(tmp_path, config, photos, prepare(config, photos))).as_dict()
    assert str(tmp_path) not in json.dumps(card)
    assert card["training"]["more"] == ["clinic.2"]
    assert card["training"]["teachers"] == ["first"]
    assert card["training"]["start"] == "first"
    assert all(
        "clinic.2" in said for said in (card["data"], card["licence"], " ".join(card["limits"]))
    )
    assert card["lesionlab"] == __version__
