"""Complete trainings to start from, `presets.json`, each with a sentence on what it shows.

Experiments that students often try have two lengths: quick, in minutes, and as published, as near
to its author's description as this trainer comes (`published` names what differs from quick).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.config import Config
from train.config_files import config_of

QUICK, AS_PUBLISHED = "quick", "published"
LENGTHS = {QUICK: "Quick", AS_PUBLISHED: "As published"}


@dataclass(frozen=True)
class Preset:
    """A training ready to start.

    Attributes:
        key, title: title in sentence case.
        text: plain sentences.
        published: the same as its author describes it; None if it has one length only.
    """

    key: str
    title: str
    text: str
    config: Config
    published: Config | None = None

    @property
    def lengths(self) -> dict[str, Config]:
        """Its choices by the lengths it has, keys of `LENGTHS`."""
        found = {QUICK: self.config}
        return found if self.published is None else found | {AS_PUBLISHED: self.published}


def _preset(entry: dict[str, Any]) -> Preset:
    quick, published = entry["config"], entry.get("published")
    whole = None if published is None else config_of(quick | published)
    return Preset(**entry | {"config": config_of(quick), "published": whole})


PRESETS = tuple(
    map(_preset, json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))
)
BY_KEY = {preset.key: preset for preset in PRESETS}
