"""Three grades of how familiar a photo is: from the models' own clinics, from another camera or
clinic, or no dermoscopy at all.

Familiar is what lies within the threshold of the Gaussian over the training photos' textures
(`core.models.novelty`). To that Gaussian of one clinic another dermatoscope's photo is as strange
as a photo of a dog, so what is refused is decided by more: a logistic regression that was shown
dermoscopy of several clinics and, as known strangers, everyday photos (outlier exposure: Hendrycks,
Mazeika and Dietterich, "Deep anomaly detection with outlier exposure", ICLR 2019), and a second
Gaussian over dermoscopy of all of them, far from which lies what no regression was shown (noise, a
plain colour).
"""

from dataclasses import dataclass

import numpy as np

from core.models.novelty import FeatureGaussian

FAMILIAR, ELSEWHERE, REFUSED = "familiar", "elsewhere", "refused"
DOMAINS = (FAMILIAR, ELSEWHERE, REFUSED)


@dataclass(frozen=True, eq=False)
class Gate:
    """What tells dermoscopy, wherever it was taken, from all else.

    Attributes:
        weights: float32 D, of each texture in the regression.
        bias: of the regression: log odds that a photo is a stranger = weights · textures + bias.
        limit: log odds above which a photo is refused.
        dermoscopy: Gaussian over the textures of photos of several clinics.
        far: distance to it above which a photo is refused, whatever the regression says.
    """

    weights: np.ndarray
    bias: float
    limit: float
    dermoscopy: FeatureGaussian
    far: float

    def strangeness(self, textures: np.ndarray) -> np.ndarray:
        """Textures …×D → log odds … that a photo is no dermoscopy."""
        return np.vecdot(textures, self.weights) + self.bias

    def refuses(self, textures: np.ndarray) -> np.ndarray:
        """Textures …×D → bool …, true for what is no dermoscopy."""
        strange = self.strangeness(textures) > self.limit
        return strange | (self.dermoscopy.novelty(textures) > self.far)
