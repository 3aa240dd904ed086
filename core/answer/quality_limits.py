"""`python -m core quality`: what is usual of a photo, measured on HAM10000's validation split."""

from collections.abc import Callable
from typing import Any

import numpy as np

from core.answer.analyser import Analyser
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.imaging.image import ImageError, LesionImage
from core.lesion.quality import KINDS, PERCENTILES, measure_quality


def fit_limits(
    dataset: Dataset, analyser: Analyser, progress: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Measure the validation split, lesions as the app's own U-Net outlines them: what
    `core/lesion/quality.json` holds.

    Args:
        progress: called after each photo.

    Raises:
        DatasetError: no photo of the validation split has been imported.
    """
    ids = dataset.table.index[dataset.table["split"] == "validation"]
    if ids.empty:
        raise DatasetError("There is no photo of the validation split. Import the whole dataset.")
    measured: dict[str, list[float]] = {key: [] for key in KINDS}
    for image_id in ids:
        try:
            image = LesionImage.from_bytes(dataset.photo(image_id), image_id)
        except ImageError as error:
            raise DatasetError(f"{image_id}: {error} Import the dataset again.") from error
        for key, value in measure_quality(image.rgb, analyser.analyse(image).mask).items():
            measured[key].append(value)
        progress()
    segmenter = analyser.segmenter_card
    limits: dict[str, dict[str, float]] = {}
    for key, kind in KINDS.items():
        low, high = (float(np.percentile(measured[key], p)) for p in PERCENTILES)
        limits[key] = {"low": low} if kind.too_low else {}
        limits[key] |= {"high": high} if kind.too_high else {}
    limits["border"]["high"] = 0.0  # usual as it is, it still cuts the lesion off
    return {
        "command": "python -m core quality",
        "data": "HAM10000",
        "split": "validation",
        "split_id": dataset.split.id,
        "images": len(ids),
        "percentiles": list(PERCENTILES),
        "outlines": f"{segmenter.name} {segmenter.sha256[:12]}",
        "limits": {k: {e: round(v, 5) for e, v in ends.items()} for k, ends in limits.items()},
    }
