"""What a report says of one analysis, in words, rows and small pictures."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.answer.analyser import Analysis
from core.answer.words import WORRIED, domain_note, headline, malignant_share
from core.formatting import chance, percent
from core.imaging.image import display_name, to_jpeg
from core.imaging.overlay import canvas_for, draw
from core.lesion.measure_words import Row, described
from core.models.cards import Card
from core.models.neighbours import Neighbour
from core.taxonomy import BY_KEY, ORDER, Diagnosis

PICTURE_PX = 640
"""Longest side of the pictures: sharp where it is printed, and small to send."""

HEAT = 0.6
"""Opacity of the heatmap where it is hottest, as the app begins with."""


SIMILAR = (
    "The training photos nearest to this one in the classifier's own features. Similarity: 1 is "
    "the same, 0 unrelated. What is alike to the network need not look alike to you."
)
"""How to read the similar cases."""


@dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Attributes:
        jpeg: the file's bytes, encoded from pixels: it holds no EXIF.
        width, height: in pixels.
        title: one or two words.
        caption: how to read it.
        alt: what it shows, for who cannot see it.
    """

    jpeg: bytes
    width: int
    height: int
    title: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Bar:
    """One class and its probability: `share` 0…1 for the bar's length, `chance` to read."""

    diagnosis: Diagnosis
    share: float
    chance: str


@dataclass(frozen=True)
class Group:
    """Malignant or benign: the name with the sum, and its bars."""

    title: str
    malignant: bool
    bars: tuple[Bar, ...]


class KnownCase(NamedTuple):
    """A row of the similar cases, as it is shown."""

    image_id: str
    diagnosis: str
    group: str
    similarity: str


@dataclass(frozen=True)
class Report:
    """All that a report says. Every string is plain text, to be escaped where it is shown; those
    that a stranger wrote (name, source, notes) hold no control characters but line ends.

    Attributes:
        name: of the photo, without folders.
        date: on which it was analysed.
        size: of the photo, in words.
        source: where the photo comes from and who is to be credited; may be empty.
        domain_note: title and text of what is to be said first, of a photo that is not familiar or
            not from the dataset.
        answer: the class named by the rule, with its probability, and which one is more probable;
            of a photo that is no dermoscopy, just that.
        about: what that diagnosis is; empty of a photo that is no dermoscopy.
        besides: sentences on the answer, and on the truth where it is known.
        pictures: photo, outline, heatmap of the answer.
        groups: the seven probabilities, the malignant above the benign.
        measurements: of the outlined lesion; empty if none was found.
        similar: known cases like it, most alike first; may be empty.
        doubts: what speaks against trusting the answer, for this photo first, then for any photo.
        notes: the student's own, lines apart by line ends; may be empty.
        models: one sentence for each model, from its card.
    """

    name: str
    date: datetime.date
    size: str
    source: str
    domain_note: tuple[str, str] | None
    answer: str
    about: str
    besides: tuple[str, ...]
    pictures: tuple[Picture, ...]
    groups: tuple[Group, ...]
    measurements: tuple[Row, ...]
    similar: tuple[KnownCase, ...]
    doubts: tuple[str, ...]
    notes: str
    models: tuple[str, ...]

    @property
    def day(self) -> str:
        """The date in words."""
        return f"{self.date.day} {self.date:%B %Y}"

    @classmethod
    def of(
        cls,
        analysis: Analysis,
        preview: np.ndarray,
        mask: np.ndarray,
        name: str,
        *,
        usual: Mapping[str, float],
        cards: Iterable[Card],
        date: datetime.date,
        notes: str = "",
        source: str = "",
        own: bool = False,
        width_mm: float | None = None,
        neighbours: Sequence[Neighbour] = (),
        remarks: Sequence[str] = (),
        truth: Sequence[str] = (),
    ) -> Report:
        """Put a report together.

        Args:
            analysis: what the models say of the photo.
            preview: its pixels, uint8 h×w×3 of any scale.
            mask: bool h×w, true on the lesion; spans the same frame.
            name: file name or title of the photo; folders in it are dropped.
            date, notes, source: see the class.
            usual: the share of each diagnosis that the probabilities assume, by key.
            cards: of the models that were used, the classifier's first.
            own: whether a visitor brought the photo along.
            width_mm: of skin that the photo's width spans, where it is known.
            neighbours: known cases like it, most alike first.
            remarks: reasons to doubt this answer, and what was changed while reading the photo.
            truth: sentences on the true diagnosis, once a student has seen it.
        """
        answer, said = BY_KEY[analysis.prediction], headline(analysis, usual)
        cards = list(cards)
        first = cards[0] if cards else Card()
        measured = analysis.measurements
        pixel_mm = width_mm and width_mm / analysis.width
        note = domain_note(analysis.domain, first, own)
        if note and own:
            note = (note[0], f"{note[1]} {WORRIED}")
        known = ((n, BY_KEY[n.diagnosis]) for n in neighbours)
        return cls(
            name=display_name(name),
            date=date,
            size=f"{analysis.width} × {analysis.height} pixels",
            source=_plain(source),
            domain_note=note,
            answer=said.text.removesuffix("."),
            about=answer.text if analysis.in_domain else "",
            besides=(
                *([_group_named(analysis)] if analysis.in_domain else []),
                *map(_plain, truth),
            ),
            pictures=_pictures(analysis, preview, mask),
            groups=tuple(_group(analysis, malignant) for malignant in (True, False)),
            measurements=tuple(described(measured, pixel_mm).values()) if measured else (),
            similar=tuple(
                KnownCase(n.image_id, d.name, d.group, f"{n.similarity:.2f}") for n, d in known
            ),
            doubts=(
                *map(_plain, remarks),
                *(f"{limit[0].upper()}{limit[1:]}." for limit in first.limits if limit),
            ),
            notes=_plain(notes),
            models=tuple(map(_model, cards)),
        )


def unbroken(words: str) -> str:
    """Words in which no line ends between a figure and its percent sign."""
    return words.replace(" %", "\u00a0%")


def _plain(words: str) -> str:
    """Words of a stranger without control characters, and with one kind of line end."""
    lines = "\n".join(words.expandtabs(4).splitlines())
    controls = ("Cc", "Cs")
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in controls).strip()


def _group_named(analysis: Analysis) -> str:
    malignant = malignant_share(analysis)
    group = BY_KEY[analysis.prediction].group
    together = (
        f"It is of the {group} group. The three malignant diagnoses together: {chance(malignant)}."
    )
    if (group == "malignant") != (malignant > 0.5):
        together += " The answer and the more probable group differ."
    return together


def _pictures(analysis: Analysis, preview: np.ndarray, mask: np.ndarray) -> tuple[Picture, ...]:
    photo = canvas_for(preview, PICTURE_PX, PICTURE_PX)
    height, width = photo.shape[:2]
    found, answer = analysis.measurements, BY_KEY[analysis.prediction].name
    heatmap = analysis.heatmap(analysis.prediction)
    share = f", {percent(found.area_share)} of the frame" if found else ""
    described = [
        (
            photo,
            "Photo",
            "As the models saw it, before they scaled it down.",
            "The photo of the lesion",
        ),
        (
            draw(photo, mask=mask),
            "Outline",
            f"Where the U-Net sees the lesion{share}."
            if mask.any()
            else "The U-Net found no lesion, so there is no outline.",
            f"The photo with the lesion outlined{share}"
            if mask.any()
            else "The photo; no lesion was found",
        ),
        (
            draw(photo, heatmap=heatmap, heat=HEAT),
            "Heatmap",
            f"Bright: where the evidence for “{answer}” lies (Grad-CAM). It does not show that "
            "the answer is right."
            if heatmap.any()
            else f"No part of the photo supports “{answer}”: the map is empty.",
            f"The photo with a heatmap of the evidence for {answer}"
            if heatmap.any()
            else f"The photo; the heatmap for {answer} is empty",
        ),
    ]
    return tuple(
        Picture(to_jpeg(pixels, 85), width, height, title, caption, alt)
        for pixels, title, caption, alt in described
    )


def _group(analysis: Analysis, malignant: bool) -> Group:
    keys = [k for k in ORDER if BY_KEY[k].malignant == malignant]
    shares = [analysis.probability(k) for k in keys]
    bars = tuple(Bar(BY_KEY[k], s, chance(s)) for k, s in zip(keys, shares, strict=True))
    name = "Malignant" if malignant else "Benign"
    return Group(f"{name}: {chance(sum(shares))}", malignant, bars)


_MEASURES = {"balanced_accuracy": "balanced accuracy", "mean_iou": "mean IoU of its outlines"}


def _model(card: Card) -> str:
    """Name, short hash, split, and the test figure with its interval and n, as far as the card
    has them."""
    parts = [f"{card.name or 'Unnamed model'} {card.sha256[:8]}".strip()]
    if card.split_id:
        parts.append(f"HAM10000 split {card.split_id}")
    test = card.metrics.get("test")
    figures = test.figures if test else {}
    for key, name in _MEASURES.items():
        if test and key in figures and figures[key].value is not None:
            ends = f"95 % interval {figures[key].ends()}, " if figures[key].low is not None else ""
            parts.append(
                f"{name} on the test split {figures[key].number()} "
                f"({ends}n = {test.images:,} photos of {test.lesions:,} lesions)"
            )
    if test is None:
        parts.append("not measured on a test split")
    return ", ".join(parts) + "."
