"""Fields of a configuration that several kinds of training have; see `train.config`."""

from typing import Any

from train.choices import ENCODERS, LABELS, Choice
from train.fields import named, share


def sampling_power() -> Any:
    """Of drawing: images of a class of n are drawn with weight n^-power."""
    return share("Evening out", "0 draws photos as they come, 1 all classes alike.", 0.5)


def labels() -> Any:
    """Key of `train.choices.LABELS`."""
    return named("diagnoses", "Labels", "What is told apart.", LABELS)


def loss(default: str, options: dict[str, Choice]) -> Any:
    """Key of `options`."""
    return named(default, "Loss", "What the training makes small.", options)


def encoder() -> Any:
    """A name of `core.models.networks.build_encoder`."""
    text = "The network inside; a name from the list, or tu- and timm's."
    return named("mobilenet_v2", "Encoder", text, ENCODERS, others="tu-NAME of timm")


def teachers(networks: str, truths: str) -> Any:
    """Folders of models; `networks` and `truths` are what they are called in the help."""
    text = f"{networks} whose answers it learns beside the {truths}."
    return named((), "Teacher networks", text, others="models' folders", paths=True)


def teacher_weight(truths: str) -> Any:
    """Share of the teachers in the loss."""
    text = f"How much their answers count; the {truths} count for the rest."
    return share("Weight of the teachers", text, 0.5)
