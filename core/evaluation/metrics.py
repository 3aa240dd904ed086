"""Measures of classifiers and masks, with intervals. Plain NumPy; no torch.

Precision, recall, F1 and average precision are scikit-learn's (a test compares), but many times
faster, which bootstraps feel; nor need pages import it, which takes seconds and tens of megabytes.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from core.evaluation.curves import BINS, auc, average_precision, binned
from core.evaluation.shares import share

NAMES = {
    "macro_f1": "Macro-F1",
    "balanced_accuracy": "Balanced accuracy",
    "balanced_recall": "Balanced accuracy at equal priors",
    "macro_auc": "Macro one-vs-rest AUC",
    "accuracy": "Accuracy",
    "most_probable_macro_f1": "Macro-F1 of the most probable class",
    "most_probable_balanced_accuracy": "Balanced accuracy of the most probable class",
    "most_probable_accuracy": "Accuracy of the most probable class",
    "ece": "Calibration error (ECE, 15 bins)",
    "nll": "Negative log-likelihood (nats)",
    "mean_iou": "Mean IoU",
    "mean_dice": "Mean Dice",
    "thresholded_jaccard": "Thresholded Jaccard (0 below 0.65)",
    "failed": "Failed masks (IoU below 0.65)",
}
"""Measures as people call them, in the order to show them."""

_TRAINING_NAMES = {"train_loss": "Training loss", "train_accuracy": "Accuracy on training photos"}

CLASS_NAMES = {
    "f1": "F1",
    "recall": "Sensitivity",
    "precision": "PPV",
    "auc": "AUC",
    "ap": "Average precision",
}
"""The same of one class's measures: sensitivity and positive predictive value, as clinicians say,
are what scikit-learn calls recall and precision."""

FAILED_BELOW = 0.65
"""Below this IoU a mask counts as failed (ISIC 2018 task 1's thresholded Jaccard index)."""

ECE_INTERVAL = "bounds from resampled gaps of the bins (core.evaluation.metrics.ece_interval)"
"""How evaluations say that theirs is of `ece_interval`."""


def column_title(column: str) -> str:
    """What a column of a training's table is called, such as `val_nll` or `train_loss`."""
    if column in _TRAINING_NAMES:
        return _TRAINING_NAMES[column]
    where, _, key = column.partition("_")
    name = NAMES.get(key, column)
    return f"{name}, elsewhere" if where == "elsewhere" else name


def negative_log_likelihood(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean -log p of the true class, in nats."""
    p = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.clip(p, 1e-12, None)).mean())


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS
) -> float:
    """ECE of the top class over equal-width bins (Guo et al., "On Calibration of Modern Neural
    Networks", ICML 2017): mean |confidence - accuracy|, weighted by bin size; 0…1."""
    return float(np.abs(_gaps(probabilities, labels, bins).mean(axis=0)).sum())


def _gaps(probabilities: np.ndarray, labels: np.ndarray, bins: int) -> np.ndarray:
    """Confidence - correctness of each image in the column of its bin, 0 elsewhere: float N×bins.
    The mean over images is each bin's gap, weighted by its share of the images."""
    confidence, right, index = binned(probabilities, labels, bins)
    gaps = np.zeros((len(labels), bins))
    gaps[np.arange(len(labels)), index] = confidence - right
    return gaps


def balanced_accuracy(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Mean recall over the classes present in `labels`, 0…1."""
    _, label = np.unique(labels, return_inverse=True)
    return float(np.mean(np.bincount(label, predicted == labels) / np.bincount(label)))


def classifier_summary(
    probabilities: np.ndarray, labels: np.ndarray, predicted: np.ndarray | None = None
) -> dict[str, float]:
    """Overall measures from probabilities N×K and labels N.

    Macro averages run over the classes present in `labels`; the predicted class is the argmax,
    unless `predicted` (N class indices) gives another.
    """
    predicted = probabilities.argmax(axis=1) if predicted is None else predicted
    return {
        **answer_summary(predicted, labels, probabilities.shape[1]),
        "macro_auc": macro_auc(probabilities, labels),
        "nll": negative_log_likelihood(probabilities, labels),
        "ece": expected_calibration_error(probabilities, labels),
    }


def answer_summary(predicted: np.ndarray, labels: np.ndarray, classes: int) -> dict[str, float]:
    """The part of `classifier_summary` that follows from the answers alone, N class indices."""
    _, _, f1 = _precision_recall_f1(confusion(predicted, labels, classes))
    return {
        "accuracy": float((predicted == labels).mean()),
        "balanced_accuracy": balanced_accuracy(predicted, labels),
        "macro_f1": float(f1[np.unique(labels)].mean()),
    }


def macro_auc(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Mean one-vs-rest AUC of the classes present in `labels`; NaN if there is only one."""
    present = np.unique(labels)
    aucs = [auc(labels == k, probabilities[:, k]) for k in present if (labels != k).any()]
    return float(np.mean(aucs)) if aucs else float("nan")


def per_class(
    probabilities: np.ndarray,
    labels: np.ndarray,
    names: tuple[str, ...],
    predicted: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each class from what was `predicted` (N class indices,
    by default the argmax), one-vs-rest AUC and average precision from its probability; NaN where
    the class is absent."""
    predicted = probabilities.argmax(axis=1) if predicted is None else predicted
    rows = answers_per_class(predicted, labels, names)
    for i, row in enumerate(rows.values()):
        row["auc"] = auc(labels == i, probabilities[:, i])
        row["ap"] = average_precision(labels == i, probabilities[:, i])
    return rows


def answers_per_class(
    predicted: np.ndarray, labels: np.ndarray, names: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    """The part of `per_class` that follows from the answers alone."""
    counts = confusion(predicted, labels, len(names))
    support = counts.sum(axis=1)
    precision, recall, f1 = _precision_recall_f1(counts)
    return {
        name: {
            "precision": float(precision[i]),
            "recall": float(recall[i]),
            "f1": float(f1[i]),
            "support": int(support[i]),
        }
        for i, name in enumerate(names)
    }


def _precision_recall_f1(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each class, from a confusion matrix K×K: float K each, NaN where the class is absent, and
    the precision of a class that was never named."""
    hits, named, support = np.diag(counts), counts.sum(axis=0), counts.sum(axis=1)
    absent = np.where(support > 0, 0.0, np.nan)
    return (
        np.where(named > 0, hits / np.maximum(named, 1), np.nan) + absent,
        hits / np.maximum(support, 1) + absent,
        2 * hits / np.maximum(named + support, 1) + absent,
    )


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Confusion matrix K×K of counts: rows the true class, columns the predicted one."""
    counts = np.bincount(np.asarray(labels) * classes + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def mask_scores(predicted: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Dice and IoU of two bool masks of one shape; both 1 if both are empty."""
    if predicted.shape != truth.shape:
        raise ValueError(f"Masks differ in shape: {predicted.shape} and {truth.shape}.")
    both = int(np.count_nonzero(predicted & truth))
    total = int(np.count_nonzero(predicted)) + int(np.count_nonzero(truth))
    if total == 0:
        return 1.0, 1.0
    return 2 * both / total, both / (total - both)


def segmenter_summary(dice: np.ndarray, iou: np.ndarray) -> dict[str, float]:
    """Means over images, ISIC's thresholded Jaccard (0 below 0.65) and the share that failed."""
    return {
        "mean_dice": float(dice.mean()),
        "mean_iou": float(iou.mean()),
        "thresholded_jaccard": float(np.where(iou >= FAILED_BELOW, iou, 0).mean()),
        "failed": float((iou < FAILED_BELOW).mean()),
    }


def bootstrap(
    measure: Callable[[np.ndarray], dict[str, float]],
    groups: np.ndarray,
    draws: int = 2000,
) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals by resampling whole lesions (cluster bootstrap: Field & Welsh,
    J. R. Stat. Soc. B 69, 2007), since images of one lesion are not independent.

    Args:
        measure: from row indices (with repeats) to named figures.
        groups: lesion id of each row.
        draws: number of resamples.
    """
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(groups[order], return_index=True)
    members = np.split(order, starts[1:])
    rng = np.random.default_rng(0)
    results: dict[str, list[float]] = {}
    for _ in range(draws):
        chosen = rng.integers(0, len(members), len(members))
        for name, value in measure(np.concatenate([members[i] for i in chosen])).items():
            results.setdefault(name, []).append(value)
    return {name: _interval(np.array(values)) for name, values in results.items()}


def bootstrap_ratios(
    above: np.ndarray,
    below: np.ndarray,
    groups: np.ndarray,
    draws: int = 2000,
    proportions: Sequence[bool] | None = None,
) -> np.ndarray:
    """The intervals of `bootstrap`, from the same draws, for figures that are one sum over images
    divided by another: sensitivity, precision, F1 (2·hits over named plus true), accuracy. One
    matrix product does all draws, so that pages can ask for them while somebody moves a slider.

    Args:
        above: what each image adds above the line, float N×F.
        below: what it adds below the line, float N×F.
        groups: lesion id of each row.
        proportions: which of the F are shares of images (F1 is none); by default all.

    Returns:
        float F×2, lower and upper end; NaN where there was never anything below the line. Where all
        draws agree, that of `exact_interval` over lesions for a proportion, else NaN.
    """
    _, lesion = np.unique(groups, return_inverse=True)
    sums = np.zeros((lesion.max() + 1, 2 * above.shape[1]), np.float32)
    np.add.at(sums, lesion, np.hstack([above, below]))
    drawn = _times_drawn(len(sums), draws) @ sums
    over, under = np.hsplit(drawn, 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = np.where(under > 0, over / under, np.nan)
    ends = np.array([_interval(column) for column in ratios.T.astype(np.float64)])
    shares = np.ones(len(ends), bool) if proportions is None else np.asarray(proportions)
    for place in np.flatnonzero(ends[:, 0] == ends[:, 1]):
        counted = (below[:, place] > 0) & shares[place]
        lesions = len(np.unique(lesion[counted]))
        ends[place] = exact_interval(float(ends[place, 0]), lesions)
    return ends


def exact_interval(value: float, lesions: int) -> tuple[float, float]:
    """95 % interval of a share of so many lesions that is 0 or 1, where a bootstrap knows no doubt:
    no draw has what never was seen, see `core.evaluation.shares`. NaN for any other share, or of
    none."""
    if not lesions or value not in (0, 1):
        return float("nan"), float("nan")
    found = share(round(value * lesions), lesions)
    return found.low, found.high


def ece_interval(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, draws: int = 2000
) -> tuple[float, float]:
    """95 % interval of `expected_calibration_error`, from the draws of `bootstrap`.

    The ECE is a sum of absolute values, Σ|gap of a bin|: noise alone makes it positive, and every
    resample adds more of it, so percentiles of resampled ECEs lie too high (for a calibrated model
    they never cover 0). Where gaps are near 0 no bootstrap of the ECE itself is valid (Fang &
    Santos, "Inference on Directionally Differentiable Functions", Rev. Econ. Stud. 86, 2019). The
    gaps are means, so for them it is. With e the errors of the estimated gaps, as their resamples
    scatter, each end is an inequality for the absolute value:

    - |gap + e| ≤ |gap| + |e|, so the ECE is at least the estimate - Σ|e|;
    - |gap + e| ≥ |gap| + sign(gap)·e, so it is at most the estimate - Σ sign·e.

    The interval covers at least as often as it says; it is wide where the model is nearly
    calibrated. It is of the ECE over these bins, not of an ECE over ever finer ones.

    Args:
        probabilities: float N×K.
        labels: class index of each image.
        groups: lesion id of each image.
    """
    gaps = _gaps(probabilities, labels, BINS)
    _, lesion = np.unique(groups, return_inverse=True)
    sums = np.zeros((lesion.max() + 1, BINS))
    np.add.at(sums, lesion, gaps)
    times = _times_drawn(len(sums), draws).astype(np.float64)
    estimate = gaps.mean(axis=0)
    errors = times @ sums / (times @ np.bincount(lesion))[:, None] - estimate
    ece = np.abs(estimate).sum()
    low = ece - np.percentile(np.abs(errors).sum(axis=1), 97.5)
    high = ece - np.percentile(errors @ np.sign(estimate), 2.5)
    return float(max(low, 0)), float(min(high, 1))


@lru_cache(maxsize=4)
def _times_drawn(lesions: int, draws: int) -> np.ndarray:
    """How often each lesion is drawn in each resample of `bootstrap`, float32 draws×lesions."""
    chosen = np.random.default_rng(0).integers(0, lesions, (draws, lesions))
    chosen += np.arange(draws)[:, None] * lesions
    counts = np.bincount(chosen.ravel(), minlength=draws * lesions)
    return counts.reshape(draws, lesions).astype(np.float32)


def _interval(values: np.ndarray) -> tuple[float, float]:
    """2.5th and 97.5th percentile of the draws in which there was something to measure."""
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
