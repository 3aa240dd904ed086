"""The cases that a quiz can be made of: lesions that the models have never seen, or drawn ones."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesion.phantom import KINDS, Phantom, make_phantom
from core.taxonomy import KEYS

RESEMBLES = {
    "naevus": "nv",
    "melanoma": "mel",
    "keratosis": "bkl",
    "vascular": "vasc",
    "basal cell": "bcc",
}
"""The diagnosis that each kind of practice lesion is drawn after."""
PRACTICE_EACH = 60
"""Practice lesions of each kind to draw sets from."""
_PRACTICE, _FIRST = "practice", 1000


@dataclass(frozen=True)
class QuizCase:
    """One case of a quiz.

    Attributes:
        image: id of the photo, or of the practice lesion.
        lesion: id of the lesion that it shows.
        truth: key of its diagnosis.
    """

    image: str
    lesion: str
    truth: str


def dataset_pool(table: pd.DataFrame, predictions: pd.DataFrame | None) -> pd.DataFrame:
    """The photos of the test split, with what the model says of each.

    Args:
        table: `core.ham10000.dataset.Dataset.table`.
        predictions: of the classifier in use on the test split
            (`core.evaluation.files.read_predictions`); None if it was not measured there.

    Returns:
        one row a photo, indexed by image id; columns lesion_id, dx and, with predictions: named
        (the model's answer), certainty (its probability, 0…1), margin (probability of the most
        probable class minus that of the next, 0…1). NaN where a photo was not measured.
    """
    pool = table.loc[table["split"] == "test", ["lesion_id", "dx"]]
    if predictions is None:
        return pool
    shares = predictions[list(KEYS)].to_numpy(dtype=float)
    ordered = np.sort(shares, axis=1)
    named = np.array([KEYS.index(key) for key in predictions["prediction"]], dtype=int)
    said = pd.DataFrame(
        {
            "named": predictions["prediction"].astype(str).to_numpy(),
            "certainty": shares[np.arange(len(shares)), named],
            "margin": ordered[:, -1] - ordered[:, -2],
        },
        index=predictions.index,
    )
    return pool.join(said, how="left")


def practice_pool() -> pd.DataFrame:
    """Practice lesions as a pool of cases, likewise; none is drawn yet."""
    kinds = {
        f"{_PRACTICE}:{kind}:{_FIRST + number}": RESEMBLES[kind]
        for kind in KINDS
        for number in range(PRACTICE_EACH)
    }
    return pd.DataFrame({"lesion_id": list(kinds), "dx": list(kinds.values())}, index=list(kinds))


def is_practice(image: str) -> bool:
    """Whether an id is of a practice lesion."""
    return image.startswith(f"{_PRACTICE}:")


def practice_case(image: str) -> Phantom:
    """Draw the practice lesion of an id of `practice_pool`.

    Raises:
        ValueError: it is none.
    """
    parts = image.split(":")
    if len(parts) != 3 or parts[0] != _PRACTICE or not parts[2].isdigit():
        raise ValueError(f"{image!r} is not a practice lesion.")
    return make_phantom(int(parts[2]), parts[1])
