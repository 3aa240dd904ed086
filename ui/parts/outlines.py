"""A photo with several outlines over it, each in a line of its own, to be shown or hidden."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.imaging.image import to_jpeg
from core.imaging.overlay import outline_path
from core.learning.outlines import Outline
from ui.parts.files import data_url, part

_HTML = """
<div class="frame"><img></div>
<fieldset><legend></legend></fieldset>
"""
_PART = part("outlines", _HTML)


@dataclass(frozen=True, eq=False)
class Line:
    """An outline.

    Attributes:
        style: solid, dashed or dotted, each in its colour.
        outline: a mask of the whole photo (bool H×W), or corners.
    """

    name: str
    style: str
    outline: np.ndarray | Outline


def outlines(rgb: np.ndarray, lines: Sequence[Line], alt: str) -> None:
    """Draw it.

    Args:
        rgb: the photo, uint8 H×W×3.
        lines: the last one lies on top.
        alt: the photo and the lines in words.
    """
    height, width = rgb.shape[:2]
    _PART(
        key="outlined",
        data={
            "photo": data_url(to_jpeg(rgb), "jpeg"),
            "width": width,
            "height": height,
            "alt": alt,
            "lines": [
                {"name": line.name, "style": line.style, **_path(line.outline)} for line in lines
            ],
        },
        height="content",
    )


def _path(line: np.ndarray | Outline) -> dict[str, str]:
    if isinstance(line, np.ndarray):
        height, width = line.shape
        return {"path": outline_path(line, holes=True), "box": f"0 0 {width} {height}"}
    return {"path": f"M{'L'.join(f'{x:g} {y:g}' for x, y in line)}Z", "box": "0 0 1 1"}
