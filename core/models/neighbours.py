"""Similar cases: the training lesions nearest to a photo in the classifier's own features.

Two photos are alike if their embeddings point the same way (cosine). To be small and quick, the
embeddings are kept as their projections onto the first right singular vectors, which keeps inner
products best of all projections of that width (Eckart and Young, Psychometrika 1, 1936).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

WIDTH = 512
"""Numbers kept of an embedding. `python -m train reference` prints how many of the eight nearest
lesions are still found."""


@dataclass(frozen=True)
class Neighbour:
    """A known case that is like the photo.

    Attributes:
        image_id: ISIC id of the training photo.
        lesion_id: of the lesion it shows.
        diagnosis: key of its true diagnosis.
        similarity: cosine of the two embeddings, -1…1; 1 is the same direction.
    """

    image_id: str
    lesion_id: str
    diagnosis: str
    similarity: float


@dataclass(frozen=True, eq=False)
class KnownCases:
    """The training images, to be searched.

    Attributes:
        codes: float32 N×W, length at most 1.
        basis: float32 W×C: from an embedding to its code.
        images, lesions, diagnoses: of each, N strings; a lesion may have several images.
    """

    codes: np.ndarray
    basis: np.ndarray
    images: Sequence[str]
    lesions: Sequence[str]
    diagnoses: Sequence[str]

    @classmethod
    def fit(
        cls,
        embeddings: np.ndarray,
        images: Sequence[str],
        lesions: Sequence[str],
        diagnoses: Sequence[str],
        width: int = WIDTH,
    ) -> KnownCases:
        """Compress embeddings float N×C. The codes are rounded to half precision, as stored.

        Raises:
            ValueError: fewer than `width` images or features.
        """
        directions = unit(embeddings)
        if min(directions.shape) < width:
            raise ValueError(f"Codes of {width} numbers need more than {directions.shape}.")
        _, axes = np.linalg.eigh(directions.T @ directions)
        basis = np.ascontiguousarray(axes[:, : -width - 1 : -1].T).astype(np.float16)
        basis = basis.astype(np.float32)
        codes = (directions @ basis.T).astype(np.float16).astype(np.float32)
        return cls(codes, basis, tuple(images), tuple(lesions), tuple(diagnoses))

    @cached_property
    def lesion_of(self) -> dict[str, str]:
        """The lesion that each training photo shows."""
        return dict(zip(self.images, self.lesions, strict=True))

    def nearest(
        self, embedding: np.ndarray, count: int = 8, without: str | None = None
    ) -> tuple[Neighbour, ...]:
        """The nearest lesions, nearest first, each by its nearest photo.

        Args:
            embedding: float C.
            count: lesions wanted; fewer come if there are no more.
            without: id of a lesion to leave out, as the photo shows it.
        """
        # Row by row: the threads of a matrix product spin on for a while after it, and would take
        # a core from the next photo's networks.
        similarity = np.vecdot(self.codes, np.vecdot(self.basis, unit(embedding)))
        found: dict[str, Neighbour] = {}
        for place in np.argsort(-similarity, kind="stable"):
            lesion = self.lesions[place]
            if len(found) == count:
                break
            if lesion != without and lesion not in found:
                found[lesion] = Neighbour(
                    self.images[place], lesion, self.diagnoses[place], float(similarity[place])
                )
        return tuple(found.values())


def vote(neighbours: Sequence[Neighbour]) -> dict[str, float]:
    """Share of each diagnosis among the neighbours, most frequent first; only those that occur."""
    counts = Counter(n.diagnosis for n in neighbours)
    return {key: count / len(neighbours) for key, count in counts.most_common()}


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scale the last axis to length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
