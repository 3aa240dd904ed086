"""What others have published for the same tasks, to compare with, each with how it was measured.

Only figures whose source could be read are listed. None was measured on LesionLab's own split, so
differences of a few hundredths mean nothing.
"""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Published:
    """One published result.

    Attributes:
        task: `classifier` or `segmenter`.
        model: what was measured.
        figures: names as in `core.evaluation.metrics.NAMES`, shares 0…1.
        data: what it was measured on, in short.
        split: how the data were split, and what else differs.
        source: author, title, place and year.
        url: where it can be read.
    """

    task: str
    model: str
    figures: dict[str, float]
    data: str
    split: str
    source: str
    url: str


PUBLISHED = tuple(
    Published(**entry)
    for entry in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
)
