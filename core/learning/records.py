"""What is kept of a quiz."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from core.learning.outlines import Drawn
from core.taxonomy import BY_KEY

MODES = {
    "alone": "Alone",
    "with_ai": "With the AI",
    "clock": "Against the clock",
    "draw": "Draw the outline",
}
"""Ways to be asked, as people call them."""
ABOUT_MODES = {
    "alone": "You name the diagnosis and how sure you are; then everything is revealed.",
    "with_ai": "You answer, then see the model's answer, and keep yours or change it. Both count.",
    "clock": "Benign or malignant, in 20 seconds a case.",
    "draw": "You outline or paint the lesion; then you see the expert's and the model's outline.",
}
CLOCK_SECONDS = 20
GROUPS = ("benign", "malignant")
"""Answers against the clock."""
TOO_LATE, SKIPPED, OUTLINED = "late", "skipped", "outlined"
"""What stands for an answer that was not given in time, for a case that cannot be shown, and for an
outline."""


@dataclass(frozen=True)
class Profile:
    """Somebody who practises, in one browser.

    Attributes:
        id: unguessable; never shown.
        nickname: as chosen, to be shown as a stranger's words.
    """

    id: str
    nickname: str


@dataclass(frozen=True)
class Said:
    """The model's answer to a case: its name by the rule, all probabilities by key, the weights."""

    named: str
    probabilities: Mapping[str, float]
    weights: str


@dataclass(frozen=True)
class Answered:
    """One case with the answers to it.

    Attributes:
        image, lesion, truth: as in `core.learning.cases.QuizCase`.
        first: key of the diagnosis (or group) named before anything was revealed.
        confidence: in it, 0…1; None against the clock.
        seconds: from the photo to the answer.
        at: when, with time zone.
        second, second_confidence: after the model's answer was seen, where it was.
        said: the model's answer; None if it was never computed.
        quiz: id of the quiz.
        mode, level: of the quiz.
        drawn: the outline, where one was asked for.
    """

    image: str
    lesion: str
    truth: str
    first: str
    confidence: float | None
    seconds: float
    at: datetime
    second: str | None = None
    second_confidence: float | None = None
    said: Said | None = None
    quiz: str = ""
    mode: str = "alone"
    level: str = "balanced"
    drawn: Drawn | None = None

    @property
    def right(self) -> bool:
        """Whether the first answer is."""
        return is_right(self.first, self.truth)

    @property
    def final(self) -> str:
        """The answer that was kept in the end."""
        return self.second or self.first


def is_right(answer: str, truth: str) -> bool:
    """Whether an answer, a diagnosis or a group, fits the true diagnosis."""
    return answer in (truth, BY_KEY[truth].group)


@dataclass(frozen=True)
class Step:
    """A case of a quiz as far as it has come.

    Attributes:
        position: from 0.
        first, second: the answers, None while they are not given.
        closed: whether its feedback was read.
        drawn: the outline, where one was asked for and given.
    """

    position: int
    image: str
    lesion: str
    truth: str
    first: str | None
    confidence: float | None
    second: str | None
    said: Said | None
    closed: bool
    drawn: Drawn | None = None


@dataclass(frozen=True)
class Quiz:
    """A set of cases that somebody has begun.

    Attributes:
        finished: all cases are closed, or it was ended early.
    """

    id: str
    mode: str
    level: str
    steps: tuple[Step, ...]
    finished: bool

    @property
    def current(self) -> Step | None:
        """The case to go on with; None after the last one."""
        return None if self.finished else next((s for s in self.steps if not s.closed), None)
