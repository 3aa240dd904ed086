"""`python -m train report`: the measured figures as the Markdown table that README shows."""

from __future__ import annotations

from pathlib import Path

from core.metrics import NAMES
from core.settings import Settings
from core.weights import read_card


def table(weights: Path | None = None, split: str = "test") -> str:
    """Both models on one split, with 95 % intervals and n, from their cards.

    Raises:
        WeightsError: a card cannot be read.
        KeyError: a model was not evaluated on that split.
    """
    folder = weights or Settings.from_environment().weights
    lines = ["| Model | Measure | Value | 95 % interval |", "|---|---|---|---|"]
    for model in ("classifier", "segmenter"):
        card = read_card(folder / model)
        metrics = card["metrics"][split]
        who = f"{card['name']}, {metrics['images']:,} images of {metrics['lesions']:,} lesions"
        for key, name in NAMES.items():
            if key in metrics:
                m = metrics[key]
                low, high = f"{m['low']:.3f}", f"{m['high']:.3f}"
                lines.append(f"| {who} | {name} | {m['value']:.3f} | {low} to {high} |")
                who = ""
    return "\n".join(lines)
