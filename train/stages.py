"""Epochs at one input size, of which a training has one or several."""

from dataclasses import dataclass

from train.fields import check, number


@dataclass(frozen=True)
class Stage:
    """A stretch of epochs at one input size (progressive resizing)."""

    epochs: int = number(
        "Epochs", "How often it goes through the photos drawn for one epoch.", 1, 10_000
    )
    size: int = number(
        "Size, px",
        "Photos are squeezed to a square this wide; a multiple of 32. Twice the size takes four "
        "times as long.",
        32,
        1024,
        32,
        multiple=32,
    )

    def __post_init__(self) -> None:
        check(self)
