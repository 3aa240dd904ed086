"""Points of curves, to draw and to read thresholds off.

Plain NumPy, since pages draw them: scikit-learn takes seconds and tens of megabytes to import, and
its curves are the same (a test compares). SciPy is needed only for the area.
"""

import numpy as np

POINTS = 200
"""Points kept of a curve: more than a screen can show."""

BINS = 15
"""Of the calibration error, and of the curve that it is read off."""

Points = dict[str, list[float]]


def roc(truth: np.ndarray, score: np.ndarray) -> Points:
    """Receiver operating characteristic of bool N against scores N: threshold, sensitivity and
    specificity of "score ≥ threshold"; empty lists if one side is absent."""
    if truth.all() or not truth.any():
        return {"threshold": [], "sensitivity": [], "specificity": []}
    threshold, right, wrong = _called(truth, score)
    bends = (np.diff(right, 2) != 0) | (np.diff(wrong, 2) != 0)  # points on a line add nothing
    kept = np.concatenate([[True], bends, [True]])[-len(right) :]
    threshold, right, wrong = (
        np.concatenate([[first], values[kept]])
        for first, values in ((1.0, threshold), (0.0, right), (0.0, wrong))
    )
    return _thinned(
        threshold=np.minimum(threshold, 1),
        sensitivity=right / right[-1],
        specificity=1 - wrong / wrong[-1],
    )


def precision_recall(truth: np.ndarray, score: np.ndarray) -> Points:
    """Precision-recall curve: threshold, precision and recall of "score ≥ threshold"."""
    if not truth.any():
        return {"threshold": [], "precision": [], "recall": []}
    threshold, right, wrong = (values[::-1] for values in _called(truth, score))
    return _thinned(
        threshold=np.append(threshold, 1.0),
        precision=np.append(right / (right + wrong), 1.0),
        recall=np.append(right / right[0], 0.0),
    )


def _called(truth: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each score as a threshold, the highest first, with how many "score ≥ threshold" there are
    rightly and wrongly."""
    order = np.argsort(-score, kind="stable")
    sorted_score, hits = score[order], np.cumsum(truth[order])
    last = np.append(np.flatnonzero(np.diff(sorted_score)), len(score) - 1)
    return sorted_score[last], hits[last].astype(float), (1 + last - hits[last]).astype(float)


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> Points:
    """Confidence of the most probable class against how often it is right, in equal-width bins that
    hold an image: lower edge, confidence, accuracy, images (Guo et al., ICML 2017)."""
    confidence, right, index = binned(probabilities, labels, bins)
    filled = np.unique(index)
    return {
        "from": [round(b / bins, 4) for b in filled],
        "confidence": [float(confidence[index == b].mean()) for b in filled],
        "accuracy": [float(right[index == b].mean()) for b in filled],
        "images": [int((index == b).sum()) for b in filled],
    }


def binned(
    probabilities: np.ndarray, labels: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each image the confidence in the most probable class, whether that is right (bool), and
    which of so many bins of equal width the confidence is in."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    return confidence, right, np.minimum((confidence * bins).astype(int), bins - 1)


def operating_point(truth: np.ndarray, score: np.ndarray, sensitivity: float) -> dict[str, float]:
    """The highest threshold whose sensitivity reaches the wanted one, with what it gives.

    Raises:
        ValueError: one side is absent.
    """
    if truth.all() or not truth.any():
        raise ValueError("An operating point needs both sides.")
    best_first = np.sort(score[truth])[::-1]
    found = np.arange(1, len(best_first) + 1) / len(best_first)
    return at_threshold(truth, score, float(best_first[np.argmax(found >= sensitivity)]))


def at_threshold(truth: np.ndarray, score: np.ndarray, threshold: float) -> dict[str, float]:
    """Sensitivity and specificity of "score ≥ threshold"; NaN where a side is absent."""
    called = score >= threshold
    return {
        "threshold": float(threshold),
        "sensitivity": float(called[truth].mean()) if truth.any() else float("nan"),
        "specificity": float((~called[~truth]).mean()) if (~truth).any() else float("nan"),
    }


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the receiver operating characteristic; NaN if one side is absent."""
    positives = int(truth.sum())
    negatives = len(truth) - positives
    if not positives or not negatives:
        return float("nan")
    from scipy.stats import rankdata

    # Mann and Whitney's U: many times faster than from the curve, which bootstraps feel.
    above = rankdata(score)[truth].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Mean precision over the steps of recall, of bool N against scores N: Σ (Rₙ - Rₙ₋₁)·Pₙ, 0…1;
    NaN if no image is positive."""
    if not truth.any():
        return float("nan")
    _, right, wrong = _called(truth, score)
    return float((np.diff(right, prepend=0.0) / right[-1] * (right / (right + wrong))).sum())


def _thinned(**columns: np.ndarray) -> Points:
    """At most `POINTS` of the points, evenly along the curve, both ends kept."""
    length = len(next(iter(columns.values())))
    kept = np.unique(np.linspace(0, length - 1, min(length, POINTS)).round().astype(int))
    return {name: np.round(values[kept], 5).tolist() for name, values in columns.items()}
