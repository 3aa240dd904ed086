"""One call from a photo to everything that is shown of it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from core.calibration import Calibration
from core.explain import grad_cam
from core.imaging import LesionImage, resize
from core.measure import Measurements, largest_part, measure
from core.novelty import Reference
from core.settings import Settings
from core.weights import Card, WeightsError, read_card

if TYPE_CHECKING:
    from core.runtime import TorchRuntime


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the two models say of one photo. Arrays are read-only.

    Attributes:
        digest: of the photo analysed (`LesionImage.digest`).
        classes: keys of the classes, in the order of `probabilities` and `heatmaps`.
        probabilities: float32 K, calibrated at the training data's prevalence, sum 1.
        heatmaps: float32 K×h×w ≥ 0, Grad-CAM of each class; the grid spans the whole photo.
        mask: bool H×W at the photo's size, true on the lesion.
        measurements: of the mask; None if no lesion was found.
        novelty: 0…2, how unlike the training images (see `core.novelty`).
        in_domain: novelty within the threshold fixed on validation.
        milliseconds: how long each step took.
        models: name and short hash of the weights used.
    """

    digest: str
    classes: tuple[str, ...]
    probabilities: np.ndarray
    heatmaps: np.ndarray
    mask: np.ndarray
    measurements: Measurements | None
    novelty: float
    in_domain: bool
    milliseconds: dict[str, float]
    models: dict[str, str]

    @property
    def prediction(self) -> str:
        """Key of the most probable class."""
        return self.classes[int(self.probabilities.argmax())]

    def probability(self, key: str) -> float:
        """Probability of a class, 0…1."""
        return float(self.probabilities[self.classes.index(key)])

    def heatmap(self, key: str) -> np.ndarray:
        """Grad-CAM of a class, float32 h×w ≥ 0."""
        return self.heatmaps[self.classes.index(key)]


class Analyser:
    """Both models, loaded once; safe to use from several threads."""

    def __init__(
        self,
        runtime: TorchRuntime,
        classifier_card: Card,
        segmenter_card: Card,
        reference: Reference,
    ) -> None:
        self.runtime = runtime
        self.classifier_card = classifier_card
        self.segmenter_card = segmenter_card
        self.reference = reference
        self.calibration = Calibration.of(classifier_card)
        self.classes = tuple(classifier_card["classes"])
        self._class_weights = runtime.class_weights

    @classmethod
    def load(cls, weights: Path | None = None, device: str | None = None) -> Analyser:
        """Load the shipped models.

        Args:
            weights: folder with `classifier/` and `segmenter/` (default: `LESIONLAB_WEIGHTS`).
            device: `auto`, `cpu`, `cuda` or `mps` (default: `LESIONLAB_DEVICE`).

        Raises:
            WeightsError: a model's folder is missing, incomplete or damaged.
            DeviceError: the device is not on this machine.
        """
        from core.runtime import TorchRuntime

        settings = Settings.from_environment()
        folder = weights or settings.weights
        classifier, segmenter = folder / "classifier", folder / "segmenter"
        cards = read_card(classifier), read_card(segmenter)
        try:
            threshold = float(cards[0]["novelty"]["threshold"])
            sizes = [int(card["input"]["size"]) for card in cards]
            _ = cards[0]["classes"], cards[1]["encoder"]
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(
                f"A model card in {folder} is incomplete. Get the folder again, complete."
            ) from error
        if any(size % 32 for size in sizes):
            raise WeightsError("Input sizes must be multiples of 32 px.")
        reference = Reference.read(classifier / "reference.safetensors", threshold)
        runtime = TorchRuntime.load(
            (classifier, cards[0]),
            (segmenter, cards[1]),
            device or settings.device,
            settings.threads,
        )
        return cls(runtime, *cards, reference)

    def analyse_bytes(self, data: bytes, name: str = "photo") -> Analysis:
        """Decode, check and analyse a picture file. Raises `core.imaging.ImageError`."""
        return self.analyse(LesionImage.from_bytes(data, name))

    def analyse(self, image: LesionImage) -> Analysis:
        """Analyse a photo: one pass of each network."""
        clock = _Clock()
        size = self.classifier_card["input"]["size"]
        logits, features = self.runtime.classify(resize(image.rgb, (size, size))[None])
        probabilities = self.calibrate(logits[0])
        heatmaps = grad_cam(features[0], self._class_weights)
        clock.lap("classify")
        size = self.segmenter_card["input"]["size"]
        mask = mask_of(
            self.runtime.segment(resize(image.rgb, (size, size))[None])[0],
            image.width,
            image.height,
        )
        clock.lap("segment")
        measurements = measure(mask)
        clock.lap("measure")
        novelty = self.reference.novelty(features[0].mean(axis=(1, 2)))
        clock.lap("compare")
        for array in (probabilities, heatmaps, mask):
            array.setflags(write=False)
        return Analysis(
            digest=image.digest,
            classes=self.classes,
            probabilities=probabilities,
            heatmaps=heatmaps,
            mask=mask,
            measurements=measurements,
            novelty=novelty,
            in_domain=novelty <= self.reference.threshold,
            milliseconds=clock.laps,
            models={
                card["name"]: card["sha256"][:12]
                for card in (self.classifier_card, self.segmenter_card)
            },
        )

    def calibrate(self, logits: np.ndarray) -> np.ndarray:
        """Network scores (…×K) → calibrated probabilities at the card's prevalence, float32."""
        return self.calibration(logits).astype(np.float32)


def mask_of(logits: np.ndarray, width: int, height: int) -> np.ndarray:
    """Lesion logits S×S → bool mask height×width of the whole photo.

    The network saw the whole frame squeezed to a square, so each axis is scaled back on its own.
    Only the largest connected part is kept, its holes filled: the photos show one lesion each, and
    on validation masks agree better so (see train/README.md).
    """
    shrinking = width < logits.shape[1] and height < logits.shape[0]
    how = cv2.INTER_AREA if shrinking else cv2.INTER_LINEAR
    return largest_part(cv2.resize(logits, (width, height), interpolation=how) > 0)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round((now - self._last) * 1000, 2)
        self._last = now
