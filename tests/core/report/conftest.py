"""Reports of a made-up analysis, each as PDF and as HTML."""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from core.answer.analyser import Analysis, mask_of
from core.lesion.measure import measure
from core.models.cards import Card
from core.models.neighbours import Neighbour
from core.report.content import Report
from core.report.html import to_html
from core.report.pdf import to_pdf
from core.taxonomy import KEYS

DATE = datetime.date(2026, 3, 9)
FIGURE = {"value": 0.7206, "low": 0.6703, "high": 0.7693}
CARD = {
    "name": "Teaching net",
    "sha256": "c9aafa6c05d7919d7159",
    "split_id": "5bc8803924d0",
    "limits": ["dermoscopy only"],
    "metrics": {"test": {"images": 1472, "lesions": 1120, "balanced_accuracy": FIGURE}},
}
NEIGHBOURS = (
    Neighbour("ISIC_0024307", "HAM_0000001", "mel", 0.934),
    Neighbour("ISIC_0024308", "HAM_0000002", "vasc", 0.911),
)
USUAL = dict(zip(KEYS, (0.03, 0.05, 0.11, 0.01, 0.11, 0.67, 0.02), strict=True))
DEFAULTS: dict[str, Any] = {
    "name": "lesion.jpg", "usual": USUAL, "cards": [Card.of(CARD)], "date": DATE,
}  # fmt: skip

Make = Callable[..., Report]


def analysis(width: int = 600, height: int = 450, lesion: bool = True, **changed: Any) -> Analysis:
    """Melanoma is named, a naevus is more probable; the lesion is a disc in the middle."""
    y, x = np.mgrid[:64, :64]
    logits = np.float32(20) - np.hypot(x - 31.5, y - 31.5).astype(np.float32)
    logits = logits if lesion else np.full_like(logits, -1)
    skin = np.full((height, width, 3), (224, 172, 140), np.uint8)
    mask = mask_of(logits, width, height)
    skin[mask] = (110, 70, 45)
    facts: dict[str, Any] = {
        "digest": "d" * 64,
        "classes": KEYS,
        "probabilities": np.array([0.02, 0.03, 0.05, 0.0004, 0.29, 0.6, 0.0096], np.float32),
        "prediction": "mel",
        "evidence": np.random.default_rng(1).random((7, 6, 6), np.float32),
        "mask_logits": logits,
        "width": width,
        "height": height,
        "measurements": measure(mask, skin)[0],
        "embedding": np.zeros(16, np.float32),
        "novelty": 0.1,
        "domain": "familiar",
        "models": {},
    }
    return Analysis(**(facts | changed))


@pytest.fixture(scope="session")
def photo() -> np.ndarray:
    """Noise, which is the largest that a photo can become as JPEG."""
    return np.random.default_rng(0).integers(0, 256, (450, 600, 3), np.uint8)


@pytest.fixture(scope="session")
def make(photo: np.ndarray) -> Make:
    """`make(domain="refused", notes="…")`: a report; what is not told is as above."""

    def report(pixels: np.ndarray = photo, **options: Any) -> Report:
        of_report = {k: options.pop(k) for k in list(options) if k in Report.of.__kwdefaults__}
        of_report |= {k: options.pop(k) for k in list(options) if k in DEFAULTS}
        height, width = pixels.shape[:2]
        found = analysis(width, height, **options)
        return Report.of(found, pixels, found.mask, **(DEFAULTS | of_report))

    return report


def pages(report: Report) -> list[str]:
    """What each page of the PDF file says, without spaces: pypdf guesses them from gaps; and
    without NUL, which it finds in the two-byte codes of the font for Chinese."""
    reader = PdfReader(io.BytesIO(to_pdf(report)))
    return [squeezed(page.extract_text().replace("\0", "")) for page in reader.pages]


def squeezed(words: str) -> str:
    """Without spaces, to be looked for in `pages`."""
    return "".join(words.split())


class Page(HTMLParser):
    """An HTML file as a browser reads it: its tags with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(html)
        self.close()

    @classmethod
    def of(cls, report: Report) -> Page:
        return cls(to_html(report))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces).replace("\u00a0", " ")

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def jpeg(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image
