"""What runs the two networks: pixels in, arrays out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from core.models.cards import Card

Model = tuple[Path, Card]
"""A model's folder and its card."""


@dataclass(frozen=True, eq=False)
class Scores:
    """What one pass of the classifier gives, float32.

    Attributes:
        logits: N×K.
        evidence: N×K×h×w, the class activation map of every class: what each place adds to its
            logit, or takes from it (see `core.models.explained.Explained`).
        embeddings: N×C, the pooled last feature map: what the answer is made from; of ResNet-50 C
            is 2048.
        textures: N×D, the pooled feature map of the block before: less of diagnoses, more of how
            the photo looks; of ResNet-50 D is 1024.
    """

    logits: np.ndarray
    evidence: np.ndarray
    embeddings: np.ndarray
    textures: np.ndarray


class Runtime(Protocol):
    """Both networks, loaded. May be called from several threads at once."""

    @property
    def name(self) -> str:
        """Engine, device and precision, to show."""

    @property
    def precision(self) -> str:
        """Of the classifier: `f32`, `bf16` or `int8`."""

    def classify(self, pixels: np.ndarray) -> Scores:
        """uint8 RGB N×S×S×3 of the classifier's input size → scores."""

    def segment(self, pixels: np.ndarray) -> np.ndarray:
        """uint8 RGB N×S×S×3 of the segmenter's input size → lesion logits float32 N×S×S."""

    def both(self, pixels: np.ndarray, others: np.ndarray) -> tuple[Scores, np.ndarray]:
        """`classify` of the first and `segment` of the second, together as soon as possible."""
