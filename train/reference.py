"""`python -m train reference`: what the app compares a photo with, from the training images alone.

Two things are fitted for a classifier of HAM10000's diagnoses: how the training images look, with
the novelty above which a photo counts as unlike them (read off the validation split), and the codes
by which similar cases are found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.analyser import DECODED_PX
from core.batch import find_pictures
from core.curves import auc
from core.dataset import Dataset
from core.imaging import resize
from core.neighbours import WIDTH, KnownCases, unit
from core.novelty import COMPONENTS, Familiar
from core.reference import Reference
from core.weights import Card
from train.data import read_photo
from train.features import Classify, Features, features_of

FALSE_ALARMS = 0.01
"""Share of validation photos that the novelty warning may flag."""
NEAREST = 8


def build_reference(
    dataset: Dataset, card: Card, classify: Classify, width: int = WIDTH
) -> tuple[Reference, dict[str, Any]]:
    """Fit both for the shipped classifier.

    Args:
        dataset: with the split that the classifier was trained on.
        card: of the classifier.
        classify: its runtime's.
        width: numbers kept of each embedding.

    Returns:
        as `fit_reference`.
    """
    training, crops, validation = (
        features_of(dataset, part, card, classify) for part in ("train", "crops", "validation")
    )
    rows = dataset.table[dataset.table["split"] == "train"]
    return fit_reference(rows, training, crops, validation, width)


def fit_reference(
    rows: pd.DataFrame,
    training: Features,
    crops: Features,
    validation: Features,
    width: int = WIDTH,
) -> tuple[Reference, dict[str, Any]]:
    """Fit both.

    Args:
        rows: of HAM10000's table: the training photos.
        training, crops, validation: features of these photos, of centre crops of some (or of none),
            and of validation photos.
        width: numbers kept of each embedding.

    Returns:
        the reference, and the sections `novelty` and `similar` of the card.
    """
    textures = np.concatenate([training.textures, crops.textures])
    components = min(COMPONENTS, min(textures.shape) - 1)
    familiar = Familiar.fit(textures, components)
    threshold = float(np.quantile(familiar.novelty(validation.textures), 1 - FALSE_ALARMS))
    width = min(width, *training.embeddings.shape)
    cases = KnownCases.fit(
        training.embeddings, list(rows.index), list(rows["lesion_id"]), list(rows["dx"]), width
    )
    images = len(validation.logits)
    among = f" and {len(crops.logits)} centre crops" if len(crops.logits) else ""
    return Reference(familiar, threshold, cases), {
        "novelty": {
            "threshold": threshold,
            "how": "Mahalanobis distance of the pooled features of the last block but one to a "
            f"Gaussian of {components} principal components over {len(rows)} training "
            f"photos{among}",
            "fitted_on": f"validation, n = {images} images, {FALSE_ALARMS:.0%} flagged",
        },
        "similar": {
            "how": f"cosine of embeddings, compressed to {width} numbers by singular vectors",
            "cases": f"{len(rows)} training photos of {rows['lesion_id'].nunique()} lesions",
            "recall_at_8": _recall(validation.embeddings, training.embeddings, cases),
            "measured_on": f"validation, n = {images} images: share of the eight nearest photos by "
            "the whole embedding that are among the eight nearest by the compressed one",
        },
    }


def _recall(asked: np.ndarray, training: np.ndarray, cases: KnownCases) -> float:
    """Share of the eight nearest training photos by whole embeddings that codes find as well."""
    exact = unit(asked) @ unit(training).T
    coded = unit(asked) @ cases.basis.T @ cases.codes.T
    count = min(NEAREST, len(training))
    near = (np.argpartition(-s, count - 1, axis=1)[:, :count] for s in (exact, coded))
    found = [len(set(a) & set(b)) / count for a, b in zip(*near, strict=True)]
    return round(float(np.mean(found)), 4)


def measure_outside(
    folder: Path, card: Card, classify: Classify, reference: Reference, known: np.ndarray
) -> dict[str, Any]:
    """What the warning does on photos that show no lesion, and that nothing was fitted on.

    Args:
        folder: of such photos.
        known: novelty of photos that do show one: of the test split, from `evaluate`.

    Returns:
        share flagged of both, and the AUROC of the novelty between them.

    Raises:
        FileNotFoundError: there is no picture in the folder.
        DatasetError: a picture cannot be read; it is named.
    """
    size = int(card["input"]["size"])
    novelty = []
    for path in find_pictures([folder]).pictures:
        photo = read_photo(path.read_bytes(), path.name, DECODED_PX)
        textures = classify(resize(photo.rgb, (size, size))[None]).textures
        novelty.append(float(reference.familiar.novelty(textures[0])))
    outside = np.array(novelty)
    truth = np.repeat([False, True], [len(known), len(outside)])
    return {
        "lesions": f"test, n = {len(known)} images",
        "lesions_flagged": round(float((known > reference.threshold).mean()), 4),
        "outside": f"{folder.name}, n = {len(outside)} photos that show no lesion",
        "outside_flagged": round(float((outside > reference.threshold).mean()), 4),
        "auroc": round(auc(truth, np.concatenate([known, outside])), 4),
    }
