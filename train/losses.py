"""Losses of the two trainings."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class LogitAdjustedCrossEntropy(nn.Module):
    """Cross-entropy on logits + log prior (Menon et al., "Long-tail learning via logit adjustment",
    ICLR 2021).

    The network then learns scores free of the prior it was trained under; adding the log prior of
    another population gives that population's posterior.
    """

    log_prior: Tensor

    def __init__(self, prior: Tensor) -> None:
        """`prior`: probabilities of the classes in the batches drawn, shape K."""
        super().__init__()
        self.register_buffer("log_prior", prior.log())

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Logits N×K, labels N → scalar."""
        return F.cross_entropy(logits + self.log_prior, labels)


class BCEDice(nn.Module):
    """(1 - w)·binary cross-entropy + w·(1 - soft Dice per image, averaged) (Milletari et al.,
    "V-Net", 3DV 2016). Per image, so that small lesions weigh as much as large ones."""

    def __init__(self, dice_weight: float) -> None:
        super().__init__()
        self.dice_weight = dice_weight

    def forward(self, logits: Tensor, mask: Tensor) -> Tensor:
        """Logits and mask (0/1) of one shape N×1×H×W → scalar."""
        target = mask.to(logits.dtype)
        p = torch.sigmoid(logits)
        overlap = (p * target).sum(dim=(1, 2, 3))
        dice = (2 * overlap + 1) / (p.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3)) + 1)
        bce = F.binary_cross_entropy_with_logits(logits, target)
        return (1 - self.dice_weight) * bce + self.dice_weight * (1 - dice).mean()
