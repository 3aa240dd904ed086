"""What a network says of a few fixed validation photos after each epoch, for people to look at.

In the run's folder: `samples/photos/<name>.jpg` (and `<name>-mask.png`, the true outline) once;
`samples/epoch-003.json` for the third epoch, with the predicted outlines in
`samples/epoch-003/<name>.png` (0 and 255, the size of the photo):

    {"epoch": 3, "classes": [...], "photos": [{"name": ..., "photo": "photos/<name>.jpg",
     "truth": "nv", "probabilities": {"akiec": 0.01, ...},
     "mask": "epoch-003/<name>.png", "true_mask": "photos/<name>-mask.png", "iou": 0.87}]}

Paths are below `samples/`. A photo has `truth` and `probabilities`, or `mask`, `true_mask` and
`iou`, or, of a hybrid, all five.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.imaging.image import to_jpeg, to_png
from core.system import ownership
from train.data.arrays import Arrays

COUNT = 8


def choose(table: pd.DataFrame, rows: np.ndarray, count: int = COUNT) -> np.ndarray:
    """A few of the rows, as many of each class as of the others: the first of every class, then the
    second ones, and so on."""
    labels = table["label"].to_numpy()[rows]
    turn = pd.Series(labels).groupby(labels).cumcount().to_numpy()
    return rows[np.lexsort((labels, turn))[:count]]


def write_photos(run: Path, arrays: Arrays, rows: np.ndarray) -> None:
    """Write the photos and their true outlines, unless they are there."""
    folder = run / "samples" / "photos"
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        name = _name(arrays, row)
        if not (folder / f"{name}.jpg").is_file():
            ownership.write(folder / f"{name}.jpg", to_jpeg(np.asarray(arrays.frames[row])))
        if arrays.table["has_mask"].iloc[row] and not (folder / f"{name}-mask.png").is_file():
            ownership.write(folder / f"{name}-mask.png", _mask(arrays.masks[row] > 127))


def write_answers(
    run: Path, epoch: int, arrays: Arrays, rows: np.ndarray, answers: list[dict[str, Any]]
) -> None:
    """Write the answers of an epoch (from 1), masks first, so that the JSON names only files that
    are there."""
    folder, label = run / "samples", f"epoch-{epoch:03d}"
    photos = []
    for row, answer in zip(rows, answers, strict=True):
        name = _name(arrays, row)
        entry = {"name": name, "photo": f"photos/{name}.jpg", **answer}
        if "mask" in answer:
            (folder / label).mkdir(parents=True, exist_ok=True)
            ownership.write(folder / label / f"{name}.png", _mask(answer["mask"]))
            entry |= {"mask": f"{label}/{name}.png", "true_mask": f"photos/{name}-mask.png"}
        photos.append(entry)
    text = json.dumps({"epoch": epoch, "classes": arrays.classes, "photos": photos}, indent=1)
    ownership.write(folder / f"{label}.json", text.encode())


def _name(arrays: Arrays, row: int) -> str:
    """The photo's id as the name of a file."""
    return str(arrays.table.index[row]).replace("/", "__")


def _mask(mask: np.ndarray) -> bytes:
    return to_png(mask.astype(np.uint8) * 255)
