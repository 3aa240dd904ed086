"""How unlike the training images a photo is, from the classifier's own features.

The training images' textures (`core.models.runtime.Scores.textures`) are described by one Gaussian;
the novelty of a photo is its Mahalanobis distance to it (Lee et al., "A simple unified framework
for detecting out-of-distribution samples and adversarial attacks", NeurIPS 2018). With 1,024
features and some thousands of images the full covariance would be mostly noise: it is that of
probabilistic principal components (Tipping and Bishop, J. R. Stat. Soc. B 61, 1999), so what a
photo has outside of the directions that dermoscopy varies in counts most.

The block before the last is used because the last one drops what does not matter to the seven
diagnoses, and with it much of what tells a dog from a lesion. The threshold above which a photo
counts as unlike is read off the validation split, never off test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COMPONENTS = 32
"""Directions with a variance of their own. On half of 150 everyday photos 16 to 64 flagged all, 8
with fewer; see `python -m train reference`."""


@dataclass(frozen=True, eq=False)
class FeatureGaussian:
    """What training images look like: a Gaussian over C features.

    Attributes:
        mean, scale: float32 C, of each feature; scale > 0.
        basis: float32 D×C, orthonormal rows: the principal directions of the scaled features.
        variance: float32 D > 0, along each of them.
        rest: variance of each of the C − D directions left, > 0.
    """

    mean: np.ndarray
    scale: np.ndarray
    basis: np.ndarray
    variance: np.ndarray
    rest: float

    @classmethod
    def fit(cls, features: np.ndarray, components: int = COMPONENTS) -> FeatureGaussian:
        """Fit to features float N×C.

        Raises:
            ValueError: N or C is not above `components`.
        """
        count, width = features.shape
        if min(count, width) <= components:
            raise ValueError(
                f"{components} components need more images and features, got {count}×{width}."
            )
        mean, scale = features.mean(0), features.std(0) + 1e-6
        scaled = (features - mean) / scale
        spread, axes = np.linalg.eigh(scaled.T @ scaled / count)
        basis = axes[:, -components:].T
        variance = np.maximum(spread[-components:], 1e-6)
        rest = max(float(spread[:-components].mean()), 1e-6)
        mean, scale, basis, variance = (
            np.ascontiguousarray(part, np.float32) for part in (mean, scale, basis, variance)
        )
        return cls(mean, scale, basis, variance, rest)

    def novelty(self, features: np.ndarray) -> np.ndarray:
        """Features …×C → squared Mahalanobis distance per feature, ≥ 0; about 1 for images like
        those of the training, float32 …"""
        scaled = (features - self.mean) / self.scale
        inside = np.vecdot(self.basis, scaled[..., None, :])
        outside = np.maximum(np.vecdot(scaled, scaled) - np.vecdot(inside, inside), 0)
        distance = np.vecdot(inside, inside / self.variance) + outside / self.rest
        return (distance / len(self.mean)).astype(np.float32)
