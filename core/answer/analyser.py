"""One call from a photo to everything that is shown of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from core.evaluation.figures import Rule
from core.imaging.black_frame import seen_by_network
from core.imaging.image import LesionImage, scaled
from core.lesion.geometry import Anatomy
from core.lesion.measure import MAX_SIDE, Measurements, largest_part, measure
from core.models.calibration import Calibration
from core.models.cards import Card
from core.models.decision import Decision
from core.models.gate import REFUSED
from core.models.neighbours import Neighbour
from core.models.open_runtime import open_runtime
from core.models.reference import Reference
from core.models.registry import KINDS, models_in_use, unfit
from core.models.runtime import Runtime
from core.models.weights import WeightsError
from core.settings import Settings

DECODED_PX = 900
"""A larger JPEG is decoded at a reduced scale, its longest side no shorter than this: four times
what the networks see, and as large as the app shows it."""


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the two models say of one photo. Arrays are read-only.

    Attributes:
        digest: of the photo analysed (`LesionImage.digest`).
        classes: keys of the classes, in the order of `probabilities` and `evidence`.
        probabilities: float32 K, calibrated at the training data's prevalence, sum 1.
        prediction: key of the class named as the answer, by the card's rule
        (`core.models.decision`).
        evidence: float32 K×h×w, what each place adds to the score of each class, or takes from it,
            in units of the logit (see `core.models.explained.Explained`); the grid spans the whole
            photo.
        mask_logits: float32 S×S, the U-Net's answer over the whole photo; above 0 is lesion.
        width, height: of the photo, in pixels.
        measurements: of the mask; None if no lesion was found.
        embedding: float32 C, the classifier's pooled last feature map; to find similar cases.
        novelty: ≥ 0, how unlike the training images, which have about 1 (see
            `core.models.novelty`).
        domain: one of `core.models.gate.DOMAINS`, by thresholds fixed on validation.
        models: name and short hash of the weights used.
        anatomy: what is needed to draw the measurements, in pixels of the photo as decoded; None
            likewise.
        painted_over: whether a black frame was, before the classifier looked
            (`core.imaging.black_frame`).
    """

    digest: str
    classes: tuple[str, ...]
    probabilities: np.ndarray
    prediction: str
    evidence: np.ndarray
    mask_logits: np.ndarray
    width: int
    height: int
    measurements: Measurements | None
    embedding: np.ndarray
    novelty: float
    domain: str
    models: dict[str, str]
    anatomy: Anatomy | None = None
    painted_over: bool = False

    @property
    def in_domain(self) -> bool:
        """Whether it is dermoscopy, from whichever clinic."""
        return self.domain != REFUSED

    @property
    def mask(self) -> np.ndarray:
        """bool H×W at the photo's size, true on the lesion; made again at each call."""
        return mask_of(self.mask_logits, self.width, self.height)

    @property
    def most_probable(self) -> str:
        """Key of the most probable class, which the rule may pass over for a rarer one."""
        return self.classes[int(self.probabilities.argmax())]

    def probability(self, key: str) -> float:
        """Probability of a class, 0…1."""
        return float(self.probabilities[self.classes.index(key)])

    def heatmap(self, key: str) -> np.ndarray:
        """Grad-CAM of a class, float32 h×w ≥ 0: what speaks for it."""
        return np.maximum(self.evidence[self.classes.index(key)], 0)

    def contrast(self, key: str, other: str) -> np.ndarray:
        """What speaks for one class rather than another, float32 h×w in units of the logit: above 0
        for `key`, below 0 for `other`. Its sum is the difference of the two logits, but for that of
        the two biases, which is the same for every photo."""
        first, second = (self.evidence[self.classes.index(k)] for k in (key, other))
        return first - second


class Analyser:
    """Both models, loaded once; safe to use from several threads."""

    def __init__(
        self,
        runtime: Runtime,
        classifier_card: Card,
        segmenter_card: Card,
        reference: Reference,
    ) -> None:
        self.runtime = runtime
        self.classifier_card = classifier_card
        self.segmenter_card = segmenter_card
        self.reference = reference
        self.calibration = Calibration.of(classifier_card)
        self.decision = Decision.of(classifier_card)
        self.classes = classifier_card.classes

    @property
    def rule(self) -> Rule:
        """The rule as the classifier's card states it, which `decision` applies."""
        rule = self.classifier_card.decision
        assert isinstance(rule, Rule)  # else there were no decision
        return rule

    @property
    def models(self) -> dict[str, str]:
        """Name and short hash of the weights of both."""
        cards = self.classifier_card, self.segmenter_card
        return {card.name: card.sha256[:12] for card in cards}

    @classmethod
    def load(
        cls,
        settings: Settings | None = None,
        lanes: int = 1,
        folders: tuple[Path, Path] | None = None,
    ) -> Analyser:
        """Load the models in use.

        Args:
            settings: which and where (default: the environment's).
            lanes: photos that are analysed at the same time (see
                `core.models.open_runtime.open_runtime`).
            folders: of another classifier and segmenter than those in use (see
                `core.models.registry`).

        Raises:
            WeightsError: a model's folder is missing, incomplete or damaged.
            DeviceError: the device is not on this machine.
        """
        settings = settings or Settings.from_environment()
        if folders is None:
            first, second = models_in_use(settings)
            folders = first.folder, second.folder
        cards = Card.read(folders[0]), Card.read(folders[1])
        for kind, folder, card in zip(KINDS, folders, cards, strict=True):
            if problem := unfit(kind, card):
                raise WeightsError(
                    f"The model in {folder} cannot be used. {problem} Get the folder again, "
                    "complete."
                )
        reference = Reference.read(folders[0], cards[0].novelty_threshold)
        runtime = open_runtime((folders[0], cards[0]), (folders[1], cards[1]), settings, lanes)
        return cls(runtime, *cards, reference)

    def analyse_bytes(self, data: bytes, name: str = "photo") -> Analysis:
        """Decode, check and analyse a picture file. Raises `core.imaging.image.ImageError`."""
        return self.analyse(LesionImage.from_bytes(data, name, DECODED_PX))

    def analyse(self, image: LesionImage) -> Analysis:
        """Analyse a photo: one pass of each network."""
        first, second = self.classifier_card.input.size, self.segmenter_card.input.size
        seen = {size: seen_by_network(image.rgb, size) for size in {first, second}}
        (pixels, painted_over), (others, _) = seen[first], seen[second]
        scores, (mask_logits, *_) = self.runtime.both(pixels[None], others[None])
        longest = min(MAX_SIDE, max(image.width, image.height))
        small = scaled(image.width, image.height, longest)
        measurements, anatomy = measure(mask_of(mask_logits, *small), image.rgb, image.width)
        novelty = float(self.reference.familiar.novelty(scores.textures[0]))
        embedding = scores.embeddings[0]
        probabilities = self.calibrate(scores.logits[0])
        evidence = scores.evidence[0]
        for array in (probabilities, evidence, embedding, mask_logits):
            array.setflags(write=False)
        return Analysis(
            digest=image.digest,
            classes=self.classes,
            probabilities=probabilities,
            prediction=self.classes[int(self.decision(probabilities))],
            evidence=evidence,
            mask_logits=mask_logits,
            width=image.width,
            height=image.height,
            measurements=measurements,
            embedding=embedding,
            novelty=novelty,
            domain=self.reference.domain(scores.textures[0], novelty),
            models=self.models,
            anatomy=anatomy,
            painted_over=painted_over,
        )

    def similar(
        self, analysis: Analysis, count: int = 8, without: str | None = None
    ) -> tuple[Neighbour, ...]:
        """The training lesions most like a photo, nearest first.

        Args:
            count: lesions wanted.
            without: id of the lesion that the photo shows, which is left out.
        """
        return self.reference.cases.nearest(analysis.embedding, count, without)

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
