"""`python -m core analyse`, as a script would call it."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from core.__main__ import main
from core.imaging.image import to_jpeg, to_png
from core.lesion.measure import Measurements
from core.lesion.phantom import practice_set
from core.models.cards import Card
from core.models.decision import Decision
from core.settings import Settings
from core.taxonomy import KEYS

MEASURES = [field.name for field in fields(Measurements)]


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
        assert list(row)[-len(MEASURES) :] == MEASURES
    with Image.open(out / "masks" / "a.png") as mask:
        assert mask.size == (600, 450)
        assert set(np.unique(np.asarray(mask))) <= {0, 255}
    with Image.open(out / "masks" / "turned.png") as mask:
        assert mask.size == (450, 600), "upright size, after EXIF orientation"
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


@pytest.mark.parametrize("theirs", ["masks/a.png", "predictions.csv", "rejected.csv"])
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
