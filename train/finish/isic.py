"""Results in the format of ISIC's challenges, so that their own scorer can check our figures
(`isic-challenge-scoring` on PyPI): diagnoses as in 2018 and 2019, masks as in 2018's task 1."""

from pathlib import Path

import numpy as np
import pandas as pd

from core.models.calibration import softmax
from core.models.decision import Decision
from core.report.downloads import mask_png
from core.taxonomy import KEYS

COLUMNS = ("MEL", "NV", "BCC", "AKIEC", "BKL", "DF", "VASC")
"""The challenge's names of the seven diagnoses, in its order."""
TRUTH, SCORES, MASKS = "isic-truth.csv", "isic-scores.csv", "isic-masks"


def write_scores(out: Path, predictions: pd.DataFrame, decision: Decision) -> None:
    """Write the diagnoses (`TRUTH`, one-hot) and the model's scores (`SCORES`) of each photo.

    The challenge takes the class with the highest score, so a score is what the rule compares,
    weight · p / prior^exponent, each photo's divided by their sum: 0…1.

    Args:
        predictions: as `core.evaluation.files.read_predictions` has them, of the seven diagnoses.
        decision: the classifier's rule; its prior is in the order of `KEYS`.
    """
    found = predictions[list(KEYS)]
    scores = softmax(decision.compared(found.to_numpy()))
    tables = {
        TRUTH: pd.get_dummies(predictions["dx"], dtype=float).reindex(columns=KEYS, fill_value=0.0),
        SCORES: pd.DataFrame(scores, found.index, found.columns),
    }
    for name, table in tables.items():
        ordered = table.rename(columns=str.upper)[list(COLUMNS)]
        ordered.rename_axis("image").to_csv(out / name)


def write_mask(out: Path, image_id: str, mask: np.ndarray) -> None:
    """Write a mask, bool H×W, into the folder `MASKS`. Raises OSError."""
    path = out / MASKS / f"{image_id}_segmentation.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(mask_png(mask))
