"""`python -m train atlas`: facts of every image, for the Dataset page.

Writes `atlas.parquet` beside the weights in use: for each image its diagnosis and split, what the
classifier answers, measurements of the true mask, and a place on a map on which images lie close
together if the classifier sees them alike. The map is t-SNE (van der Maaten and Hinton, JMLR 9,
2008) of scikit-learn (pinned in requirements.txt; the version goes into the file) on the
classifier's embeddings: scaled to length 1, reduced to `COMPONENTS` dimensions by PCA, perplexity
`PERPLEXITY`, started from the first two principal components, seed `SEED`, one thread. Distances on
such a map mean something among near neighbours only. Made for one set of weights, whose SHA-256 it
carries: make it again after every export.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.answer.analyser import DECODED_PX, Analyser
from core.errors import DatasetError
from core.ham10000.dataset import Dataset
from core.ham10000.splits import SPLITS
from core.lesion.measure import measure
from core.taxonomy import KEYS
from train.data.arrays import read_photo
from train.finish.features import concatenated, features_of

SEED = 0
PERPLEXITY = 30
COMPONENTS = 50
FEWEST = 10
"""Fewer images make no map."""


def make_atlas(dataset: Dataset, analyser: Analyser) -> pd.DataFrame:
    """Analyse and measure every image, then lay out the map.

    Returns:
        see `core.ham10000.explore.read_atlas`.

    Raises:
        DatasetError: a file is missing or damaged, or there are fewer than ten images.
        ImageError: a photo is damaged.
    """
    table = dataset.table
    if len(table) < FEWEST:
        raise DatasetError(f"A map needs at least {FEWEST} images; there are {len(table)}.")
    card, classify = analyser.classifier_card, analyser.runtime.classify
    features = concatenated([features_of(dataset, part, card, classify) for part in SPLITS])
    places = np.argsort(np.concatenate([np.flatnonzero(table["split"] == s) for s in SPLITS]))
    probabilities = analyser.calibrate(features.logits[places])
    answers = np.array(analyser.classes)[analyser.decision(probabilities)]
    truth = table["dx"].map(analyser.classes.index).to_numpy()
    found = pd.DataFrame(
        {
            "answer": answers,
            "p_true": probabilities[np.arange(len(table)), truth],
            "right": answers == table["dx"],
        },
        index=table.index,
    )
    names = tqdm(table.index, "Measuring", unit=" photos", disable=None)
    measured = pd.DataFrame([_measured(dataset, name) for name in names], table.index)
    atlas = table[["lesion_id", "dx", "split"]].join([found, measured])
    atlas[["x", "y"]] = lay_out(features.embeddings[places])
    for column, order in (("dx", KEYS), ("answer", KEYS), ("split", SPLITS)):
        atlas[column] = pd.Categorical(atlas[column], order)
    numbers = atlas.select_dtypes("float").columns
    atlas[numbers] = atlas[numbers].astype(np.float32).round(4)
    atlas.attrs = {
        "weights": card.sha256,
        "split_id": dataset.split.id,
        "map": _method(),
    }
    return atlas


def _measured(dataset: Dataset, image_id: str) -> dict[str, float | bool]:
    """The measurements of an image by its true mask; nothing where it has none."""
    if not dataset.table.loc[image_id, "has_mask"]:
        return {}
    photo = read_photo(dataset.photo(image_id), image_id, DECODED_PX)
    measured, _ = measure(dataset.mask(image_id), photo.rgb)
    return asdict(measured) if measured else {}


def lay_out(embeddings: np.ndarray) -> np.ndarray:
    """Embeddings, float N×C with N ≥ 10 → places on the map, float32 N×2, no unit."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    reduced = PCA(min(COMPONENTS, *unit.shape), random_state=SEED).fit_transform(unit)
    perplexity = min(PERPLEXITY, (len(unit) - 1) / 3)
    layout = TSNE(perplexity=perplexity, init="pca", random_state=SEED, n_jobs=1, verbose=1)
    return layout.fit_transform(reduced).astype(np.float32)


def write_atlas(atlas: pd.DataFrame, path: Path) -> None:
    """Write it as a compressed Parquet file, its `attrs` included."""
    path.parent.mkdir(parents=True, exist_ok=True)
    atlas.to_parquet(path, compression="zstd")


def _method() -> str:
    import sklearn

    return (
        f"t-SNE of scikit-learn {sklearn.__version__}, perplexity {PERPLEXITY}, seed {SEED}, "
        f"after PCA to {COMPONENTS} dimensions of embeddings of length 1"
    )
