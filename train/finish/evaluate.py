"""`python -m train evaluate`: honest figures of a model, and every single prediction.

Writes `predictions-<split>.parquet` and `evaluation-<split>.json` into the model's folder
(`weights/<model>/`, or a run's), and puts the overall figures onto the card. Figures of the shipped
weights go through the very runtime that the app uses; all come with 95 % intervals by bootstrap
over lesions. Open the test split once per reported model. Validation-elsewhere (`--more`, see
`train.data.elsewhere`) is measured and kept likewise; any other photos (`--images`) are measured
too, but written to a folder of one's own.
"""

import hashlib
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.answer.analyser import DECODED_PX, Analyser, mask_of
from core.answer.eight_views import views as turned
from core.answer.eight_views import views_back
from core.evaluation import curves, files
from core.evaluation.figures import Figure, Rule
from core.evaluation.metrics import (
    ECE_INTERVAL,
    FAILED_BELOW,
    answer_summary,
    answers_per_class,
    confusion,
    ece_interval,
    expected_calibration_error,
    macro_auc,
    mask_scores,
    negative_log_likelihood,
    per_class,
    segmenter_summary,
)
from core.ham10000.splits import SPLITS, check_split
from core.imaging.black_frame import network_input
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.decision import Decision
from core.models.reference import Reference
from core.system.records import plain
from core.taxonomy import BY_KEY
from train.data.arrays import TWO_LABELS, read_photo
from train.data.sources import Source
from train.finish.features import Classify, Segment
from train.finish.spread import by_class, figure, with_intervals

BATCH = 16
DRAWS = 2000
RUN_DRAWS = 200
"""Resamples for the intervals of a run's figures, which should not take longer than the run: their
ends are some percent of their width rougher."""
SENSITIVITIES = (0.8, 0.9, 0.95)
"""Operating points of the two-class views."""
SMALLEST_SLICE = 20
"""Fewer images than this are counted, not measured."""
AGES = ((0, 40, "under 40"), (40, 60, "40 to 59"), (60, 200, "60 and over"))
FIXED_SUBSET = 50
"""Masks in the subset that student projects report on; here those with the lowest SHA-256 of id."""
Keep = Callable[[str, np.ndarray], None]
"""Takes an image's id and its mask, bool H×W."""


class Measurement(NamedTuple):
    """The figures, and every single prediction (`core.evaluation.files.read_predictions`)."""

    figures: files.Evaluation
    predictions: pd.DataFrame


def evaluate_classifier(
    source: Source,
    card: Card,
    classify: Classify,
    reference: Reference | None,
    views: int,
    draws: int,
) -> Measurement:
    """Class probabilities for every photo, and their measures with intervals.

    Args:
        source: its `dx` are classes of the card's.
        reference: what its photos are compared with, if it has that; else no novelty is measured.
        views: of each photo, whose scores are averaged.
        draws: resamples for the intervals.

    Returns:
        two-class views and slices are there for those classes and facts that the source has.

    Raises:
        SplitError: the model was made for another split of the dataset.
    """
    _check_source(card, source)
    table, classes = source.table, card.classes
    calibration, decision = Calibration.of(card), Decision.of(card)
    logits, novelty = [], []
    for _, batch in _photos(source, card.input.size):
        scores = [classify(view) for view in turned(batch, views)]
        logits.append(np.mean([s.logits for s in scores], axis=0))
        if reference is not None:
            novelty += list(reference.familiar.novelty(scores[0].textures))
    z = np.concatenate(logits).astype(np.float64)
    p = calibration(z)
    named = decision(p)
    labels = table["dx"].map(classes.index).to_numpy()
    groups = table["lesion_id"].to_numpy()
    predictions = table[["lesion_id", "dx"]].assign(prediction=[classes[k] for k in named])
    predictions = predictions.join(pd.DataFrame(p, table.index, list(classes)))
    if reference is not None:
        predictions["novelty"] = novelty
    raw = Calibration(1.0, calibration.prior)(z)
    likeliest = p.argmax(axis=1)

    def measured(r: np.ndarray) -> dict[str, float]:
        return {
            **answer_summary(named[r], labels[r], len(classes)),
            "macro_auc": macro_auc(p[r], labels[r]),
            "nll": negative_log_likelihood(p[r], labels[r]),
        }

    overall = with_intervals(measured, groups, draws)
    ece = expected_calibration_error(p, labels)
    overall["ece"] = figure(ece, ece_interval(p, labels, groups, draws))
    by_key = by_class(
        lambda r: per_class(p[r], labels[r], classes, named[r]), groups, draws, labels, named
    )
    by_key_likeliest = by_class(
        lambda r: answers_per_class(likeliest[r], labels[r], classes),
        groups,
        draws,
        labels,
        likeliest,
    )
    most_probable = with_intervals(
        lambda r: answer_summary(likeliest[r], labels[r], len(classes)), groups, draws
    )
    others: dict[str, Any] = {
        "curves": {
            key: {
                "roc": curves.roc(labels == k, p[:, k]),
                "precision_recall": curves.precision_recall(labels == k, p[:, k]),
            }
            for k, key in enumerate(classes)
        },
    }
    if reference is not None:
        others["flagged_unlike"] = float((np.array(novelty) > reference.threshold).mean())
    figures = files.ClassifierEvaluation(
        **_counts(source, draws),
        views=views,
        decision=card.decision if isinstance(card.decision, Rule) else None,
        overall=overall,
        ece_interval=ECE_INTERVAL,
        most_probable=most_probable,
        most_probable_classes=by_key_likeliest,
        classes=dict(sorted(by_key.items(), key=lambda item: _or_last(item[1].figures["f1"]))),
        confusion=files.Confusion(
            classes=classes,
            counts=_rows(confusion(named, labels, len(classes))),
            most_probable=_rows(confusion(likeliest, labels, len(classes))),
        ),
        reliability={
            name: {
                column: tuple(values) for column, values in curves.reliability(q, labels).items()
            }
            for name, q in (("before_temperature", raw), ("after", p))
        },
        two_classes={
            name: _two_classes(np.isin(labels, positive), p[:, positive].sum(axis=1), groups, draws)
            for name, positive in _two_class_views(classes).items()
        },
        slices=_slices(table, p, labels, named, classes, draws),
        others=plain(others),
    )
    return Measurement(figures, predictions.round(5))


def evaluate_segmenter(
    source: Source,
    card: Card,
    segment: Segment,
    views: int,
    draws: int,
    keep: Keep | None = None,
) -> Measurement:
    """Dice and IoU of every mask at the size of the original mask; see `evaluate_classifier`.
    `keep` takes each mask."""
    _check_source(card, source)
    table = source.table
    rows = []
    for ids, batch in _photos(source, card.input.size):
        answers = [segment(view) for view in turned(batch, views)]
        logits = np.mean(views_back(answers), axis=0)
        for image_id, scores in zip(ids, logits, strict=True):
            truth = source.mask(image_id)
            found = mask_of(scores, truth.shape[1], truth.shape[0])
            if keep is not None:
                keep(image_id, found)
            rows.append((*mask_scores(found, truth), float((found == truth).mean())))
    scores = pd.DataFrame(rows, columns=["dice", "iou", "pixel_accuracy"], index=table.index)
    scores.insert(0, "lesion_id", table["lesion_id"])
    dice, iou = scores["dice"].to_numpy(), scores["iou"].to_numpy()
    order = sorted(table.index, key=lambda i: hashlib.sha256(str(i).encode()).hexdigest())
    some = scores.loc[order[:FIXED_SUBSET]]
    subset = {"images": len(some), "how": "lowest SHA-256 of the image id"}
    figures = files.SegmenterEvaluation(
        **_counts(source, draws),
        views=views,
        overall=with_intervals(
            lambda r: segmenter_summary(dice[r], iou[r]), table["lesion_id"].to_numpy(), draws
        ),
        distribution=_distribution(scores),
        worst={str(i): round(float(v), 4) for i, v in scores["iou"].nsmallest(20).items()},
        others={"subset": subset | _distribution(some).as_dict()},
    )
    return Measurement(figures, scores.round(5))


def evaluate_shipped(
    kind: str, source: Source, analyser: Analyser, views: int = 1, keep: Keep | None = None
) -> Measurement:
    """One of the two models of an analyser, through its runtime; `keep` takes each mask."""
    runtime = analyser.runtime
    if kind == "classifier":
        card, reference = analyser.classifier_card, analyser.reference
        return evaluate_classifier(source, card, runtime.classify, reference, views, DRAWS)
    card = analyser.segmenter_card
    return evaluate_segmenter(source, card, runtime.segment, views, DRAWS, keep)


def _photos(source: Source, size: int) -> Iterator[tuple[list[str], np.ndarray]]:
    """Batches of photos as the networks see them: ids and uint8 N×size×size×3."""
    ids = [str(i) for i in source.table.index]
    for start in tqdm(range(0, len(ids), BATCH), "Analysing", unit_scale=BATCH, disable=None):
        chunk = ids[start : start + BATCH]
        photos = [read_photo(source.photo(i), i, DECODED_PX).rgb for i in chunk]
        yield chunk, np.stack([network_input(photo, size) for photo in photos])


def _two_class_views(classes: tuple[str, ...]) -> dict[str, list[int]]:
    """Yes-no questions that the classes can answer, with the places of those that mean yes."""
    known = [BY_KEY[key].malignant if key in BY_KEY else None for key in classes]
    views = {"malignant": [k for k, yes in enumerate(known) if yes]} if None not in known else {}
    if classes == TWO_LABELS:
        views["malignant"] = [classes.index("malignant")]
    if "mel" in classes:
        views["mel"] = [classes.index("mel")]
    return views


def _two_classes(
    truth: np.ndarray, score: np.ndarray, groups: np.ndarray, draws: int
) -> files.TwoClasses:
    """A yes-no view of the probabilities: bool N against score N."""
    points = {}
    if truth.any() and not truth.all():
        points = {
            f"sensitivity {wanted:.0%}": plain(curves.operating_point(truth, score, wanted))
            for wanted in SENSITIVITIES
        }
    return files.TwoClasses(
        auc=with_intervals(lambda r: {"auc": curves.auc(truth[r], score[r])}, groups, draws)["auc"],
        at_half=plain(curves.at_threshold(truth, score, 0.5)),
        operating_points=points,
        others={"positives": int(truth.sum()), "roc": plain(curves.roc(truth, score))},
    )


def _slices(
    table: pd.DataFrame,
    p: np.ndarray,
    labels: np.ndarray,
    named: np.ndarray,
    classes: tuple[str, ...],
    draws: int,
) -> dict[str, dict[str, files.Group]]:
    """Accuracy and, where melanoma is a class, its recall and its AUC, where age, sex, site or
    confirmation are known."""
    groups = table["lesion_id"].to_numpy()
    mel = classes.index("mel") if "mel" in classes else None
    kinds: dict[str, pd.Series] = {
        k: table[k] for k in ("sex", "localization", "dx_type") if k in table
    }
    if "age" in table:
        bands = pd.Series("unknown", index=table.index)
        for low, high, band in AGES:
            bands[(table["age"] >= low) & (table["age"] < high)] = band
        kinds = {"age": bands, **kinds}

    def measured(rows: np.ndarray) -> dict[str, float]:
        right = {"accuracy": float((named[rows] == labels[rows]).mean())}
        if mel is None:
            return right
        sick = labels[rows] == mel
        return {
            **right,
            "melanoma_recall": float((named[rows] == mel)[sick].mean()) if sick.any() else math.nan,
            "melanoma_auc": curves.auc(sick, p[rows, mel]),
        }

    found: dict[str, dict[str, files.Group]] = {}
    for kind, known in kinds.items():
        found[kind] = {}
        values = known.fillna("unknown")
        for value in sorted(values.unique()):
            rows = np.flatnonzero(values == value)
            lesions, figures = groups[rows], {}
            if len(rows) >= SMALLEST_SLICE:
                shares = {"accuracy": lesions, "melanoma_recall": lesions[labels[rows] == mel]}
                figures = with_intervals(lambda r: measured(rows[r]), lesions, draws, shares)  # noqa: B023
            found[kind][str(value)] = files.Group(
                images=len(rows),
                lesions=len(set(lesions)),
                melanomas=None if mel is None else int((labels[rows] == mel).sum()),
                figures=figures,
            )
    return found


def _distribution(scores: pd.DataFrame) -> files.Distribution:
    """Mean, standard deviation, extremes and percentiles, as student projects give them."""

    def spread(name: str) -> files.Spread:
        values = scores[name]
        return files.Spread(
            mean=float(values.mean()),
            sd=plain(float(values.std())),
            percentiles={str(q): float(values.quantile(q / 100)) for q in (5, 25, 50, 75, 95)},
            others={"min": float(values.min()), "max": float(values.max())},
        )

    return files.Distribution(
        dice=spread("dice"),
        iou=spread("iou"),
        pixel_accuracy=spread("pixel_accuracy"),
        failed=float((scores["iou"] < FAILED_BELOW).mean()),
    )


def _check_source(card: Card, source: Source) -> None:
    if source.about["split"] in SPLITS:
        check_split(card, source.about["split_id"])


def _counts(source: Source, draws: int) -> dict[str, Any]:
    table = source.table
    name = str(table.index[0])
    first = read_photo(source.photo(name), name)
    return {
        "intervals": f"95 %, bootstrap over lesions, {draws} draws",
        **source.about,
        "photo_px": f"{first.width}×{first.height}",
        "images": len(table),
        "lesions": int(table["lesion_id"].nunique()),
    }


def _or_last(figure: Figure) -> float:
    return math.inf if figure.value is None else figure.value


def _rows(counts: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(map(tuple, counts.tolist()))
