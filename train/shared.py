"""Fields that several kinds of training have, declared once."""

from typing import Any

from train.choices import ENCODERS, LABELS, Choice
from train.fields import named, number


def sampling_power() -> Any:
    """How far rare classes are drawn more often."""
    return number(
        "Evening out",
        "0 draws photos as they come, 1 all classes alike.",
        0.0,
        1.0,
        0.1,
        default=0.5,
    )


def labels() -> Any:
    """Seven diagnoses or two labels."""
    return named("diagnoses", "Labels", "What is told apart.", LABELS)


def loss(default: str, options: dict[str, Choice]) -> Any:
    """One of `options`."""
    return named(default, "Loss", "What the training makes small.", options)


def encoder() -> Any:
    """Of a U-Net or a hybrid."""
    text = "The network inside; a name from the list, or tu- and timm's."
    return named("mobilenet_v2", "Encoder", text, ENCODERS, others="tu-NAME of timm")
