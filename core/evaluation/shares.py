"""So many of so many, with how sure one can be of the share."""

from dataclasses import dataclass

from scipy.special import betaincinv


@dataclass(frozen=True)
class Share:
    """So many of so many, with a 95 % interval; the interval is (0, 1) of none."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float | None:
        """0…1; None of none."""
        return self.hits / self.of if self.of else None


def share(hits: int, of: int) -> Share:
    """A share with its exact interval (Clopper & Pearson, Biometrika 26, 1934).

    The intervals of the models' figures are bootstrapped over lesions; this is for photos of as
    many lesions, and of ten right answers out of ten a bootstrap would make one without width.
    """
    low = float(betaincinv(hits, of - hits + 1, 0.025)) if hits else 0.0
    high = float(betaincinv(hits + 1, of - hits, 0.975)) if hits < of else 1.0
    return Share(hits, of, low, high)
