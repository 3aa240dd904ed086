"""Figures with the intervals of a bootstrap over lesions (`core.evaluation.metrics.bootstrap`)."""

from collections.abc import Callable, Sequence

import numpy as np

from core.evaluation import files
from core.evaluation.figures import Figure
from core.evaluation.metrics import bootstrap, exact_interval
from core.system.records import plain


def with_intervals(
    measure: Callable[[np.ndarray], dict[str, float]], groups: np.ndarray, draws: int
) -> dict[str, Figure]:
    """The figures of `measure` over all rows, with their intervals (`bootstrap`)."""
    spread = bootstrap(measure, groups, draws)
    return {
        name: figure(value, spread[name]) for name, value in measure(np.arange(len(groups))).items()
    }


def by_class(
    measure: Callable[[np.ndarray], dict[str, dict[str, float]]],
    groups: np.ndarray,
    draws: int,
    labels: np.ndarray,
    named: np.ndarray,
) -> dict[str, files.ClassFigures]:
    """The figures of each class with their intervals, from `core.evaluation.metrics.per_class` or
    `answers_per_class`. Where all draws agree, recall and precision have the interval of
    `exact_interval`, the others none.

    Args:
        labels, named: class indices of each row, the true one and the one that was answered.
    """

    def flat(rows: np.ndarray) -> dict[str, float]:
        found = measure(rows)
        return {f"{k} {m}": v for k, row in found.items() for m, v in row.items() if m != "support"}

    spread = bootstrap(flat, groups, draws)
    found = {}
    for k, (key, row) in enumerate(measure(np.arange(len(groups))).items()):
        shares = {"recall": labels == k, "precision": named == k}
        support = int(row.pop("support"))
        figures = {
            m: figure(
                v, interval(v, spread[f"{key} {m}"], groups[shares[m]] if m in shares else ())
            )
            for m, v in row.items()
        }
        found[key] = files.ClassFigures(support=support, figures=figures)
    return found


def interval(
    value: float, drawn: tuple[float, float], lesions: Sequence[str] | np.ndarray = ()
) -> tuple[float, float]:
    """The interval of a bootstrap or, where all its draws agree, that of a share of `lesions` (with
    repeats; none: it is no share) by `exact_interval`."""
    return exact_interval(value, len(set(lesions))) if drawn[0] == drawn[1] else drawn


def figure(value: float, interval: tuple[float, float]) -> Figure:
    """A figure as files hold it: what is no finite number becomes None."""
    return Figure(value=plain(value), low=plain(interval[0]), high=plain(interval[1]))
