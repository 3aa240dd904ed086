"""What the pages hand on to be analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from core.imaging.image import LesionImage, display_name


@dataclass(frozen=True, eq=False)
class Case:
    """A photo to analyse, and what is known of it.

    Attributes:
        name: what to call it on screen.
        digest: tells it from every other photo.
        open: decodes it; see `enough` of `LesionImage.from_bytes`. Raises ImageError.
        about: a line of Markdown on where it comes from.
        record: its row of the dataset, if it is from there.
        taken: whether the visitor took it with this page's camera; None: a file, so perhaps.
    """

    name: str
    digest: str
    open: Callable[[int | None], LesionImage]
    about: str
    record: pd.Series | None = None
    taken: bool | None = False

    @property
    def own(self) -> bool:
        """Whether the visitor brought the photo along: it is of no dataset, and not drawn."""
        return self.taken is not False

    @classmethod
    def of_file(
        cls,
        data: bytes,
        name: str,
        about: str,
        record: pd.Series | None = None,
        taken: bool | None = False,
    ) -> Case:
        """A picture file, not decoded yet."""
        return cls(
            display_name(name),
            hashlib.sha256(data).hexdigest(),
            lambda enough: LesionImage.from_bytes(data, name, enough),
            about,
            record,
            taken,
        )
