"""Figures with the intervals of a bootstrap over lesions (`core.evaluation.metrics.bootstrap`)."""

from collections.abc import Callable, Mapping

import numpy as np

from core.evaluation import files
from core.evaluation.figures import Figure
from core.evaluation.metrics import bootstrap, exact_interval
from core.system.records import plain

UNMEASURED = np.nan, np.nan
"""Where all draws agree about what is no share: nobody knows how far it may be off."""


def with_intervals(
    measure: Callable[[np.ndarray], dict[str, float]],
    groups: np.ndarray,
    draws: int,
    shares: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Figure]:
    """The figures of `measure` over all rows, with their intervals (`bootstrap`).

    Args:
        shares: of the figures that are shares, the lesions (with repeats) of the images they are
            of. Where it is given and all draws agree, these have the interval of `exact_interval`,
            the others none.
    """
    spread = bootstrap(measure, groups, draws)
    found = {}
    for name, value in measure(np.arange(len(groups))).items():
        ends = spread[name]
        if shares is not None and ends[0] == ends[1]:
            lesions = shares.get(name)
            ends = UNMEASURED if lesions is None else exact_interval(value, len(set(lesions)))
        found[name] = figure(value, ends)
    return found


def by_class(
    measure: Callable[[np.ndarray], dict[str, dict[str, float]]],
    groups: np.ndarray,
    draws: int,
    labels: np.ndarray,
    named: np.ndarray,
) -> dict[str, files.ClassFigures]:
    """The figures of each class with their intervals, from `core.evaluation.metrics.per_class` or
    `answers_per_class`; recall and precision are shares.

    Args:
        labels, named: class indices of each row, the true one and the one that was answered.
    """

    def flat(rows: np.ndarray) -> dict[str, float]:
        found = measure(rows)
        return {f"{k} {m}": v for k, row in found.items() for m, v in row.items() if m != "support"}

    whole = measure(np.arange(len(groups)))
    shares = {
        f"{key} {m}": groups[chosen == k]
        for k, key in enumerate(whole)
        for m, chosen in (("recall", labels), ("precision", named))
    }
    found = with_intervals(flat, groups, draws, shares)
    return {
        key: files.ClassFigures(
            support=int(row["support"]),
            figures={m: found[f"{key} {m}"] for m in row if m != "support"},
        )
        for key, row in whole.items()
    }


def figure(value: float, interval: tuple[float, float]) -> Figure:
    """A figure as files hold it: what is no finite number becomes None."""
    return Figure(value=plain(value), low=plain(interval[0]), high=plain(interval[1]))
