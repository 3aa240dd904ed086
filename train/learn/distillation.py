"""Learning from other networks' answers beside the labels (knowledge distillation).

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015. The networks answer
on the very augmented photo that the student sees, over a long schedule (Beyer et al., "Knowledge
distillation: A good teacher is patient and consistent", CVPR 2022).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from core.models.architectures import AnyClassifier, build_classifier
from core.models.cards import Card
from core.models.networks import channels_last
from core.models.weights import load_into, read_state
from train.fields import ConfigError

TEMPERATURE = 2.0
"""Scores are divided by it before the softmax, so that the order of the unlikely classes shows; 2
to 5 served in both papers."""


def load_teachers(folders: Sequence[str], classes: tuple[str, ...]) -> list[AnyClassifier]:
    """Trained classifiers that no longer learn. In a list: a checkpoint leaves them out.

    Args:
        folders: models' folders (`core.models.weights`).
        classes: what the student tells apart, in its order.

    Raises:
        WeightsError: a folder holds no model, or a damaged one.
        ConfigError: a model tells other classes apart.
    """
    teachers = []
    for name in folders:
        folder = Path(name).expanduser()
        card = Card.read(folder)
        if card.leaks:
            raise ConfigError(
                f"The teacher network in {folder} learned with images split at random: it has "
                "seen lesions of validation and test. Choose one that was split by lesion."
            )
        if card.classes != classes:
            raise ConfigError(
                f"The teacher network in {folder} does not tell apart the classes of this "
                f"training, {', '.join(classes)}."
            )
        network = build_classifier(card.architecture, len(classes))
        load_into(network, read_state(folder, card.sha256), folder.name)
        teachers.append(channels_last(network).eval().requires_grad_(False))
    return teachers


def answers_of(teachers: Sequence[AnyClassifier], x: Tensor) -> Tensor:
    """Normalised photos N×3×S×S → what teachers say on average, softened: N×K, rows sum to 1, at
    equal priors (see `core.models.calibration`)."""
    with torch.no_grad():
        answers = [
            F.softmax(network.to(x.device)(x)[0].float() / TEMPERATURE, 1) for network in teachers
        ]
    return torch.stack(answers).mean(0)


def distillation_loss(scores: Tensor, answers: Tensor) -> Tensor:
    """Divergence of a student's softened answers from its teachers', times the temperature squared,
    which keeps its gradient as large as that of a loss of labels.

    Args:
        scores: the student's, free of a prior, N×K.
        answers: of `answers_of`, N×K.

    Returns:
        a scalar, 0 where they agree.
    """
    softened = F.log_softmax(scores / TEMPERATURE, 1)
    return TEMPERATURE**2 * F.kl_div(softened, answers, reduction="batchmean")
