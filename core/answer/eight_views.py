"""The same photo in eight views: how far the answer depends on what means nothing.

A lesion has no upper side. Turned by quarters and mirrored, a photo is as good as before (the eight
symmetries of the square), so whatever changes in the answer is the model's own doubt. Test-time
augmentation as a measure of uncertainty: Ayhan and Berens, MIDL 2018.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.answer.analyser import Analyser
from core.answer.entropy import entropy
from core.imaging.black_frame import network_input
from core.imaging.image import LesionImage

VIEWS = 8


def views(batch: np.ndarray, count: int = VIEWS) -> Iterator[np.ndarray]:
    """A batch N×S×S×… as it is, then in the other seven ways a square can be turned and mirrored;
    the first `count` of them."""
    for number in range(count):
        turned = np.rot90(batch, number % 4, axes=(1, 2))
        yield np.ascontiguousarray(turned if number < 4 else turned[:, :, ::-1])


def views_back(answers: list[np.ndarray]) -> list[np.ndarray]:
    """Answers N×S×S to `views`, each turned back to the photo."""
    straight = (a if n < 4 else a[:, :, ::-1] for n, a in enumerate(answers))
    return [np.rot90(a, -(n % 4), axes=(1, 2)) for n, a in enumerate(straight)]


@dataclass(frozen=True, eq=False)
class EightViews:
    """What the classifier says of each view of one photo.

    Attributes:
        classes: keys of the classes, in the order of the columns.
        probabilities: float32 8×K, calibrated, each row sums to 1; the first is the photo as it
            is. Read-only.
        named: key of the class named for each view, by the card's rule (`core.models.decision`).
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    named: tuple[str, ...]

    def of(self, key: str) -> np.ndarray:
        """A class's probability in each view, float32 8."""
        return self.probabilities[:, self.classes.index(key)]

    @property
    def mean(self) -> np.ndarray:
        """Mean over the views, float K."""
        return self.probabilities.mean(axis=0)

    @property
    def agreeing(self) -> int:
        """Views that are named like the photo as it is, itself counted: 1…8."""
        return self.named.count(self.named[0])

    @property
    def entropy(self) -> float:
        """Entropy of the mean, in nats: all the doubt there is."""
        return float(entropy(self.mean))

    @property
    def expected_entropy(self) -> float:
        """Mean entropy of the views, in nats: the doubt that each view has by itself."""
        return float(entropy(self.probabilities).mean())

    @property
    def disagreement(self) -> float:
        """Entropy of the mean less mean entropy, in nats ≥ 0: the mutual information of answer and
        view, which is 0 if all views say the same (as BALD: Houlsby et al., arXiv:1112.5745, 2011,
        there for draws of a model's weights)."""
        return max(0.0, self.entropy - self.expected_entropy)


def eight_views(analyser: Analyser, image: LesionImage) -> EightViews:
    """Classify a photo in its eight views: eight passes of the classifier, none of the U-Net.

    The photo is squeezed to the network's square first, as always, and the square is turned.
    """
    size = analyser.classifier_card.input.size
    seen = np.concatenate(list(views(network_input(image.rgb, size)[None])))
    probabilities = analyser.calibrate(analyser.runtime.classify(seen).logits)
    probabilities.setflags(write=False)
    named = tuple(analyser.classes[int(k)] for k in analyser.decision(probabilities))
    return EightViews(analyser.classes, probabilities, named)
