"""Learning from other networks' answers beside the labels or masks (knowledge distillation).

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015. The networks answer
on the very augmented photo that the student sees, over a long schedule (Beyer et al., "Knowledge
distillation: A good teacher is patient and consistent", CVPR 2022).

A classifier learns by the divergence from answers that a temperature softened: 0 where it agrees.
A U-Net learns by plain cross-entropy with the masks as they are, at no temperature: where it agrees
with unsure teachers, that, and with it `train_loss`, is still above 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.architectures import build_classifier
from core.models.networks import build_segmenter, channels_last
from core.models.weights import load_into, read_state
from train.config import Config
from train.learn.teachers import teacher_cards

TEMPERATURE = 2.0
"""Scores are divided by it before the softmax, so that the order of the unlikely classes shows; 2
to 5 served in both papers."""


class Teachers:
    """Trained networks that no longer learn. No module: a checkpoint of the training leaves them
    out."""

    def __init__(self, networks: Sequence[nn.Module] = ()) -> None:
        self.networks = networks

    def __bool__(self) -> bool:
        return bool(self.networks)

    def __deepcopy__(self, memo: dict[int, object]) -> Teachers:
        """A copy of a training (for averaged weights) has the same teachers."""
        return self

    @classmethod
    def load(cls, config: Config) -> Teachers:
        """Those of a configuration, which `train.learn.teachers.check_teachers` has looked at.

        Raises:
            WeightsError: a folder holds no model, or a damaged one.
        """
        networks = []
        for folder, card in teacher_cards(config).items():
            network: nn.Module
            if card.encoder:
                network = build_segmenter(card.encoder)
            else:
                network = build_classifier(card.architecture, len(card.classes))
            load_into(network, read_state(folder, card.sha256), folder.name)
            networks.append(channels_last(network).eval().requires_grad_(False))
        return cls(networks)

    @torch.no_grad()
    def answers(self, x: Tensor) -> Tensor:
        """Normalised photos N×3×S×S → what classifiers say on average, softened: N×K, rows sum to
        1, at equal priors (see `core.models.calibration`)."""
        scores = (network.to(x.device)(x)[0].float() for network in self.networks)
        return torch.stack([F.softmax(each / TEMPERATURE, 1) for each in scores]).mean(0)

    @torch.no_grad()
    def masks(self, x: Tensor) -> Tensor:
        """Normalised photos N×3×S×S → the U-Nets' average probability of lesion, N×1×S×S."""
        scores = (network.to(x.device)(x).float() for network in self.networks)
        return torch.stack([torch.sigmoid(each) for each in scores]).mean(0)


def distillation_loss(scores: Tensor, answers: Tensor) -> Tensor:
    """Divergence of a student's softened answers from its teachers', times the temperature squared,
    which keeps its gradient as large as that of a loss of labels.

    Args:
        scores: the student's, free of a prior, N×K.
        answers: of `Teachers.answers`, N×K.

    Returns:
        a scalar, 0 where they agree.
    """
    softened = F.log_softmax(scores / TEMPERATURE, 1)
    return TEMPERATURE**2 * F.kl_div(softened, answers, reduction="batchmean")
