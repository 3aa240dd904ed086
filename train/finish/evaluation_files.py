"""Keeping an evaluation: its figures, every single prediction, and what goes onto the card."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from core.evaluation.files import ELSEWHERE, command
from core.models.decision import Decision
from core.models.weights import Card, read_card, write_card
from train.finish.isic import write_scores


def write_split(folder: Path, figures: dict[str, Any]) -> None:
    """Keep the figures of a split beside the weights, and the overall ones on the card."""
    card = read_card(folder)
    split, views = figures["split"], figures["views"]
    name = split if views == 1 else f"{split}-{views}views"
    told = command(folder, name)
    _write(folder, name, told, card, figures)
    kept = ("data", "photo_px", "split_id", "images", "lesions", "views", "limit")
    card.setdefault("metrics", {})[name] = {
        **{k: figures[k] for k in kept if k in figures},
        "command": told,
        **figures["overall"],
        **{f"most_probable_{k}": v for k, v in figures.get("most_probable", {}).items()},
    }
    if split == ELSEWHERE and "mel" in figures.get("classes", {}):
        card[ELSEWHERE] = _elsewhere(figures)
    write_card(folder, _without_nan(card))


def _elsewhere(figures: dict[str, Any]) -> dict[str, Any]:
    """What the app says beside an answer on a photo of another clinic: the card's section."""
    classes, counts = figures["confusion"]["classes"], np.array(figures["confusion"]["counts"])
    held = [key for key in classes if figures["classes"][key]["support"]]
    mel = classes.index("mel")
    others = np.delete(counts, mel, axis=0)  # rows are the truth
    return {
        "images": figures["images"],
        "accuracy": round(figures["overall"]["accuracy"]["value"], 4),
        "balanced_accuracy": round(figures["overall"]["balanced_accuracy"]["value"], 4),
        "melanomas": int(counts[mel].sum()),
        "melanomas_found": int(counts[mel, mel]),
        "melanoma_specificity": round(1 - float(others[:, mel].sum() / others.sum()), 4),
        "melanoma_auc": round(figures["classes"]["mel"]["auc"]["value"], 4),
        "how": "by the rule; of the photos kept for validation (15 % by lesion or patient) of "
        f"{figures['data']}; diagnoses there: {', '.join(held)}",
    }


def write_elsewhere(kind: str, card: Card, figures: dict[str, Any], out: Path) -> None:
    """Keep the figures of any other photos in a folder, and a classifier's answers in the format of
    ISIC's challenges, too."""
    out.mkdir(parents=True, exist_ok=True)
    if kind == "classifier":
        write_scores(out, figures["predictions"], Decision.of(card))
    _write(out, kind, f"python -m train evaluate {kind} --images …", card, figures)


def _write(folder: Path, name: str, told: str, card: Card, figures: dict[str, Any]) -> None:
    plain = {k: v for k, v in figures.items() if k not in ("predictions", "draws")}
    text = json.dumps(
        _without_nan(
            {
                "command": told,
                "weights": card["sha256"],
                "intervals": f"95 %, bootstrap over lesions, {figures['draws']} draws",
                **plain,
            }
        ),
        indent=1,
        ensure_ascii=False,
        allow_nan=False,
    )
    figures["predictions"].to_parquet(folder / f"predictions-{name}.parquet", compression="zstd")
    (folder / f"evaluation-{name}.json").write_text(text + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    """JSON knows no NaN: what could not be measured is null."""
    if isinstance(value, dict):
        return {k: _without_nan(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(v) for v in value]
    return None if isinstance(value, float) and math.isnan(value) else value
