"""How unlike the training images a photo is, from the classifier's own embedding.

The novelty of a photo is the mean cosine distance to its nearest training images in the space of
pooled features (k-nearest-neighbour out-of-distribution detection: Sun et al., ICML 2022). The
threshold above which a photo counts as unlike is read off the validation split, never off test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.weights import WeightsError

NEIGHBOURS = 8


@dataclass(frozen=True, eq=False)
class Reference:
    """The training images as points.

    Attributes:
        embeddings: float32 N×C, unit length, one per training lesion.
        threshold: novelty above this means: unlike the training images.
    """

    embeddings: np.ndarray
    threshold: float

    @classmethod
    def read(cls, path: Path, threshold: float) -> Reference:
        """Read a reference file. Raises WeightsError if it is missing, damaged or too small."""
        try:
            stored = load_file(path)["embeddings"].astype(np.float32)
        except (OSError, SafetensorError, KeyError) as error:
            raise WeightsError(f"The reference {path.name} cannot be read: {error}") from error
        if stored.ndim != 2 or len(stored) < NEIGHBOURS:
            raise WeightsError(
                f"The reference {path.name} needs {NEIGHBOURS} embeddings or more; "
                f"it holds an array of shape {stored.shape}."
            )
        return cls(unit(stored), threshold)

    def write(self, path: Path) -> None:
        """Write the embeddings as fp16."""
        save_file({"embeddings": self.embeddings.astype(np.float16)}, path)

    def novelty(self, embedding: np.ndarray) -> float:
        """Mean cosine distance (0…2) of an embedding (float C) to its 8 nearest neighbours."""
        # Row by row: the threads of a matrix product spin on for a while after it, and would take
        # a core from the next photo's networks, which then need twice the time.
        similarity = np.vecdot(self.embeddings, unit(embedding))
        return float(1 - np.partition(similarity, -NEIGHBOURS)[-NEIGHBOURS:].mean())


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale the last axis to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
