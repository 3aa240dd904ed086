"""Losses of the trainings, by the names of `train.choices`."""

from collections.abc import Callable
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]
"""Of logits N×K and labels N, or of logits and mask (0/1) of one shape N×1×H×W: a scalar."""


class LogitAdjustedCrossEntropy(nn.Module):
    """Cross-entropy on logits + log prior (Menon et al., "Long-tail learning via logit adjustment",
    ICLR 2021).

    The network then learns scores free of the prior it was trained under; adding the log prior of
    another population gives that population's posterior. Each source of photos has a prior of its
    own, so that where a photo was taken says nothing about what it shows; classes that a source
    does not have stay out of its photos' loss.
    """

    log_prior: Tensor

    def __init__(self, prior: Tensor) -> None:
        """`prior`: probabilities of the classes in the batches drawn, of each source, shape S×K."""
        super().__init__()
        self.register_buffer("log_prior", prior.log())

    def forward(self, logits: Tensor, labels: Tensor, sources: Tensor) -> Tensor:
        """Logits N×K, labels N, number of the source N → scalar."""
        return F.cross_entropy(logits + self.log_prior[sources], labels)


class Possible(nn.Module):
    """A loss of logits and labels, in which a photo's logits of classes that its source does not
    have are left out."""

    absent: Tensor

    def __init__(self, loss: Loss, prior: Tensor) -> None:
        """`prior` as of `LogitAdjustedCrossEntropy`."""
        super().__init__()
        self.loss = loss
        self.register_buffer("absent", torch.where(prior > 0, 0.0, -torch.inf))

    def forward(self, logits: Tensor, labels: Tensor, sources: Tensor) -> Tensor:
        """Logits N×K, labels N, number of the source N → scalar."""
        return self.loss(logits + self.absent[sources], labels)


def focal(logits: Tensor, labels: Tensor, gamma: float = 2.0) -> Tensor:
    """A `Loss`: cross-entropy times (1 - p of the true class)^gamma, which turns down photos that
    are right already (Lin et al., "Focal loss for dense object detection", ICCV 2017, gamma 2)."""
    log_p = -F.cross_entropy(logits, labels, reduction="none")
    return -((1 - log_p.exp()) ** gamma * log_p).mean()


def class_loss(name: str, drawn: Tensor) -> tuple[nn.Module, Tensor]:
    """A classifier's loss and the prior that its scores then carry.

    Args:
        name: a key of `train.choices.LOSSES`.
        drawn: share of each class in the batches, of each source, shape S×K; source 0 has all.

    Returns:
        the loss (logits N×K, labels N, sources N → scalar), and a prior K: a network that makes
        this loss small gives logits whose softmax is a posterior under it. Uniform where the loss
        evens the classes out itself, that of source 0 where it takes them as they come (of focal
        loss only about so).
    """
    own = drawn[0]
    uniform = torch.full_like(own, 1 / len(own))
    if name == "adjusted":
        return LogitAdjustedCrossEntropy(drawn), uniform
    if name == "weighted":  # on average over the batches, a photo weighs 1
        return Possible(nn.CrossEntropyLoss(uniform / own), drawn), uniform
    plain: dict[str, Loss] = {"cross-entropy": F.cross_entropy, "focal": focal}
    return Possible(plain[name], drawn), own


def mask_loss(name: str, dice_weight: float = 0.5) -> Loss:
    """A mask's loss; `name` is a key of `train.choices.MASK_LOSSES`."""
    if name in (others := {"tversky": tversky, "fuzzy": fuzzy_jaccard}):
        return others[name]
    return partial(bce_dice, dice_weight={"bce-dice": dice_weight, "bce": 0.0, "dice": 1.0}[name])


def bce_dice(logits: Tensor, mask: Tensor, dice_weight: float) -> Tensor:
    """A `Loss`: (1 - w)·binary cross-entropy + w·(1 - soft Dice per image, averaged) (Milletari et
    al., "V-Net", 3DV 2016). Per image, so that small lesions weigh as much as large ones."""
    target, p = mask.to(logits.dtype), torch.sigmoid(logits)
    overlap = (p * target).sum(dim=(1, 2, 3))
    dice = (2 * overlap + 1) / (p.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3)) + 1)
    bce = F.binary_cross_entropy_with_logits(logits, target)
    return (1 - dice_weight) * bce + dice_weight * (1 - dice).mean()


def tversky(logits: Tensor, mask: Tensor) -> Tensor:
    """A `Loss`: 1 - Tversky index per image, averaged: Dice in which missed lesion costs .7 and
    skin taken for lesion .3 (Salehi et al., "Tversky loss function for image segmentation using 3D
    fully convolutional deep networks", MLMI 2017)."""
    target, p = mask.to(logits.dtype), torch.sigmoid(logits)
    hit = (p * target).sum(dim=(1, 2, 3))
    missed = ((1 - p) * target).sum(dim=(1, 2, 3))
    false = (p * (1 - target)).sum(dim=(1, 2, 3))
    return (1 - (hit + 1) / (hit + 0.7 * missed + 0.3 * false + 1)).mean()


def fuzzy_jaccard(logits: Tensor, mask: Tensor, width: int = 5) -> Tensor:
    """A `Loss`: 1 - the Jaccard index of two fuzzy sets per image, averaged.

    A pixel belongs to the lesion by as much of its neighbourhood (`width` × `width` pixels) as is
    lesion: 1 inside, 0 outside, between the two near the border, where two experts would disagree.
    Intersection is the smaller membership, union the larger (Crum et al., "Generalized overlap
    measures for evaluation and validation in medical image analysis", IEEE TMI 25(11), 2006); as a
    loss for soft labels: Wang et al., "Jaccard metric losses", NeurIPS 2023.
    """
    target, p = mask.to(logits.dtype), torch.sigmoid(logits)
    member = F.avg_pool2d(target, width, 1, width // 2, count_include_pad=False)
    both = torch.minimum(p, member).sum(dim=(1, 2, 3))
    either = torch.maximum(p, member).sum(dim=(1, 2, 3))
    return (1 - (both + 1) / (either + 1)).mean()
