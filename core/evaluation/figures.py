"""What was measured, as files hold it: figures with their intervals."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from core.evaluation.metrics import NAMES
from core.system.records import Record


@dataclass(frozen=True, kw_only=True)
class Figure(Record):
    """A measure and the ends of its 95 % interval; None: could not be measured, or is not known."""

    value: float | None
    low: float | None
    high: float | None

    def number(self, digits: int = 3) -> str:
        """`0.603`, or a dash."""
        return "–" if self.value is None else f"{self.value:.{digits}f}"

    def ends(self, digits: int = 3) -> str:
        """The interval as `0.557 to 0.640`, or that none is known."""
        if self.low is None or self.high is None:
            return "no interval"
        return f"{self.low:.{digits}f} to {self.high:.{digits}f}"

    def text(self, digits: int = 3) -> str:
        """`0.603 (0.557 to 0.640)`, as far as it is known."""
        if self.value is None or self.low is None or self.high is None:
            return self.number(digits)
        return f"{self.number(digits)} ({self.ends(digits)})"


UNKNOWN = Figure(value=None, low=None, high=None)


@dataclass(frozen=True, kw_only=True)
class Measures(Record):
    """An object whose figures lie beside its other parts, under the names of `figures`."""

    figures: dict[str, Figure] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, place: str = "") -> Self:
        """See `Record`. What has one of `core.evaluation.metrics.NAMES`, or a value, is a
        figure."""
        found = super().of(value, place)
        figures = {
            name: Figure.of(part, f"{place}.{name}")
            for name, part in found.others.items()
            if name in NAMES or (isinstance(part, dict) and "value" in part)
        }
        others = {name: part for name, part in found.others.items() if name not in figures}
        return replace(found, figures=figures, others=others)

    def as_dict(self) -> dict[str, Any]:
        """See `Record`."""
        written = super().as_dict()
        figures = written.pop("figures", {})
        return written | figures


@dataclass(frozen=True, kw_only=True)
class Rule(Record):
    """How a classifier's answer is chosen (`core.models.decision`).

    Attributes:
        weights: by class; 1 of those that are not there.
    """

    exponent: float | None = None
    weights: dict[str, float] = field(default_factory=dict)
    how: str = ""
    chosen_on: str = ""


@dataclass(frozen=True, kw_only=True)
class Leak(Record):
    """That images were split at random, so that photos of one lesion lie on both sides: how many of
    the lesions and photos measured on are of a lesion that training has other photos of."""

    lesions: int
    of_lesions: int
    photos: int
    of_photos: int

    def text(self) -> str:
        """A sentence."""
        return (
            f"Images were split at random: {self.lesions:,} of the {self.of_lesions:,} lesions "
            f"that it was measured on ({self.photos:,} of {self.of_photos:,} photos) have photos "
            "in training, too. These figures can be too good: they also count what is remembered "
            "of a lesion."
        )


LEAKS = "leaks: images split at random"
"""Behind the name of whatever a `Leak` belongs to."""
BY_IMAGE = "images-"
"""How the ids of splits by image begin (`core.ham10000.splits.by_image`)."""
