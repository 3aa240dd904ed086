"""`python -m core analyse`, as a script would call it."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.answer.analyser import Analyser
from core.batch.folder import analyse_files, find_pictures
from core.imaging.image import to_jpeg, to_png
from core.lesion.measure import Measurements
from core.lesion.phantom import practice_set
from core.models.cards import Card
from core.models.decision import Decision
from core.report.downloads import DISCLAIMER
from core.settings import REPOSITORY, Settings
from core.taxonomy import KEYS

MEASURES = [field.name for field in fields(Measurements)]


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    return Analyser.load()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.jpg").write_bytes(to_jpeg(practice_set()[0].image.rgb))
    turned = Image.fromarray(practice_set()[1].image.rgb)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", exif=exif)
    (folder / "deeper" / "turned.jpg").write_bytes(buffer.getvalue())
    (folder / "notes.txt").write_text("not a picture, and not meant to be")
    return folder


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_contract(photos, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["analyse", str(photos), "--out", str(out)]) == 0
    found = rows(out / "predictions.csv")
    assert [r["image"] for r in found] == ["a", "turned"]
    rule = Decision.of(Card.read(Settings.from_environment().weights / "classifier"))
    for row in found:
        assert sum(float(row[k]) for k in KEYS) == pytest.approx(1, abs=1e-4)
        assert row["prediction"] == KEYS[int(rule(np.array([float(row[k]) for k in KEYS])))]
        assert row["in_domain"] in ("true", "false")
        assert float(row["novelty"]) >= 0
        assert row["area_share"] == "" or 0 < float(row["area_share"]) <= 1
        assert row["abrupt_segments"] in ("", *"012345678")
        assert row["in_colour"] in ("", "true", "false")
        assert list(row)[-len(MEASURES) - 1 :] == [*MEASURES, "note"]
        assert Path(row["file"]).is_file()
        assert row["note"] == DISCLAIMER
    with Image.open(out / "masks" / "a.png") as mask:
        assert mask.size == (600, 450)
        assert set(np.unique(np.asarray(mask))) <= {0, 255}
    with Image.open(out / "masks" / "turned.png") as mask:
        assert mask.size == (450, 600), "upright size, after EXIF orientation"
    explained = (out / "README.txt").read_text(encoding="utf-8")
    assert explained.startswith(DISCLAIMER)
    assert set(found[0]) <= set(explained.split()), "every column is explained"
    assert rows(out / "rejected.csv") == []
    assert "teaching" in capsys.readouterr().out


def test_rejected_files_are_listed_and_the_rest_goes_on(photos, tmp_path):
    (photos / "b.jpg").write_text("text")
    (photos / "c.png").write_bytes(b"")
    (photos / "deeper" / "a.png").write_bytes(to_png(practice_set()[2].image.rgb))
    out = tmp_path / "out"
    assert main(["analyse", str(photos), "--out", str(out)]) == 1
    reasons = {Path(r["file"]).name: r["reason"] for r in rows(out / "rejected.csv")}
    assert set(reasons) == {"b.jpg", "c.png", "a.png"}
    assert "same name" in reasons["a.png"]
    assert all(reason.endswith(".") for reason in reasons.values())
    assert len(rows(out / "predictions.csv")) == 2


def test_pictures_that_are_not_read_are_rejected_and_others_counted(photos, tmp_path, capsys):
    (photos / "scan.dcm").write_bytes(bytes(128) + b"DICM" + bytes(100))
    with (photos / "phone.CR3").open("wb") as file:
        file.truncate(30 * 1024**2)
    checkpoints = photos / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "a-checkpoint.jpg").write_bytes((photos / "a.jpg").read_bytes())
    (photos / "b.gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    (photos / "pat.0.JFIF").write_bytes((photos / "a.jpg").read_bytes())
    out = tmp_path / "out"
    assert main(["analyse", str(photos), "--out", str(out)]) == 1
    reasons = {Path(r["file"]).name: r["reason"] for r in rows(out / "rejected.csv")}
    assert "DICOM" in reasons.pop("scan.dcm")
    assert "CR3" in reasons.pop("phone.CR3")
    assert not reasons
    assert [r["image"] for r in rows(out / "predictions.csv")] == ["a", "turned", "pat.0"]
    assert (out / "masks" / "pat.0.png").is_file()
    said = capsys.readouterr().out
    for name in ("notes.txt", ".ipynb_checkpoints", "b.gone.jpg"):
        assert name in said


def test_wrong_usage(tmp_path, capsys):
    assert main(["analyse", str(tmp_path / "nowhere"), "--out", str(tmp_path / "o")]) == 2
    assert main(["analyse", str(tmp_path), "--out", str(tmp_path / "o")]) == 2
    assert "no picture" in capsys.readouterr().err
    with pytest.raises(SystemExit) as stopped:
        main(["analyse", str(tmp_path)])
    assert stopped.value.code == 2


def test_out_that_is_a_file_is_refused(photos, tmp_path, capsys):
    (tmp_path / "out").write_text("in the way")
    assert main(["analyse", str(photos), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize("theirs", ["masks/a.png", "predictions.csv", "rejected.csv", "README.txt"])
def test_files_of_somebodys_are_not_replaced(photos, tmp_path, capsys, theirs):
    """Somebody has drawn masks of the same photos."""
    path = tmp_path / "project" / theirs
    path.parent.mkdir(parents=True)
    path.write_text("drawn for hours")
    assert main(["analyse", str(photos), "--out", str(tmp_path / "project")]) == 2
    assert str(path) in capsys.readouterr().err
    assert path.read_text() == "drawn for hours"
    assert [p for p in (tmp_path / "project").rglob("*") if p.is_file()] == [path]


def test_results_of_an_earlier_call_are_replaced(photos, tmp_path):
    for _ in range(2):
        assert main(["analyse", str(photos), "--out", str(tmp_path / "out")]) == 0
    assert len(rows(tmp_path / "out" / "predictions.csv")) == 2


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six photos, one that is none, and one of a name that is taken."""
    folder = tmp_path_factory.mktemp("many")
    (folder / "deeper").mkdir(parents=True)
    for number, case in enumerate((*practice_set()[:3], *practice_set()[:3])):
        (folder / f"-{number}.jpg").write_bytes(to_jpeg(case.image.rgb[number:]))
    (folder / "deeper" / "-1.png").write_bytes(to_png(practice_set()[0].image.rgb))
    (folder / "-2b.jpg").write_text("text")
    return find_pictures([folder]).pictures


def contents(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def whole(
    many: list[Path], analyser: Analyser, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """What one call writes of them."""
    out = tmp_path_factory.mktemp("whole")
    analyse_files(many, out, analyser)
    return contents(out)


@pytest.mark.parametrize(("after", "cut"), [(1, 0), (3, 0), (5, 30), (8, 0)])
def test_it_goes_on_where_it_stopped(
    many: list[Path],
    whole: dict[str, bytes],
    tmp_path: Path,
    analyser: Analyser,
    after: int,
    cut: int,
) -> None:
    out, done, told = tmp_path / "out", [], []

    def stop(picture: Path) -> None:
        done.append(picture)
        if len(done) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyse_files(many, out, analyser, stop)
    table = out / "predictions.csv"
    table.write_bytes(table.read_bytes()[: table.stat().st_size - cut])  # as by a power cut
    report = analyse_files(many, out, analyser, told.append, resume=True)
    assert (report.analysed, report.rejected) == (6, 2)
    assert sorted(told) == sorted(many)
    assert contents(out) == whole


def test_with_nothing_to_go_on_with_it_begins(
    many: list[Path], tmp_path: Path, analyser: Analyser
) -> None:
    assert analyse_files(many[:1], tmp_path / "out", analyser, resume=True).analysed == 1


def test_it_does_not_go_on_with_other_choices_or_in_another_precision(
    many: list[Path], tmp_path: Path, analyser: Analyser, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyse_files(many[:1], tmp_path / "out", analyser)
    before = contents(tmp_path / "out")
    with pytest.raises(FileExistsError, match="other choices"):
        analyse_files(many, tmp_path / "out", analyser, raw_names=True, resume=True)
    monkeypatch.setattr(analyser.runtime, "precision", "another")
    with pytest.raises(FileExistsError, match="other choices"):
        analyse_files(many, tmp_path / "out", analyser, resume=True)
    assert contents(tmp_path / "out") == before


@pytest.mark.skipif(not find_spec("ray"), reason="Ray is not installed: requirements-ray.txt")
def test_a_cluster_of_two_gives_the_same_to_the_byte(
    many: list[Path], whole: dict[str, bytes], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "core", "analyse", *map(str, many)]
    found = subprocess.run(
        [*command, "--out", str(tmp_path / "there"), "--ray", "local"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stderr  # two files are rejected
    assert contents(tmp_path / "there") == whole


def test_without_ray_it_says_what_to_install(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ray", None)
    out = tmp_path / "out"
    assert main(["analyse", str(photos), "--out", str(out), "--ray", "auto"]) == 2
    assert "requirements-ray.txt" in capsys.readouterr().err
