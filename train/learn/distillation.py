"""Learning from other networks' answers beside the labels or masks (knowledge distillation).

Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", 2015. The networks answer
on the very augmented photo that the student sees, over a long schedule (Beyer et al., "Knowledge
distillation: A good teacher is patient and consistent", CVPR 2022).

A classifier learns by the divergence from answers that a temperature softened: 0 where it agrees.
A U-Net learns by plain cross-entropy with the masks as they are, at no temperature: where it agrees
with unsure teachers, that, and with it `train_loss`, is still above 0.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.architectures import AnyClassifier, build_classifier
from core.models.cards import Card
from core.models.networks import build_segmenter, channels_last
from core.models.weights import load_into, read_state
from train.fields import ConfigError

TEMPERATURE = 2.0
"""Scores are divided by it before the softmax, so that the order of the unlikely classes shows; 2
to 5 served in both papers."""
Network = TypeVar("Network", bound=nn.Module)


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
    for folder, card in _cards(folders):
        if card.classes != classes:
            raise ConfigError(
                f"The teacher network in {folder} does not tell apart the classes of this "
                f"training, {', '.join(classes)}."
            )
        teachers.append(_teacher(build_classifier(card.architecture, len(classes)), folder, card))
    return teachers


def load_mask_teachers(folders: Sequence[str]) -> list[nn.Module]:
    """Trained U-Nets that no longer learn; see `load_teachers`.

    Raises:
        WeightsError: a folder holds no model, or a damaged one.
        ConfigError: a model is no U-Net.
    """
    teachers = []
    for folder, card in _cards(folders):
        if not card.encoder:
            raise ConfigError(f"The teacher network in {folder} is no U-Net. Choose one.")
        teachers.append(_teacher(build_segmenter(card.encoder), folder, card))
    return teachers


def _cards(folders: Sequence[str]) -> list[tuple[Path, Card]]:
    """Teachers' folders and cards. Raises ConfigError: one has seen lesions of the test."""
    paths = [Path(name).expanduser() for name in folders]
    found = [(folder, Card.read(folder)) for folder in paths]
    if leaking := [folder for folder, card in found if card.leaks]:
        raise ConfigError(
            f"The teacher network in {leaking[0]} learned with images split at random: it has "
            "seen lesions of validation and test. Choose one that was split by lesion."
        )
    return found


def _teacher(network: Network, folder: Path, card: Card) -> Network:
    load_into(network, read_state(folder, card.sha256), folder.name)
    return channels_last(network).eval().requires_grad_(False)


def answers_of(teachers: Sequence[AnyClassifier], x: Tensor) -> Tensor:
    """Normalised photos N×3×S×S → what teachers say on average, softened: N×K, rows sum to 1, at
    equal priors (see `core.models.calibration`)."""
    with torch.no_grad():
        answers = [
            F.softmax(network.to(x.device)(x)[0].float() / TEMPERATURE, 1) for network in teachers
        ]
    return torch.stack(answers).mean(0)


def masks_of(teachers: Sequence[nn.Module], x: Tensor) -> Tensor:
    """Normalised photos N×3×S×S → the teachers' average probability of lesion, N×1×S×S."""
    with torch.no_grad():
        answers = [torch.sigmoid(network.to(x.device)(x).float()) for network in teachers]
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
