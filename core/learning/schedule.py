"""What to repeat and when: spaced repetition over the diagnoses.

A card is a diagnosis, and each review of it a case not seen before: what is to be remembered is the
look of a diagnosis, not one photo. When it is due comes from FSRS (J. Ye, "A Stochastic Shortest
Path Algorithm for Optimizing Spaced Repetition Scheduling", KDD 2022, doi 10.1145/3534678.3539081)
by its authors' package `fsrs`. All answers of one day to cases of one diagnosis make one review.
Nothing of it is stored: it follows from the answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from fsrs import Card, Rating, Scheduler

from core.learning.records import Answered
from core.taxonomy import KEYS

RECENT = 20
"""Answers of each diagnosis that count for how often it is right lately."""
SURE, EASY_FROM = 0.75, 3
"""Confidence and number of answers of a day from which all right means that it was easy."""

# No steps of minutes: a set is done at once. No fuzz: the same answers give the same day.
_SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)


@dataclass(frozen=True)
class Standing:
    """How well one diagnosis is known.

    Attributes:
        key: of the diagnosis.
        answers, right: to cases of it, so far.
        recent: share right of the last `RECENT`, 0…1; None without an answer.
        due: when to practise it again; None if it never was.
        recall: 0…1, the chance that it is still remembered, by FSRS; None likewise.
    """

    key: str
    answers: int
    right: int
    recent: float | None
    due: datetime | None
    recall: float | None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be practised on the day of `now`, see `in_days`."""
        return self.due is not None and in_days(self.due, now) == 0

    @property
    def weakness(self) -> float:
        """0…1, how much it needs practice: the chance that a case of it is named wrongly, as
        far as one can tell from a few answers (Laplace's rule of succession)."""
        if self.recent is None or self.recall is None:
            return 0.5
        counted = min(self.answers, RECENT)
        known = (self.recent * counted + 1) / (counted + 2)
        return 1 - known * self.recall


def standings(answers: Sequence[Answered], now: datetime) -> list[Standing]:
    """Of all seven diagnoses, in their order.

    Args:
        answers: in any order; those that name no diagnosis (benign or malignant) are left out.
        now: with a time zone; the days of reviews are those of UTC.
    """
    named = sorted((a for a in answers if a.first in KEYS), key=lambda a: a.at)
    return [_standing(key, [a for a in named if a.truth == key], now) for key in KEYS]


def _standing(key: str, answers: list[Answered], now: datetime) -> Standing:
    if not answers:
        return Standing(key, 0, 0, None, None, None)
    card = Card(due=answers[0].at)
    for _, of_day in groupby(answers, key=lambda a: a.at.astimezone(UTC).date()):
        day = list(of_day)
        card, _log = _SCHEDULER.review_card(card, rating(day), day[-1].at.astimezone(UTC))
    latest = answers[-RECENT:]
    # A clock that was set back must not end in an error.
    recall = _SCHEDULER.get_card_retrievability(card, max(now, answers[-1].at).astimezone(UTC))
    return Standing(
        key,
        len(answers),
        sum(a.right for a in answers),
        sum(a.right for a in latest) / len(latest),
        card.due,
        float(recall),
    )


def rating(day: Sequence[Answered]) -> Rating:
    """What the answers of one day to cases of one diagnosis say: again if most were wrong, hard if
    some were, easy if at least `EASY_FROM` were all right and sure, else good."""
    share = sum(a.right for a in day) / len(day)
    if share < 0.5:
        return Rating.Again
    if share < 1:
        return Rating.Hard
    sure = sum((a.confidence or 0.0) for a in day) / len(day) >= SURE
    return Rating.Easy if sure and len(day) >= EASY_FROM else Rating.Good


def next_due(found: Sequence[Standing]) -> datetime | None:
    """When the next diagnosis is due; None if none was ever practised."""
    return min((s.due for s in found if s.due), default=None)


def in_days(due: datetime, now: datetime) -> int:
    """Days until a moment, at least 0, as the calendar counts them in the time zone of `now`."""
    return max(0, (due.astimezone(now.tzinfo).date() - now.date()).days)
