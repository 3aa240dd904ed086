"""What the shipped classifier keeps of the training images: how they look, and each one's code."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.models.gate import ELSEWHERE, FAMILIAR, REFUSED, Gate
from core.models.neighbours import KnownCases
from core.models.novelty import FeatureGaussian
from core.models.weights import WeightsError
from core.taxonomy import KEYS

FILE = "reference.safetensors"


@dataclass(frozen=True, eq=False)
class Reference:
    """The training images, as a photo is compared with them.

    Attributes:
        familiar: how they look.
        threshold: novelty above this means: unlike the training images.
        cases: each of them, to find similar ones.
    """

    familiar: FeatureGaussian
    threshold: float
    cases: KnownCases
    gate: Gate | None = None
    """What tells dermoscopy of other clinics from photos that are none; without it everything
    above the threshold is refused."""

    def domain(self, textures: np.ndarray, novelty: float) -> str:
        """The grade of a photo, one of `core.models.gate.DOMAINS`, from its textures D and their
        novelty (of `familiar`)."""
        if self.gate is not None and self.gate.refuses(textures):
            return REFUSED
        if novelty <= self.threshold:
            return FAMILIAR
        return REFUSED if self.gate is None else ELSEWHERE

    @classmethod
    def read(cls, folder: Path, threshold: float) -> Reference:
        """Read the file of a classifier's folder.

        Raises:
            WeightsError: it is missing, damaged or does not fit together.
        """
        try:
            stored = load_file(folder / FILE)
            familiar = _gaussian(stored, "familiar")
            gate = None
            if "gate.weights" in stored:
                bias, limit, far = map(float, stored["gate.numbers"])
                dermoscopy = _gaussian(stored, "gate")
                gate = Gate(stored["gate.weights"], bias, limit, dermoscopy, far)
            cases = KnownCases(
                stored["cases.codes"].astype(np.float32),
                stored["cases.basis"].astype(np.float32),
                [f"ISIC_{number:07d}" for number in stored["cases.images"]],
                [f"HAM_{number:07d}" for number in stored["cases.lesions"]],
                [KEYS[index] for index in stored["cases.diagnoses"]],
            )
        except (OSError, SafetensorError, KeyError, IndexError, ValueError) as error:
            raise WeightsError(
                f"The classifier's {FILE} cannot be read ({error}). Get the folder again, complete."
            ) from error
        count, width = cases.codes.shape
        if (
            not _fits(familiar)
            or (gate is not None and not _fits(gate.dermoscopy))
            or (gate is not None and gate.weights.shape != familiar.mean.shape)
            or cases.basis.shape[0] != width
            or {len(cases.images), len(cases.lesions), len(cases.diagnoses)} != {count}
        ):
            raise WeightsError(
                f"The parts of the classifier's {FILE} do not fit together. "
                "Get the folder again, complete."
            )
        return cls(familiar, threshold, cases, gate)

    def write(self, folder: Path) -> None:
        """Write the file into a classifier's folder: codes in half precision, ids as numbers."""
        cases, parts = self.cases, _parts(self.familiar, "familiar")
        if self.gate is not None:
            parts |= _parts(self.gate.dermoscopy, "gate")
            parts["gate.weights"] = self.gate.weights
            numbers = self.gate.bias, self.gate.limit, self.gate.far
            parts["gate.numbers"] = np.array(numbers, np.float64)
        save_file(
            parts
            | {
                "cases.codes": cases.codes.astype(np.float16),
                "cases.basis": cases.basis.astype(np.float16),
                "cases.images": np.array([int(i.removeprefix("ISIC_")) for i in cases.images]),
                "cases.lesions": np.array([int(i.removeprefix("HAM_")) for i in cases.lesions]),
                "cases.diagnoses": np.array([KEYS.index(k) for k in cases.diagnoses], np.uint8),
            },
            folder / FILE,
        )


def _gaussian(stored: dict[str, np.ndarray], name: str) -> FeatureGaussian:
    parts: dict[str, Any] = {f.name: stored[f"{name}.{f.name}"] for f in fields(FeatureGaussian)}
    return FeatureGaussian(**parts | {"rest": float(parts["rest"][0])})


def _parts(found: FeatureGaussian, name: str) -> dict[str, np.ndarray]:
    parts = {field.name: getattr(found, field.name) for field in fields(found)}
    parts["rest"] = np.array([found.rest], np.float32)
    return {f"{name}.{part}": value for part, value in parts.items()}


def _fits(found: FeatureGaussian) -> bool:
    shape = (len(found.variance), len(found.mean))
    return found.basis.shape == shape and found.scale.shape == found.mean.shape
