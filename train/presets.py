"""Complete trainings to start from, `presets.json`, each with a sentence on what it shows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from train.config import Config
from train.config_files import config_of


@dataclass(frozen=True)
class Preset:
    """A training ready to start: key, title (sentence case), text (plain sentences), choices."""

    key: str
    title: str
    text: str
    config: Config


PRESETS = tuple(
    Preset(**entry | {"config": config_of(entry["config"])})
    for entry in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
)
BY_KEY = {preset.key: preset for preset in PRESETS}
