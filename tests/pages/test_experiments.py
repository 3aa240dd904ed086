"""What students have read about, on the Performance page: with figures, and without any."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.files import COMPARISON
from tests.pages.conftest import read, start, texts
from train.experiments import EXPERIMENTS
from ui.performance import critical
from ui.performance.author_figures import CONFUSION, FIFTY, REPORT, ROC
from ui.performance.sides import DIFFERENCE, HEADS

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
LEAK = {"lesions": 612, "of_lesions": 1694, "photos": 890, "of_photos": 2003}
KEY, OUTLINES = "cnn-augmentation", "fuzzy-unet"
RANDOM, LESION = HEADS["images"], HEADS["lesions"]


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.03, "high": value + 0.04}


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The weights folder without weights and without any experiment."""
    folder = tmp_path / "weights"
    ignored = shutil.ignore_patterns("*.safetensors", COMPARISON)
    shutil.copytree(WEIGHTS, folder, ignore=ignored)
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(folder))
    monkeypatch.setenv("LESIONLAB_DATA", str(tmp_path / "data"))
    return folder


def keep(weights: Path, run: str, kind: str, **changes: Any) -> Path:
    """The figures of a quick run under another name, changed."""
    source = next(WEIGHTS.glob(f"{COMPARISON}/{run.rsplit('-', 1)[0]}*/{kind}"))
    place = weights / COMPARISON / run / kind
    shutil.copytree(source, place)
    path = place / "evaluation-test.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values.pop("leak", None)
    path.write_text(json.dumps(values | changes), encoding="utf-8")
    return place


def classes(recall: float) -> dict[str, Any]:
    values = {"precision": figure(0.5), "recall": figure(recall), "f1": figure(0.5)}
    return {"mel": {"support": 158, **values}}


@pytest.fixture
def both(weights: Path) -> Path:
    """An experiment under both splits."""
    for split, accuracy, recall in (("images", 0.80, 0.70), ("lesions", 0.72, 0.45)):
        more = {"leak": LEAK} if split == "images" else {}
        keep(
            weights,
            f"{KEY}-{split}",
            "classifier",
            most_probable={"accuracy": figure(accuracy), "balanced_accuracy": figure(0.5)},
            most_probable_classes=classes(recall),
            **more,
        )
    return weights


def test_what_is_below_the_published_figure_is_said_with_the_reason(both: Path) -> None:
    assert not [i for i in compared().info if "0.750" in read(i.value)]
    place = both / COMPARISON / f"{KEY}-images" / "classifier"
    path = place / "evaluation-test.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values["most_probable"]["accuracy"] = figure(0.70)
    path.write_text(json.dumps(values), encoding="utf-8")
    rows = "epoch,train_accuracy,val_accuracy\n0,0.5,0.5\n1,0.97,0.71\n"
    (place / "training.csv").write_text(rows, encoding="utf-8")
    (said,) = [s for i in compared().info if "0.750" in (s := read(i.value))]
    assert "0.700 (" in said
    assert "97 %" in said
    assert "71 %" in said
    (place / "training.csv").unlink()
    (said,) = [s for i in compared().info if "0.750" in (s := read(i.value))]
    assert "97 %" not in said


def compared(**session: object) -> AppTest:
    return start("performance", performance_tab="Comparison", experiment=KEY, **session)


def table(app: AppTest, column: str) -> Any:
    return next(d.value for d in reversed(app.dataframe) if column in d.value.columns)


def test_before_any_was_run_the_page_names_the_command(weights: Path) -> None:
    app = compared()
    assert not app.error
    assert not app.exception
    overview = next(d.value for d in app.dataframe if "Experiment" in d.value)
    assert set(overview[RANDOM]) == set(overview[LESION]) == {"not run"}
    assert set(overview["Experiment"]) == {e.preset.title for e in EXPERIMENTS}
    assert f"python -m train experiments {KEY} --background" in texts(app)
    app = start("performance", performance_tab=critical.TITLE)
    assert not app.error
    assert f"python -m train experiments {EXPERIMENTS[0].key}" in texts(app)


def test_published_random_by_lesion_and_the_difference(both: Path) -> None:
    app = compared()
    assert not app.error
    row = next(d.value for d in app.dataframe if "Experiment" in d.value)
    row = row[row["Experiment"] == "CNN with augmentation"].iloc[0]
    assert row["Published"] == "0.750"
    assert row[RANDOM] == "0.800 (0.770 to 0.840)"
    assert row[LESION] == "0.720 (0.690 to 0.760)"
    assert row[DIFFERENCE] == "+0.080 (+0.030 to +0.130)"
    assert row["Length"] == "As published"
    by_class = table(app, "Class")
    melanoma = by_class[by_class["Class"] == "Melanoma"].iloc[0]
    assert melanoma[DIFFERENCE] == "+0.250 (+0.200 to +0.300)"
    said = texts(app)
    assert "612 of the 1,694 lesions" in said
    assert "no paired bootstrap is possible" in said


def test_one_split_alone_has_no_difference(both: Path) -> None:
    shutil.rmtree(both / COMPARISON / f"{KEY}-lesions")
    app = compared()
    row = next(d.value for d in app.dataframe if "Experiment" in d.value)
    row = row[row["Experiment"] == "CNN with augmentation"].iloc[0]
    assert (row[LESION], row[DIFFERENCE]) == ("not run", "–")
    assert "Not run here yet: by lesion" in texts(app)


@pytest.mark.parametrize("figures", [CONFUSION, ROC])
def test_what_the_author_shows(both: Path, figures: str) -> None:
    app = compared(author_classifier=figures)
    assert not app.error
    charts = app.get("plotly_chart")
    assert len(charts) == 2
    assert all(len(chart.proto.alt) > 30 for chart in charts)


def test_the_classification_report_has_averages(both: Path) -> None:
    app = compared(author_classifier=REPORT)
    assert not app.error
    report = table(app, "Support")
    assert report["Class"].tolist()[-2:] == ["macro average", "weighted average"]
    assert report["Recall"].tolist()[-1] == "0.45"


def test_the_fixed_fifty_stand_beside_the_authors(weights: Path) -> None:
    keep(weights, f"{OUTLINES}-lesions", "segmenter")
    keep(weights, "fuzzy-unet-images", "segmenter", leak=LEAK)
    app = start(
        "performance",
        performance_tab="Comparison",
        experiment=OUTLINES,
        author_segmenter=FIFTY,
    )
    assert not app.error
    fifty = table(app, "Least")
    assert all("50 of the test photos" in masks for masks in fifty["Masks"])
    assert all("±" in iou for iou in fifty["IoU"])


def test_the_five_questions_have_figures(both: Path) -> None:
    app = start("performance", performance_tab=critical.TITLE, critical_experiment=KEY)
    assert not app.error
    assert not app.exception
    titles = [s.value for s in app.subheader]
    assert [t[0] for t in titles] == list("12345")
    said = texts(app)
    assert "612 of the 1,694 lesions" in said
    assert "0.720 (0.690 to 0.760)" in said
    assert "Whoever always says" in said
    assert f"python -m train experiments {KEY} --more PHOTOS" in said
    rarest = table(app, "Test photos")
    assert rarest["Test photos"].is_monotonic_increasing


def test_an_older_evaluation_says_by_which_answer_it_was_measured(both: Path) -> None:
    session = {"performance_tab": critical.TITLE, "critical_experiment": KEY}
    assert "By the most probable class" in texts(start("performance", **session))
    path = both / COMPARISON / f"{KEY}-lesions" / "classifier" / "evaluation-test.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    del values["most_probable_classes"]
    path.write_text(json.dumps(values), encoding="utf-8")
    assert "By the model's own rule" in texts(start("performance", **session))
    app = compared()
    assert "By the model's own rule" in texts(app)
    truth = values["classes"]["mel"]["recall"]["value"]
    melanoma = table(app, "Class").set_index("Class").loc["Melanoma"]
    assert melanoma[LESION].startswith(f"{truth:.3f}")  # both sides by one answer
    assert melanoma[RANDOM].startswith(f"{truth:.3f}")


def test_elsewhere_is_shown_once_it_was_measured(both: Path) -> None:
    place = both / COMPARISON / f"{KEY}-lesions" / "classifier"
    values = json.loads((place / "evaluation-test.json").read_text(encoding="utf-8"))
    values |= {"split": "elsewhere", "images": 438}
    values["most_probable"]["accuracy"] = figure(0.5)
    (place / "evaluation-elsewhere.json").write_text(json.dumps(values), encoding="utf-8")
    app = start("performance", performance_tab=critical.TITLE, critical_experiment=KEY)
    away = next(d.value for d in app.dataframe if "Other clinics, 438 photos" in d.value)
    assert away.iloc[0]["Other clinics, 438 photos"] == "0.500 (0.470 to 0.540)"
    assert away.iloc[0]["Difference"].startswith("−0.220")
    assert "Sensitivity for melanoma" in away["Measure"].tolist()


def test_a_leaking_model_says_so_among_all_models(both: Path) -> None:
    place = both / COMPARISON / f"{KEY}-images" / "classifier" / "card.json"
    card = json.loads(place.read_text(encoding="utf-8"))
    place.write_text(json.dumps(card | {"leak": LEAK}), encoding="utf-8")
    measured_on = compared(comparison_experiments=True).dataframe[0].value["Measured on"].tolist()
    assert sum("leaks: images split at random" in photos for photos in measured_on) == 1
    assert len(compared().dataframe[0].value) < len(measured_on), "only if wanted"
