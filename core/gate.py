"""Three grades of how familiar a photo is: from the models' own clinics, from another camera or
clinic, or no dermoscopy at all.

Two Gaussians over the classifier's textures (`core.novelty`) tell them apart. The first describes
the training photos: within its threshold a photo is familiar. The second describes dermoscopy of
several clinics, and only what is far from that, too, is refused. One Gaussian of one clinic cannot
do both: to it another dermatoscope's photo is as strange as a photo of a dog is to the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.novelty import Familiar

FAMILIAR, ELSEWHERE, REFUSED = "familiar", "elsewhere", "refused"
DOMAINS = (FAMILIAR, ELSEWHERE, REFUSED)


@dataclass(frozen=True, eq=False)
class Gate:
    """What dermoscopy looks like, wherever it was taken.

    Attributes:
        dermoscopy: over the textures of photos of several clinics.
        limit: distance to it above which a photo is refused, chosen on validation photos of all of
            them.
    """

    dermoscopy: Familiar
    limit: float

    def refuses(self, textures: np.ndarray) -> np.ndarray:
        """Textures …×D → bool …, true for what is no dermoscopy."""
        return self.dermoscopy.novelty(textures) > self.limit
