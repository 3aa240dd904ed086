"""What the shipped classifier keeps of the training images: how they look, and each one's code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.neighbours import KnownCases
from core.novelty import Familiar
from core.taxonomy import KEYS
from core.weights import WeightsError

FILE = "reference.safetensors"


@dataclass(frozen=True, eq=False)
class Reference:
    """The training images, as a photo is compared with them.

    Attributes:
        familiar: how they look.
        threshold: novelty above this means: unlike the training images.
        cases: each of them, to find similar ones.
    """

    familiar: Familiar
    threshold: float
    cases: KnownCases

    @classmethod
    def read(cls, folder: Path, threshold: float) -> Reference:
        """Read the file of a classifier's folder.

        Raises:
            WeightsError: it is missing, damaged or does not fit together.
        """
        try:
            stored = load_file(folder / FILE)
            familiar = Familiar(
                stored["familiar.mean"],
                stored["familiar.scale"],
                stored["familiar.basis"],
                stored["familiar.variance"],
                float(stored["familiar.rest"][0]),
            )
            cases = KnownCases(
                stored["cases.codes"].astype(np.float32),
                stored["cases.basis"].astype(np.float32),
                [f"ISIC_{number:07d}" for number in stored["cases.images"]],
                [f"HAM_{number:07d}" for number in stored["cases.lesions"]],
                [KEYS[index] for index in stored["cases.diagnoses"]],
            )
        except (OSError, SafetensorError, KeyError, IndexError) as error:
            raise WeightsError(
                f"The classifier's {FILE} cannot be read ({error}). Get the folder again, complete."
            ) from error
        count, width = cases.codes.shape
        if (
            familiar.basis.shape != (len(familiar.variance), len(familiar.mean))
            or familiar.scale.shape != familiar.mean.shape
            or cases.basis.shape[0] != width
            or {len(cases.images), len(cases.lesions), len(cases.diagnoses)} != {count}
        ):
            raise WeightsError(
                f"The parts of the classifier's {FILE} do not fit together. "
                "Get the folder again, complete."
            )
        return cls(familiar, threshold, cases)

    def write(self, folder: Path) -> None:
        """Write the file into a classifier's folder: codes in half precision, ids as numbers."""
        cases = self.cases
        save_file(
            {
                "familiar.mean": self.familiar.mean,
                "familiar.scale": self.familiar.scale,
                "familiar.basis": self.familiar.basis,
                "familiar.variance": self.familiar.variance,
                "familiar.rest": np.array([self.familiar.rest], np.float32),
                "cases.codes": cases.codes.astype(np.float16),
                "cases.basis": cases.basis.astype(np.float16),
                "cases.images": np.array([int(i.removeprefix("ISIC_")) for i in cases.images]),
                "cases.lesions": np.array([int(i.removeprefix("HAM_")) for i in cases.lesions]),
                "cases.diagnoses": np.array([KEYS.index(k) for k in cases.diagnoses], np.uint8),
            },
            folder / FILE,
        )
