"""What a student takes home of an analysis: overlay, mask, figures, each with the disclaimer."""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict

import cv2
import numpy as np
from PIL.PngImagePlugin import PngInfo

from core.answer.analyser import Analysis
from core.imaging.image import to_png
from core.taxonomy import BY_KEY

DISCLAIMER = "For teaching only. LesionLab never diagnoses; it is not a medical device."


def file_stem(name: str) -> str:
    """A file name without folder, suffix or characters that some systems refuse; never empty."""
    name = unicodedata.normalize("NFC", name)  # macOS writes ü as u and two dots
    stem = re.split(r"[\\/]", name)[-1].rsplit(".", 1)[0]
    return re.sub(r"[^\w\-]+", "_", stem).strip("_")[:80] or "photo"


def overlay_png(drawn: np.ndarray) -> bytes:
    """An overlay (uint8 H×W×3) as PNG, with the disclaimer in a strip below it."""
    height, width = drawn.shape[:2]
    strip = max(16, width // 24)
    canvas = np.vstack([drawn, np.full((strip, width, 3), 255, np.uint8)])
    font = cv2.FONT_HERSHEY_SIMPLEX
    scale = min(0.9 * width / cv2.getTextSize(DISCLAIMER, font, 1, 1)[0][0], strip / 30)
    place = (width // 40, height + round(strip * 0.68))
    cv2.putText(canvas, DISCLAIMER, place, font, scale, (40, 40, 40), 1, cv2.LINE_AA)
    return _png(canvas)


def mask_png(mask: np.ndarray) -> bytes:
    """A mask (bool H×W) as PNG, 0 and 255, at exactly its size; the disclaimer as PNG text."""
    return _png(mask.astype(np.uint8) * 255)


def analysis_json(name: str, analysis: Analysis, notes: Sequence[str] = ()) -> str:
    """All figures of an analysis as JSON; units are in the names, shares and probabilities 0…1."""
    measurements = analysis.measurements
    return json.dumps(
        {
            "disclaimer": DISCLAIMER,
            "image": name,
            "sha256": analysis.digest,
            "width_px": analysis.width,
            "height_px": analysis.height,
            "notes": list(notes),
            "prediction": analysis.prediction,
            "most_probable": analysis.most_probable,
            "probabilities": {
                key: round(float(p), 6)
                for key, p in zip(analysis.classes, analysis.probabilities, strict=True)
            },
            "names": {key: BY_KEY[key].name for key in analysis.classes},
            "in_domain": analysis.in_domain,
            "domain": analysis.domain,
            "novelty": round(analysis.novelty, 6),
            "measurements": asdict(measurements) if measurements else None,
            "models": analysis.models,
        },
        indent=2,
        ensure_ascii=False,
    )


def _png(array: np.ndarray) -> bytes:
    note = PngInfo()
    note.add_text("Disclaimer", DISCLAIMER)
    return to_png(array, pnginfo=note, compress_level=4)
