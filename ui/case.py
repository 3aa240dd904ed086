"""What the pages hand on to be analysed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.glossary import CONFIRMED_BY
from core.ham10000.explore import UNKNOWN
from core.imaging.image import LesionImage, display_name
from core.taxonomy import BY_KEY
from ui.text import as_text


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


def told(record: pd.Series, column: str) -> str:
    """What the dataset tells of a case, as it is written there."""
    return UNKNOWN if pd.isna(record[column]) else str(record[column])


def confirmed_by(record: pd.Series) -> str:
    """How the diagnosis of a case is known, as a noun."""
    how = told(record, "dx_type")
    return CONFIRMED_BY.get(how, "an unknown method" if how == UNKNOWN else how)


def show_verdict(right: bool, words: str, title: str) -> None:
    """A box around what became of an answer."""
    box, icon = (st.success, "check_circle") if right else (st.error, "cancel")
    box(words, title=title, icon=f":material/{icon}:")


def verdict(record: pd.Series, answer: str, likeliest: str) -> str:
    """Whether an answer of the model to a case is right.

    Args:
        answer: key of the diagnosis that it names.
        likeliest: key of the one that it finds most probable.
    """
    true = str(record["dx"])
    if answer == true:
        return "The model agrees."
    if likeliest != true:
        return "The model is wrong here."
    alarm = BY_KEY[answer].malignant and not BY_KEY[true].malignant
    return (
        f"{'A false alarm' if alarm else 'The answer is wrong here'}: what the model finds most "
        "probable is right."
    )


def facts(record: pd.Series) -> str:
    """How the diagnosis of a case is known, and whose it is, as Markdown."""
    age = "age unknown" if pd.isna(record["age"]) else f"about {record['age']:.0f} years"
    return as_text(
        f"Confirmed by {confirmed_by(record)}. Site: {told(record, 'localization')}; "
        f"sex: {told(record, 'sex')}; {age}."
    )
