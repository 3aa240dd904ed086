"""Teacher networks by their cards, looked at before any photo is decoded. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.models.cards import Card
from core.settings import typed_path
from train.config import Config, ConfigError
from train.data.arrays import classes_of
from train.data.photos import Data
from train.learn.start_weights import leak_of


def teacher_cards(config: Config) -> dict[Path, Card]:
    """The cards of a training's teacher networks by their folders; there may be none.

    Raises:
        WeightsError: a folder holds no model.
    """
    folders = [typed_path(name) for name in config.teachers]
    return {folder: Card.read(folder) for folder in folders}


def hashes(cards: Mapping[Path, Card]) -> tuple[str, ...]:
    """SHA-256 of the weights of each."""
    return tuple(card.sha256 for card in cards.values())


def check_teachers(config: Config, data: Data) -> None:
    """Whether a training can learn from its teacher networks.

    Args:
        data: the photos it learns from.

    Raises:
        WeightsError: a folder holds no model.
        ConfigError: a model answers something else than this training learns, or has learned from
            photos that it is validated on.
    """
    for folder, card in teacher_cards(config).items():
        if config.masked and not card.encoder:
            raise ConfigError(f"The teacher network in {folder} is no U-Net. Choose one.")
        if not config.masked and card.classes != (classes := classes_of(data, config.two_labels)):
            raise ConfigError(
                f"The teacher network in {folder} does not tell apart the classes of this "
                f"training, {', '.join(classes)}. Choose one that does."
            )
        if leak := leak_of(card, data):
            raise ConfigError(f"The teacher network in {folder} {leak}. Choose another one.")
