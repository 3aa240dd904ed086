"""`card.json` in a model's folder: what the model is, how it was made, and how good it is.

Cards come from other people too. A part of another form than it should have is kept, but not used:
`Card.odd` names it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from core.evaluation.figures import BY_IMAGE, LEAKS, Leak, Measures, Rule
from core.models.weights import WeightsError, write_weights
from core.system import ownership
from core.system.json_files import read_object
from core.system.records import Record

if TYPE_CHECKING:
    from torch import Tensor

FILE = "card.json"


@dataclass(frozen=True, kw_only=True)
class Input(Record):
    """What the network takes: `size` in px (0: not stated), and how a photo fills that square."""

    size: int = 0
    frame: str = ""


@dataclass(frozen=True, kw_only=True)
class Scaling(Record):
    """From scores to probabilities (`core.models.calibration`): temperature, and the bias and share
    of each class by its key."""

    temperature: float | None = None
    bias: dict[str, float] = field(default_factory=dict)
    prior: dict[str, float] = field(default_factory=dict)
    how: str = ""
    fitted_on: str = ""


@dataclass(frozen=True, kw_only=True)
class SizeChoice(Record):
    """Which input sizes were tried, with what each gave, and by what the best was chosen."""

    by: str
    tried: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class StageDone(Record):
    """Epochs at one input size in px."""

    epochs: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Training(Record):
    """What a training was: `others` holds its further choices (`train.config`).

    Attributes:
        device: Lightning's name of where it ran (`cpu`, `gpu`, `mps`); "": not stated.
    """

    stages: tuple[StageDone, ...] = ()
    epochs_trained: int | None = None
    epoch_images: int | None = None
    threads: int | None = None
    device: str = ""


@dataclass(frozen=True, kw_only=True)
class Novelty(Record):
    """What counts as unlike the training photos (`core.models.novelty`)."""

    threshold: float | None = None
    how: str = ""
    fitted_on: str = ""


@dataclass(frozen=True, kw_only=True)
class GateLimit(Record):
    """What counts as no dermoscopy (`core.models.gate`)."""

    limit: float | None = None
    how: str = ""
    fitted_on: str = ""


@dataclass(frozen=True, kw_only=True)
class AgainstF32(Record):
    """How far answers in 8-bit integers are from those in floats, on validation photos.

    Attributes:
        cpu: on which this was measured, and whether it has VNNI, instructions made for int8; one
            without adds two products in 16 bits, where large ones are cut off.
        graded_otherwise: share of the photos to which the gate gives another grade.
        moved_little: share of the probabilities that move by less than .05.
        largest_move: of a probability.
        named_otherwise: share of the photos that get another name by the rule.
        balanced_accuracy, nll: of the integers; by the rule, and negative log likelihood.
        balanced_accuracy_f32, nll_f32: of the floats.
    """

    photos: int
    cpu: str
    moved_little: float
    largest_move: float
    named_otherwise: float
    graded_otherwise: float
    balanced_accuracy: float
    balanced_accuracy_f32: float
    nll: float
    nll_f32: float


@dataclass(frozen=True, kw_only=True)
class Int8(Record):
    """Which convolutions of the network may round to 8-bit integers (`core.models.int8`): by the
    name of each, the highest value that goes into it."""

    highest: dict[str, float]
    how: str = ""
    fitted_on: str = ""
    against_f32: AgainstF32 | None = None


@dataclass(frozen=True, kw_only=True)
class ElsewhereSummary(Record):
    """How a classifier did on photos of other clinics."""

    images: int
    accuracy: float
    melanomas: int
    melanomas_found: int


@dataclass(frozen=True, kw_only=True)
class Measured(Measures):
    """The overall figures of one evaluation, and the command that makes them."""

    images: int
    lesions: int
    command: str = ""
    leak: Leak | None = None


@dataclass(frozen=True, kw_only=True)
class Card(Record):
    """A model's card. Texts that it does not state are empty.

    Attributes:
        architecture: a classifier's network (`core.models.architectures.build_classifier`).
        encoder: a segmenter's (`core.models.networks.build_segmenter`).
        classes: keys of what a classifier tells apart, in the order of its scores.
        decision: the rule; of a segmenter a sentence.
        metrics: by the name of the evaluation.
        test_looks: when the test split was looked at, in UTC, the first time first.
        leak: of a model that learned with images split at random; over validation and test.
    """

    lenient: ClassVar[bool] = True

    name: str = ""
    sha256: str = ""
    task: str = ""
    architecture: str = ""
    encoder: str = ""
    classes: tuple[str, ...] = ()
    input: Input = Input()
    calibration: Scaling | None = None
    decision: Rule | str | None = None
    size_choice: SizeChoice | None = None
    lesionlab: str = ""
    data: str = ""
    split_id: str | None = ""
    start: str = ""
    training: Training = Training()
    licence: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    rounding: Record | None = None
    novelty: Novelty | None = None
    similar: Record | None = None
    gate: GateLimit | None = None
    int8: Int8 | None = None
    elsewhere: ElsewhereSummary | None = None
    metrics: dict[str, Measured] = field(default_factory=dict)
    test_looks: tuple[str, ...] = ()
    leak: Leak | None = None

    @classmethod
    def read(cls, folder: Path) -> Card:
        """The card of a model's folder.

        Raises:
            WeightsError: there is none, or it is not a JSON object.
        """
        remedy = "Get the folder again, complete."
        try:
            return cls.of(read_object(folder / FILE))
        except FileNotFoundError as error:
            raise WeightsError(
                f"The model {folder.name} has no {FILE} in {folder}. {remedy}"
            ) from error
        except (OSError, ValueError) as error:
            raise WeightsError(
                f"The card of {folder.name} cannot be read: {error} {remedy}"
            ) from error

    def write(self, folder: Path) -> None:
        """Write it into a model's folder, atomically. Raises OSError."""
        text = json.dumps(self.as_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        ownership.write(folder / FILE, text.encode())

    @property
    def leaks(self) -> bool:
        """Whether it learned with images split at random: by what it says of that, of its choices,
        or of its split."""
        return (
            self.leak is not None
            or "leak" in self.odd
            or self.training.others.get("split") == "images"
            or (self.split_id or "").startswith(BY_IMAGE)
        )

    @property
    def title(self) -> str:
        """Its name, and that it leaks if it does."""
        return f"{self.name} ({LEAKS})" if self.leaks else self.name

    @property
    def network(self) -> str:
        """The name of the network or, of a segmenter, of its encoder."""
        return self.encoder or self.architecture

    @property
    def novelty_threshold(self) -> float:
        """Above it a photo counts as unlike the training photos. Raises WeightsError: not
        stated."""
        if self.novelty is None or self.novelty.threshold is None:
            raise WeightsError("The classifier's card gives no threshold of novelty.")
        return self.novelty.threshold


def write_model(folder: Path, state: dict[str, Tensor], card: Card, *, half: bool = True) -> Card:
    """Write a model's folder, the weights' hash added to the card; returns the card written. See
    `core.models.weights.write_weights`."""
    card = replace(card, sha256=write_weights(folder, state, half=half))
    card.write(folder)
    return card
