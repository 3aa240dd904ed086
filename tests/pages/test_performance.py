"""The Performance page, with the committed evaluations, fabricated ones, and damaged ones."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.answer.threshold import Outcomes
from core.evaluation.files import COMPARISON, ELSEWHERE, Evaluation, read_predictions
from core.evaluation.metrics import NAMES, classifier_summary, confusion, per_class
from core.evaluation.published import PUBLISHED
from core.evaluation.reports import ClassifierReport
from core.ham10000.dataset import Dataset
from core.models.calibration import Calibration
from core.models.cards import Card, Training
from core.taxonomy import BY_KEY
from tests.pages.conftest import read, start, texts
from train.experiments import EXPERIMENTS, label
from ui.performance import (
    calibration,
    comparison,
    confusions,
    critical,
    groups,
    learning,
    operating,
    outlines,
    overview,
)
from ui.performance.evaluations import MOST_PROBABLE, RULE, classifier_report
from ui.performance.sides import sides

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights"
pytestmark = pytest.mark.usefixtures("fresh")
CHARTS = {
    overview: 1,
    confusions: 1,
    operating: 2,
    calibration: 1,
    groups: 1,
    outlines: 1,
    learning: 2,
    comparison: len(sides(EXPERIMENTS[0].key, "classifier")[1]),  # curves of the first experiment
    critical: 0,
}


def opened(tab: str = "Overview", **session: object) -> AppTest:
    return start("performance", performance_tab=tab, **session)


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the weights folder without the weights, to be damaged."""
    folder = tmp_path / "weights"
    ignored = shutil.ignore_patterns("*.safetensors")
    shutil.copytree(WEIGHTS, folder, ignore=ignored)
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(folder))
    return folder


@pytest.fixture
def alone(weights: Path) -> Path:
    """The copied weights, measured on single views, without the models whose figures alone are
    kept."""
    shutil.rmtree(weights / COMPARISON, ignore_errors=True)
    for path in weights.glob("*/evaluation-*views.json"):
        path.unlink()
    return weights


def figures_of(model: str, split: str = "test") -> dict:
    return json.loads((WEIGHTS / model / f"evaluation-{split}.json").read_text(encoding="utf-8"))


def metrics(app: AppTest) -> dict[str, str]:
    return {m.label: m.value for m in app.metric}


def spec(app: AppTest, place: int = 0) -> dict:
    return json.loads(app.get("plotly_chart")[place].proto.spec)


@pytest.mark.parametrize("tab", CHARTS, ids=lambda t: t.TITLE)
def test_every_tab_shows_its_charts_with_words_and_downloads(tab) -> None:
    app = opened(tab.TITLE)
    assert not app.error
    charts = app.get("plotly_chart")
    assert len(charts) == CHARTS[tab]
    assert all(len(chart.proto.alt) > 30 for chart in charts)
    assert len(app.get("download_button")) >= max(1, len(charts))
    reading = texts(app).count(":material/menu_book:")
    assert reading >= max(1, len(charts))


@pytest.mark.parametrize("tab", CHARTS, ids=lambda t: t.TITLE)
def test_every_tab_shows_photos_of_other_clinics(tab) -> None:
    """Some diagnoses have no photo there, and nothing is known of the people."""
    app = opened(tab.TITLE, split=ELSEWHERE)
    assert not app.error
    assert len(app.get("plotly_chart")) == (0 if tab is groups else CHARTS[tab])
    if tab is overview:
        found = figures_of("classifier", ELSEWHERE)["overall"]["accuracy"]["value"]
        assert metrics(app)[NAMES["accuracy"]] == f"{found:.3f}"


@pytest.mark.parametrize("tab", CHARTS, ids=lambda t: t.TITLE)
def test_every_saved_chart_says_that_it_is_for_teaching(tab) -> None:
    app = opened(tab.TITLE)
    for place in range(CHARTS[tab]):
        layout = spec(app, place)["layout"]
        assert "never diagnoses" in layout["title"]["text"]
        assert layout["paper_bgcolor"] == "#FFFFFF"


def test_headline_figures_are_those_of_the_chosen_split() -> None:
    app = opened()
    for split in ("test", "validation"):
        app.segmented_control(key="split").set_value(split).run()
        overall = figures_of("classifier", split)["overall"]
        shown = metrics(app)
        assert NAMES["nll"] not in shown, "it stands under Calibration"
        for key in overall.keys() - {"nll"}:
            assert shown[NAMES[key]] == f"{overall[key]['value']:.3f}"
    assert "flatter" in texts(app)


def test_intervals_and_their_making_are_said() -> None:
    app = opened()
    figures = figures_of("classifier")
    words = texts(app)
    assert figures["intervals"] in words
    assert f"{figures['images']:,} images of {figures['lesions']:,} lesions" in words
    low = figures["overall"]["macro_f1"]["low"]
    assert any(m.delta.startswith(f"{low:.3f} to") for m in app.metric)


def test_most_probable_class_has_its_own_figures() -> None:
    app = opened()
    app.segmented_control(key="answer").set_value(MOST_PROBABLE).run()
    assert not app.exception
    expected = figures_of("classifier")["most_probable"]["macro_f1"]["value"]
    assert metrics(app)["Macro-F1"] == f"{expected:.3f}"
    found = classifier_report("test")
    classes = found.figures.most_probable_classes
    kept = {key: row.figures["recall"].value for key, row in classes.items()}
    kept = kept or found.figures.others["most_probable_recall"]  # of an older evaluation
    for key, row in overview.by_class(found, MOST_PROBABLE).items():
        recall = row.figures["recall"]
        assert recall.value == pytest.approx(kept[key])
        assert recall.low <= recall.value <= recall.high


def test_weakest_class_comes_first() -> None:
    app = opened()
    table = app.dataframe[0].value
    scores = figures_of("classifier")["classes"]
    weakest = min(scores, key=lambda k: scores[k]["f1"]["value"])
    assert table["Diagnosis"].iloc[0] == BY_KEY[weakest].name
    assert "(" in table["Sensitivity"].iloc[0]


def test_confusions_are_those_of_the_evaluation_and_a_cell_lists_its_photos() -> None:
    app = opened("Confusions")
    kept = figures_of("classifier")["confusion"]
    app.segmented_control(key="cells").set_value(confusions.COUNTS).run()
    written = {}
    for trace in (t for t in spec(app)["data"] if t.get("mode") == "text"):
        shade = trace["textfont"]["color"]
        for words in (trace["selected"], trace["unselected"]):
            assert words["textfont"]["color"] == shade, "Plotly pales them after a click"
        places = zip(trace["y"], trace["x"], trace["text"], strict=True)
        written |= {(y, x): int(text.replace(",", "")) for y, x, text in places}
    assert written == {k: int(v) for k, v in np.ndenumerate(kept["counts"])}
    truth, named = "mel", "nv"
    app.selectbox(key="cell_truth").set_value(truth)
    app.selectbox(key="cell_named").set_value(named).run()
    table = app.dataframe[0].value
    row, column = kept["classes"].index(truth), kept["classes"].index(named)
    assert len(table) == kept["counts"][row][column]
    predictions = pd.read_parquet(WEIGHTS / "classifier/predictions-test.parquet")
    assert (predictions.loc[table["Image"], "dx"] == truth).all()
    assert (predictions.loc[table["Image"], "prediction"] == named).all()
    assert table["Probability of the answer"].is_monotonic_decreasing
    assert "python -m core dataset import" in texts(app)


def test_the_largest_mistake_with_melanoma_is_open_at_first() -> None:
    app = opened("Confusions")
    kept = figures_of("classifier")["confusion"]
    missed = kept["counts"][row := kept["classes"].index("mel")]
    assert len(app.dataframe[0].value) == max(n for k, n in enumerate(missed) if k != row)
    assert app.selectbox(key="cell_truth").value == "mel"


def test_an_empty_cell_says_so(weights: Path) -> None:
    counts = np.array(figures_of("classifier")["confusion"]["counts"])
    classes = figures_of("classifier")["confusion"]["classes"]
    row, column = np.argwhere(counts == 0)[0]
    app = opened("Confusions")
    app.selectbox(key="cell_truth").set_value(classes[row])
    app.selectbox(key="cell_named").set_value(classes[column]).run()
    assert not app.exception
    assert "No photo is in this cell" in texts(app)


def test_a_photo_of_a_cell_opens_in_analyse(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(dataset.root.parent))
    app = opened("Confusions")
    image_id = app.dataframe[0].value["Image"].iloc[0]
    assert app.image
    links = [link.proto for link in app.get("page_link")]
    (link,) = (link for link in links if link.label == image_id)
    assert dict(parse_qsl(link.query_string))["case"] == image_id


@pytest.mark.parametrize("question", [operating.MALIGNANT, "mel"])
def test_the_operating_point_counts_what_it_finds(question: str) -> None:
    app = opened("Thresholds")
    app.selectbox(key="question").set_value(question)
    app.slider(key="threshold").set_value(20).run()
    assert not app.exception
    p = classifier_report("test").predictions
    keys = [question] if question == "mel" else [k for k in BY_KEY if BY_KEY[k].malignant]
    truth, called = p["dx"].isin(keys), p[keys].sum(axis=1) >= 0.2
    assert metrics(app)["Sensitivity"] == f"{called[truth].mean() * 100:.1f} %"
    assert metrics(app)["Specificity"] == f"{(~called[~truth]).mean() * 100:.1f} %"
    assert metrics(app)["PPV"] == f"{truth[called].mean() * 100:.1f} %"
    assert f"{(truth & called).sum()} are found" in texts(app)
    assert f"{(~truth & called).sum()} raise a false alarm" in texts(app)


def test_a_wanted_sensitivity_is_reached() -> None:
    app = opened("Thresholds")
    app.segmented_control(key="set_by").set_value(operating.BY_SENSITIVITY).run()
    for wanted in (80, 95, 100):
        app.slider(key="sensitivity").set_value(wanted).run()
        assert not app.exception
        assert float(metrics(app)["Sensitivity"].removesuffix(" %")) >= wanted - 0.05


@pytest.mark.parametrize("question", [operating.MALIGNANT, "mel", "nv"])
def test_a_thousand_lesions_begin_with_the_splits_own_share(question: str) -> None:
    app = opened("Thresholds")
    app.selectbox(key="question").set_value(question).run()
    found = classifier_report("test")
    truth, score = operating.question(found, question)
    lesions = found.predictions[truth]["lesion_id"].nunique(), found.figures.lesions
    slider = app.slider(key=f"prevalence_test_{question}")
    assert slider.value == round(1000 * lesions[0] / lesions[1])
    slider.set_value(10).run()
    assert not app.exception
    called = score >= 0.5
    out = Outcomes.of(called[truth].mean(), (~called[~truth]).mean(), 0.01)
    assert f"**{out.found}** are found and **{out.missed}** missed" in texts(app)
    assert f"**{out.false_alarms}** raise a false alarm" in texts(app)


@pytest.mark.parametrize("threshold", [0, 100])
def test_the_ends_of_the_slider(threshold: int) -> None:
    app = opened("Thresholds")
    app.slider(key="threshold").set_value(threshold).run()
    assert not app.exception
    assert metrics(app)["Sensitivity"] == ("100.0 %" if threshold == 0 else "0.0 %")


@pytest.mark.parametrize("split", ["test", "validation"])
def test_a_larger_error_after_calibration_is_explained(split: str) -> None:
    """By what it is fitted to, with its figures on the very photos."""
    figures = figures_of("classifier", split)
    found = ClassifierReport(
        Evaluation.of(figures), read_predictions(WEIGHTS / "classifier", split)
    )
    scaling = Calibration.of(Card.read(WEIGHTS / "classifier"))
    before, after = calibration.likelihoods(found, scaling)
    assert after == pytest.approx(figures["overall"]["nll"]["value"], abs=1e-3)
    assert split == "test" or after < before, "it was fitted there"
    app = opened("Calibration", split=split)
    assert f"{before:.3f} before calibration, {after:.3f} after" in texts(app)
    bins = {k: calibration.error(pd.DataFrame(v)) for k, v in figures["reliability"].items()}
    worse = bins["after"] > bins["before_temperature"]
    assert ("Why is the ECE larger after calibration?" in texts(app)) == worse


def test_calibration_error_of_the_bins_is_the_kept_one() -> None:
    figures = figures_of("classifier")
    app = opened("Calibration")
    assert metrics(app)["Calibration error (ECE) after"] == (
        f"{figures['overall']['ece']['value']:.3f}"
    )
    assert "Calibration error (ECE) before" in metrics(app)


@pytest.mark.parametrize("measure", groups.MEASURES)
@pytest.mark.parametrize("kind", list(figures_of("classifier")["slices"]))
def test_every_group_is_drawn_or_said_to_be_too_small(kind: str, measure: str) -> None:
    app = opened("Groups")
    app.segmented_control(key="slices_by").set_value(kind)
    app.segmented_control(key="slices_measure").set_value(measure).run()
    assert not app.exception
    kept = figures_of("classifier")["slices"][kind]
    measured = [g for g in kept.values() if (g.get(measure) or {}).get("value") is not None]
    assert len(spec(app)["data"]) == len(measured)
    few = next((c.value for c in app.caption if "Too few" in c.value), "")
    assert few.count(" lesions,") == len(kept) - len(measured)


def test_a_group_of_unknown_melanomas_says_nothing_of_them(weights: Path) -> None:
    path = weights / "classifier/evaluation-test.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    for group in figures["slices"]["sex"].values():
        del group["melanomas"]
        group.pop("melanoma_auc", None)
    path.write_text(json.dumps(figures), encoding="utf-8")
    app = opened("Groups", slices_by="sex", slices_measure="melanoma_auc")
    few = next(c.value for c in app.caption if "Too few" in c.value)
    assert " lesions)" in few
    assert "None" not in few


def test_cards_and_evaluations_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened("Comparison")
    read = []
    for kind in (Card, Evaluation):
        monkeypatch.setattr(kind, "read", lambda *found, **_: read.append(found))
    app = opened("Comparison")
    assert app.dataframe
    assert not read


def test_outlines_name_the_worst() -> None:
    app = opened("Outlines")
    worst = figures_of("segmenter")["worst"]
    pills = next(p for p in app.pills if p.key == "worst")
    assert list(pills.options) == [f"{i} · {v:.2f}" for i, v in worst.items()]
    counted = sum(np.sum(_numbers(bar["y"])) for bar in spec(app)["data"])
    assert counted == figures_of("segmenter")["images"]
    assert "python -m core dataset import" in texts(app)


def _numbers(values) -> np.ndarray:
    """A list, or an array as Plotly packs it."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.array(values)


def test_worst_outline_is_drawn_over_the_photo(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LESIONLAB_DATA", str(dataset.root.parent))
    app = opened("Outlines")
    alts = [image.proto.imgs[0].alt for image in app.image]
    assert len(alts) == 2
    assert "expert's mask" in alts[1]


def test_comparison_lists_what_is_here_and_what_is_published(alone: Path) -> None:
    shutil.copytree(alone / "segmenter", alone / "segmenter-large")
    app = opened("Comparison")
    outlines = app.dataframe[2].value
    published = [p.model for p in PUBLISHED if p.task == "segmenter"]
    assert list(outlines["Model"].iloc[-len(published) :]) == published
    assert len(outlines) == 2 + len(published)
    assert set(outlines["Measured on"].iloc[:2]) == {"test, 1,472 images"}
    assert all(p.url in texts(app) for p in PUBLISHED)


def test_means_of_several_views_stand_apart(alone: Path) -> None:
    views = figures_of("classifier") | {"views": 8}
    views["overall"] = {**views["overall"], "macro_f1": {"value": 0.9, "low": 0.8, "high": 1.0}}
    path = alone / "classifier/evaluation-test-8views.json"
    path.write_text(json.dumps(views), encoding="utf-8")
    rows = opened("Comparison").dataframe[0].value.iloc[:2]
    assert rows["Model"].tolist() == [
        "LesionLab ResNet-50",
        "LesionLab ResNet-50, mean of 8 views",
    ]
    assert rows["Macro-F1"].tolist()[1] == "0.900 (0.800 to 1.000)"


def test_two_labels_compare_with_seven_diagnoses_in_what_both_can_say(alone: Path) -> None:
    folder = alone / COMPARISON / "two-labels/classifier"
    folder.mkdir(parents=True)
    figures = figures_of("classifier")
    some = figures["classes"]["nv"]
    two = {**figures, "classes": {"benign": some, "malignant": some}}
    (folder / "evaluation-test.json").write_text(json.dumps(two), encoding="utf-8")
    training = {"epochs_trained": 3, "epoch_images": 1000, "stages": [{"epochs": 3, "size": 96}]}
    card = {"name": "another", "architecture": "resnet18", "training": training}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    app = opened("Comparison", comparison_experiments=True)
    assert not app.error
    diagnoses, malignant, _ = (frame.value for frame in app.dataframe[:3])
    name = f"{label('two-labels')} (ResNet-18)"
    assert name not in set(diagnoses["Model"]), "it names no diagnosis"
    rows = malignant.set_index("Model")
    assert rows.loc[name, "Learned from"] == "3,000 photo views, 96 px"
    view = figures["two_classes"]["malignant"]
    assert rows.loc[name, "AUC"].startswith(f"{view['auc']['value']:.3f} (")
    assert len(malignant) == 2
    assert malignant.iloc[0, 2:6].tolist() == malignant.iloc[1, 2:6].tolist(), "the same figures"


def test_comparison_goes_by_the_answer_and_the_split(alone: Path) -> None:
    app = opened("Comparison")
    for split in ("test", "validation"):
        app.segmented_control(key="split").set_value(split).run()
        for answer, part in ((RULE, "overall"), (MOST_PROBABLE, "most_probable")):
            app.segmented_control(key="answer").set_value(answer).run()
            first = app.dataframe[0].value.iloc[0]
            value = figures_of("classifier", split)[part]["macro_f1"]["value"]
            assert first[NAMES["macro_f1"]].startswith(f"{value:.3f} (")
            assert first["Measured on"].startswith(split)


def test_a_card_that_does_not_say_how_much_it_learned_leaves_a_dash(alone: Path) -> None:
    path = alone / "segmenter/card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"training": {"stages": []}}), encoding="utf-8")
    outlines = opened("Comparison").dataframe[2].value
    assert set(outlines["Learned from"]) == {"–"}


@pytest.mark.parametrize("damage", [None, b"{", b"{}"])
@pytest.mark.parametrize("tab", ["Overview", "Confusions", "Thresholds", "Calibration", "Groups"])
def test_missing_or_damaged_figures_get_a_sentence(weights: Path, tab: str, damage) -> None:
    path = weights / "classifier/evaluation-test.json"
    path.unlink() if damage is None else path.write_bytes(damage)
    app = opened(tab, split="test")
    assert len(app.error) == 1
    assert "`python -m train evaluate classifier --split test`" in read(app.error[0].value)
    app.segmented_control(key="split").set_value("validation").run()
    assert not app.exception
    assert not app.error


def test_missing_training_and_damaged_predictions_get_a_sentence(weights: Path) -> None:
    (weights / "segmenter/training.csv").unlink()
    (weights / "segmenter/predictions-test.parquet").write_bytes(b"no")
    app = opened("Learning")
    assert len(app.error) == 1
    assert len(app.get("plotly_chart")) == 1
    assert "train evaluate segmenter" in opened("Outlines").error[0].value


def test_the_worst_outlines_of_other_clinics_are_listed_without_their_photos() -> None:
    app = opened("Outlines", split=ELSEWHERE)
    assert not app.warning
    assert not [g for g in app.get("button_group") if g.key == "worst"]
    worst = figures_of("segmenter", ELSEWHERE)["worst"]
    assert app.dataframe[0].value["Image"].tolist() == list(worst)


def test_melanoma_is_told_first() -> None:
    report = classifier_report("test")
    truth, named = report.predictions["dx"], report.named(by_rule=True)
    found = ((truth == "mel") & (named == "mel")).sum()
    said = f"Of {(truth == 'mel').sum()} photos of melanoma **{found} were named melanoma**"
    words = texts(opened())
    assert said in words
    wrong = named[(truth == "mel").to_numpy() & (named != "mel")]
    most = max(set(wrong), key=list(wrong).count)
    taken = f"{list(wrong).count(most)} were taken for {BY_KEY[most].name_in_sentence}"
    assert taken in words
    assert words.index(said) < words.index("weakest F1 first")


def test_what_a_tab_shows_is_in_the_address() -> None:
    app = opened("Groups")
    app.segmented_control(key="slices_by").set_value("localization").run()
    app.segmented_control(key="slices_measure").set_value("melanoma_recall").run()
    assert app.query_params["by"] == "localization"
    assert app.query_params["measure"] == "melanoma_recall"
    app = opened("Thresholds")
    app.selectbox(key="question").set_value("mel").run()
    assert app.query_params["question"] == "mel"


def test_learning_says_by_what_an_epoch_was_kept_and_what_it_took() -> None:
    columns = ["epoch", "size", "seconds", "train_loss", "val_nll", "val_balanced_recall"]
    rows = [[0, 64, 100.0, 1.0, 0.9, 0.5], [1, 64, 900.0, 0.8, 0.7, 0.6], [2, 96, 200, 0.7, 0.8, 0]]
    table = pd.DataFrame(rows, columns=columns)
    said = learning.reading(table, 1, "was kept")
    assert "Epoch 1 was kept: it has the lowest negative log-likelihood on validation" in said
    assert NAMES["balanced_recall"] in said
    assert "its own size" in said
    assert "its own size" not in learning.reading(table.assign(validation_size=96), 1, "was kept")
    assert "elsewhere" in learning.criterion(table.assign(elsewhere_nll=1.0))
    assert "IoU" in learning.criterion(pd.DataFrame({"val_mean_iou": [0.8]}))
    for column in ("elsewhere_nll", "elsewhere_mean_iou"):  # what decides is drawn
        names = [t.name for t in learning.curves(table.assign(**{column: 0.5}), 1).data]
        assert sum(name.endswith(", elsewhere") for name in names) == 1
    took = learning.duration_of(table, Training(threads=2))
    assert "7 minutes of computing on 2 CPU threads" in took, "100 s twice and 200 s"
    assert "20 minutes by the clock" in took
    assert "clock" not in learning.duration_of(table.iloc[[0, 2]], Training())
    there = learning.duration_of(table, Training(threads=2, device="gpu"))
    assert "threads" not in there
    assert "GPU" in there


def test_figures_and_predictions_must_belong_together(weights: Path) -> None:
    path = weights / "classifier/predictions-test.parquet"
    pd.read_parquet(path).iloc[:100].to_parquet(path)
    assert "do not belong together" in opened().error[0].value


def test_a_damaged_evaluation_is_left_out_of_the_comparison(weights: Path) -> None:
    (weights / "classifier/evaluation-test.json").write_text("{")
    app = opened("Comparison")
    assert len(app.error) == 1
    assert sum("Measured on" in frame.value for frame in app.dataframe) == 3


def test_no_evaluation_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(tmp_path / "nowhere"))
    for tab in CHARTS:
        app = opened(tab.TITLE)
        assert app.error or tab in (comparison, critical)


def test_figures_of_other_weights_are_pointed_out(weights: Path) -> None:
    path = weights / "classifier/card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(card | {"sha256": "0" * 64}), encoding="utf-8")
    assert any("other weights" in w.value for w in opened().warning)


def test_a_new_file_is_read_at_once(weights: Path) -> None:
    app = opened()
    path = weights / "classifier/evaluation-test.json"
    figures = json.loads(path.read_text(encoding="utf-8"))
    figures["overall"]["macro_f1"]["value"] = 0.123
    path.write_text(json.dumps(figures), encoding="utf-8")
    app.run()
    assert metrics(app)["Macro-F1"] == "0.123"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of three classes, one of them absent, without rule, slices or most probable."""
    folder = tmp_path / "tiny" / "classifier"
    folder.mkdir(parents=True)
    classes = ("mel", "nv", "df")
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.4, 0.5, 0.1], [0.2, 0.7, 0.1]])
    labels = np.array([0, 1, 0, 1])
    named = p.argmax(axis=1)

    def figure(value: float) -> dict:
        kept = None if np.isnan(value) else value
        return {"value": kept, "low": kept, "high": kept}

    by_class = {
        key: {m: v if m == "support" else figure(v) for m, v in row.items()}
        for key, row in per_class(p, labels, classes).items()
    }
    bins = {"from": [0.4667], "confidence": [0.68], "accuracy": [0.75], "images": [4]}
    figures = {
        "split": "test",
        "images": 4,
        "lesions": 3,
        "intervals": "95 %, by hand",
        "overall": {k: figure(v) for k, v in classifier_summary(p, labels).items()},
        "classes": by_class,
        "confusion": {"classes": classes, "counts": confusion(named, labels, 3).tolist()},
        "reliability": {"before_temperature": bins, "after": bins},
        "two_classes": {},
        "slices": {},
    }
    (folder / "evaluation-test.json").write_text(json.dumps(figures), encoding="utf-8")
    table = pd.DataFrame(p, columns=list(classes), index=[f"image{n}" for n in range(4)])
    table["prediction"] = [classes[k] for k in named]
    table["dx"] = [classes[k] for k in labels]
    table["lesion_id"] = list("aabc")
    table.to_parquet(folder / "predictions-test.parquet")
    pd.DataFrame({"epoch": [0], "train_loss": [1.0]}).to_csv(folder / "training.csv", index=False)
    monkeypatch.setenv("LESIONLAB_WEIGHTS", str(folder.parent))
    return folder


def test_other_classes_and_bare_figures_are_shown_as_they_are(tiny: Path) -> None:
    app = opened("Overview")
    assert list(app.dataframe[0].value["Images"]) == [2, 2, 0]
    assert app.dataframe[0].value["F1"].iloc[-1] == "–"
    assert not [c for c in app.segmented_control if c.key == "answer"]
    app = opened("Confusions")
    cells = [trace for trace in spec(app)["data"] if trace.get("mode") == "text"]
    assert sum(len(trace["x"]) for trace in cells) == 9
    assert list(app.dataframe[0].value["Image"]) == ["image2"]
    app = opened("Thresholds")
    app.selectbox(key="question").set_value("df").run()
    assert "nothing to tell apart" in texts(app)
    for tab in ("Calibration", "Learning", "Comparison"):
        opened(tab)
    assert "no groups" in texts(opened("Groups"))


@pytest.mark.parametrize(
    ("tab", "key", "values"),
    [
        ("Overview", "class_measure", ["recall", "f1"]),
        ("Confusions", "cells", [confusions.COUNTS, confusions.SHARES]),
        ("Thresholds", "threshold", [10, 60]),
        ("Groups", "slices_measure", ["melanoma_auc", "accuracy"]),
        ("Outlines", "outline_measure", ["dice", "iou"]),
    ],
)
def test_controls_answer_from_what_was_read(
    tab: str, key: str, values: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened(tab)
    read_again = []
    monkeypatch.setattr("core.evaluation.reports.read_predictions", lambda *_: read_again.append(1))
    control = app.slider if key == "threshold" else app.segmented_control
    for value in values:
        control(key=key).set_value(value).run()
        assert not app.exception
    assert not read_again
