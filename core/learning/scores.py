"""What answers say: accuracy, confusions, calibration, and what the AI did to them."""

from collections.abc import Callable, Sequence
from operator import attrgetter

import numpy as np

from core.evaluation.figures import Figure
from core.evaluation.metrics import FAILED_BELOW, confusion
from core.evaluation.shares import Share, share
from core.learning.outlines import OutlineScores, mean
from core.learning.records import OUTLINED, SKIPPED, Answered, is_right
from core.taxonomy import BY_KEY, KEYS

CONFIDENCES = (0.2, 0.4, 0.6, 0.8, 0.95)
"""How sure one can say to be."""

Answer = Callable[[Answered], str | None]
"""Of a case, somebody's answer; None if there is none."""


of_student: Answer = attrgetter("first")
"""The answer before the model's was seen."""
of_student_after: Answer = attrgetter("second")
"""The answer after it was."""


def of_model(answered: Answered) -> str | None:
    """The model's answer: its group where a group was asked for."""
    if answered.said is None:
        return None
    named = answered.said.named
    return named if answered.first in KEYS else BY_KEY[named].group


def of_both(answered: Answered) -> str | None:
    """Student and model together: where they agree, that; else the diagnosis with the highest mean
    of the two opinions, the student's being the confidence on the one named and the rest spread
    evenly over the others. (Averaging is the simplest of the ways to combine people and model that
    P. Tschandl et al., Nature Medicine 26, 2020 compare.) None without a diagnosis or a model."""
    said, first, sure = answered.said, answered.first, answered.confidence
    if said is None or first not in KEYS or sure is None:
        return None
    if said.named == first:
        return first
    rest = (1 - sure) / (len(KEYS) - 1)
    means = {k: (sure if k == first else rest) + said.probabilities.get(k, 0.0) for k in KEYS}
    return max(KEYS, key=means.__getitem__)


WHO: dict[str, Answer] = {
    "You": of_student,
    "You, after seeing the AI": of_student_after,
    "Model": of_model,
    "Both together": of_both,
}
"""Whose answers are compared."""


def counted(answers: Sequence[Answered]) -> list[Answered]:
    """Those that name something: without outlines, and without cases that could not be shown."""
    return [a for a in answers if a.first not in (SKIPPED, OUTLINED)]


def by_quiz(answers: Sequence[Answered]) -> list[list[Answered]]:
    """Those of each quiz, in the order in which the quizzes were begun to be answered."""
    found: dict[str, list[Answered]] = {}
    for a in answers:
        found.setdefault(a.quiz, []).append(a)
    return list(found.values())


def outlined(answers: Sequence[Answered]) -> list[tuple[Answered, OutlineScores]]:
    """The outlines that were scored."""
    return [(a, a.drawn.scores) for a in answers if a.drawn and a.drawn.scores]


def outline_means(answers: Sequence[Answered]) -> dict[str, Figure]:
    """Mean IoU of the outlines: You and Model with the expert's, You with the model's, and
    Difference, the student's minus the model's on the same cases."""
    found = [scores for _, scores in outlined(answers)]
    pairs = [(s.student.iou, s.model.iou) for s in found if s.model]
    return {
        "You": mean([s.student.iou for s in found]),
        "Model": mean([model for _, model in pairs]),
        "You with the model": mean([s.with_model.iou for s in found if s.with_model]),
        "Difference": mean([student - model for student, model in pairs]),
    }


def accuracy(answers: Sequence[Answered], who: Answer) -> Share:
    """How often an answer is right, of the cases that have one."""
    given = [(who(a), a.truth) for a in answers]
    right = [is_right(answer, truth) for answer, truth in given if answer is not None]
    return share(sum(right), len(right))


def confusions(answers: Sequence[Answered], who: Answer) -> np.ndarray:
    """int 7×7, rows the true diagnosis, columns the one answered; other answers are left out."""
    pairs = [(who(a), a.truth) for a in answers]
    found = [(KEYS.index(answer), KEYS.index(truth)) for answer, truth in pairs if answer in KEYS]
    predicted, labels = np.array(found, int).reshape(-1, 2).T
    return confusion(predicted, labels, len(KEYS))


def calibration(answers: Sequence[Answered]) -> dict[float, Share]:
    """For each confidence that was said, ascending, how often the first answer was right."""
    said: dict[float, list[bool]] = {}
    for a in answers:
        if a.confidence is not None:
            said.setdefault(a.confidence, []).append(a.right)
    return {level: share(sum(right), len(right)) for level, right in sorted(said.items())}


def overconfidence(answers: Sequence[Answered]) -> float | None:
    """Mean confidence minus share right, -1…1; None where no confidence was said."""
    said = [(a.confidence, a.right) for a in answers if a.confidence is not None]
    if not said:
        return None
    return sum(c for c, _ in said) / len(said) - sum(right for _, right in said) / len(said)


EFFECTS = ("helped", "misled", "resisted", "ignored")


def influence(answers: Sequence[Answered]) -> dict[str, list[Answered]]:
    """What seeing the model's answer did, of the cases with an answer before and after it.

    Returns:
        helped: wrong before, right after; misled: right before, wrong after; resisted: right before
        and after although the model was wrong; ignored: wrong before and after although the model
        was right.
    """
    found: dict[str, list[Answered]] = {name: [] for name in EFFECTS}
    for a in answers:
        if a.second is None or a.said is None:
            continue
        before, after = a.right, is_right(a.second, a.truth)
        model = is_right(a.said.named, a.truth)
        if after and not before:
            found["helped"].append(a)
        elif before and not after:
            found["misled"].append(a)
        elif before and not model:
            found["resisted"].append(a)
        elif not before and model:
            found["ignored"].append(a)
    return found


def would_have(answers: Sequence[Answered]) -> tuple[int, int]:
    """Of cases answered alone: how many the model had right and the student wrong, and how many the
    other way round."""
    pairs = [
        (a.right, is_right(named, a.truth)) for a in answers if (named := of_model(a)) is not None
    ]
    return (
        sum(model and not student for student, model in pairs),
        sum(student and not model for student, model in pairs),
    )


def mistakes(answers: Sequence[Answered]) -> list[Answered]:
    """Cases whose final answer was wrong, or whose outline failed (`FAILED_BELOW`)."""
    wrong = [a for a in counted(answers) if not is_right(a.final, a.truth)]
    return wrong + [a for a, scores in outlined(answers) if scores.student.iou < FAILED_BELOW]
