"""`python -m train evaluate`: what the shipped weights do on a split, exactly as the app runs them.

Photos are decoded and resized by `core.imaging` and run by `core.runtime`; masks are compared with
the original masks at their full size. Writes per-image predictions (Parquet) and all figures (JSON)
beside the weights, and the headline into the model's card.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.analyser import Analyser, mask_of
from core.dataset import Dataset
from core.imaging import LesionImage, resize
from core.metrics import (
    bootstrap,
    classifier_summary,
    confusion,
    mask_scores,
    per_class,
    segmenter_summary,
)
from core.settings import Settings
from core.splits import SplitError
from core.weights import Card, read_card, write_card

BATCH = 16
DRAWS = 2000


def evaluate_classifier(dataset: Dataset, analyser: Analyser, split: str) -> dict[str, Any]:
    """Class probabilities for every photo of a split, and their measures with intervals."""
    _check_split(analyser.classifier_card, dataset)
    table = dataset.table[dataset.table["split"] == split]
    size = analyser.classifier_card["input"]["size"]
    probabilities, novelty = [], []
    for _, batch in _photos(dataset, list(table.index), size):
        scores = analyser.runtime.classify(batch)
        probabilities.append(analyser.calibrate(scores.logits))
        novelty += [analyser.reference.novelty(e) for e in scores.embeddings]
    p = np.concatenate(probabilities).astype(np.float64)
    labels = table["dx"].map(analyser.classes.index).to_numpy()
    predictions = pd.DataFrame(p, columns=list(analyser.classes), index=table.index)
    predictions.insert(0, "dx", table["dx"])
    predictions.insert(0, "lesion_id", table["lesion_id"])
    predictions["novelty"] = novelty

    def overall(rows: np.ndarray) -> dict[str, float]:
        return classifier_summary(p[rows], labels[rows])

    def recalls(rows: np.ndarray) -> dict[str, float]:
        hit = p[rows].argmax(axis=1) == labels[rows]
        return {
            key: float(hit[labels[rows] == k].mean()) if (labels[rows] == k).any() else math.nan
            for k, key in enumerate(analyser.classes)
        }

    classes = per_class(p, labels, analyser.classes)
    spread = bootstrap(recalls, table["lesion_id"].to_numpy(), DRAWS)
    for key, row in classes.items():
        row["recall_low"], row["recall_high"] = spread[key]
    figures = {
        **_counts(table, dataset, split),
        "overall": _with_intervals(overall, table["lesion_id"].to_numpy()),
        "classes": dict(sorted(classes.items(), key=lambda item: item[1]["f1"])),
        "confusion": {"classes": analyser.classes, "counts": confusion(p, labels).tolist()},
        "flagged_unlike": float((np.array(novelty) > analyser.reference.threshold).mean()),
    }
    return _write("classifier", split, figures, predictions.round(5))


def evaluate_segmenter(dataset: Dataset, analyser: Analyser, split: str) -> dict[str, Any]:
    """Dice and IoU of every mask of a split at the size of the original mask."""
    _check_split(analyser.segmenter_card, dataset)
    table = dataset.table[(dataset.table["split"] == split) & dataset.table["has_mask"]]
    size = analyser.segmenter_card["input"]["size"]
    rows = []
    for ids, batch in _photos(dataset, list(table.index), size):
        for image_id, logits in zip(ids, analyser.runtime.segment(batch), strict=True):
            truth = dataset.mask(image_id)
            found = mask_of(logits, truth.shape[1], truth.shape[0])
            rows.append((*mask_scores(found, truth), float((found == truth).mean())))
    scores = pd.DataFrame(rows, columns=["dice", "iou", "pixel_accuracy"], index=table.index)
    scores.insert(0, "lesion_id", table["lesion_id"])
    dice, iou = scores["dice"].to_numpy(), scores["iou"].to_numpy()
    figures = {
        **_counts(table, dataset, split),
        "overall": _with_intervals(
            lambda rows: segmenter_summary(dice[rows], iou[rows]), table["lesion_id"].to_numpy()
        ),
        "distribution": {
            name: {
                "mean": float(scores[name].mean()),
                "sd": float(scores[name].std()),
                "min": float(scores[name].min()),
                "max": float(scores[name].max()),
            }
            for name in ("dice", "iou", "pixel_accuracy")
        },
        "worst": {str(i): round(float(v), 4) for i, v in scores["iou"].nsmallest(20).items()},
    }
    return _write("segmenter", split, figures, scores.round(5))


EVALUATIONS: dict[str, Callable[[Dataset, Analyser, str], dict[str, Any]]] = {
    "classifier": evaluate_classifier,
    "segmenter": evaluate_segmenter,
}


def _photos(dataset: Dataset, ids: list[str], size: int) -> Iterator[tuple[list[str], np.ndarray]]:
    """Batches of photos as the networks see them: ids and uint8 N×size×size×3."""
    for start in tqdm(range(0, len(ids), BATCH), "Analysing", unit_scale=BATCH, disable=None):
        chunk = ids[start : start + BATCH]
        photos = [LesionImage.from_bytes(dataset.photo(i), i).rgb for i in chunk]
        yield chunk, np.stack([resize(photo, (size, size)) for photo in photos])


def _check_split(card: Card, dataset: Dataset) -> None:
    """Figures are honest only on the split that the model was kept from."""
    if card.get("split_id") != dataset.split.id:
        raise SplitError(
            f"{card['name']} was made for the split {card.get('split_id')}, the dataset has "
            f"{dataset.split.id}: its test images may be among those it learned from."
        )


def _counts(table: pd.DataFrame, dataset: Dataset, split: str) -> dict[str, Any]:
    first = LesionImage.from_bytes(dataset.photo(str(table.index[0])))
    return {
        "data": "HAM10000",
        "split": split,
        "split_id": dataset.split.id,
        "photo_px": f"{first.width}×{first.height}",
        "images": len(table),
        "lesions": int(table["lesion_id"].nunique()),
    }


def _with_intervals(
    measure: Callable[[np.ndarray], dict[str, float]], groups: np.ndarray
) -> dict[str, dict[str, float]]:
    spread = bootstrap(measure, groups, DRAWS)
    return {
        name: {"value": value, "low": spread[name][0], "high": spread[name][1]}
        for name, value in measure(np.arange(len(groups))).items()
    }


def _write(model: str, split: str, figures: dict[str, Any], rows: pd.DataFrame) -> dict[str, Any]:
    folder: Path = Settings.from_environment().weights / model
    card = read_card(folder)
    figures = {
        "command": f"python -m train evaluate {model} --split {split}",
        "weights": card["sha256"],
        "intervals": f"95 %, bootstrap over lesions, {DRAWS} draws",
        **figures,
    }
    rows.to_parquet(folder / f"predictions-{split}.parquet", compression="zstd")
    text = json.dumps(figures, indent=1, ensure_ascii=False)
    (folder / f"evaluation-{split}.json").write_text(text + "\n", encoding="utf-8")
    counts = {
        k: figures[k] for k in ("data", "photo_px", "split_id", "images", "lesions", "command")
    }
    card.setdefault("metrics", {})[split] = {**counts, **figures["overall"]}
    write_card(folder, card)
    return figures
