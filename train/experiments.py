"""The experiments that students have read about, `experiments.json`: what their authors published,
and where our own figures for them lie, with images split at random and by lesion.

No torch here: the Performance page reads it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from core.evaluation.files import COMPARISON
from core.settings import Settings
from core.system.run_folder import MODELS
from train import choices
from train.choices import IMAGES, LESIONS
from train.presets import AS_PUBLISHED, BY_KEY, LENGTHS, QUICK, Preset

SOURCE = (
    "as its author gives it in a student project on HAM10000 that has no public address; we have "
    "not seen its code, and take the figure on trust"
)
SPLITS = (IMAGES, LESIONS)
"""In the order to show them: as most notebooks split, and as this one does."""
SPLIT_WORDS = {split: choices.SPLITS[split].title.lower() for split in SPLITS}


@dataclass(frozen=True)
class Experiment:
    """An experiment that others have published.

    Attributes:
        key: of its preset.
        published: by the kind of the model, figures by the names of
            `core.evaluation.metrics.NAMES` (accuracy is that of the most probable class) or
            `pixel_accuracy`; shares 0…1.
        protocol: how its author made it, in short.
        fixed: IoU on a fixed 50 photos: mean, sd, least; may be empty.
        shortfall: where ours reaches less than was published, why; may be empty.
        source: where the figures come from.
    """

    key: str
    published: dict[str, dict[str, float]]
    protocol: str
    fixed: dict[str, float] = field(default_factory=dict)
    shortfall: str = ""
    source: str = SOURCE

    @property
    def preset(self) -> Preset:
        """Its choices."""
        return BY_KEY[self.key]


EXPERIMENTS = tuple(
    Experiment(**entry)
    for entry in json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
)


def run_name(key: str, length: str, split: str) -> str:
    """The name of the run that an experiment has under a split: `frozen-mobilenet-images`, or
    `frozen-mobilenet-quick-images`."""
    quick = "" if length == AS_PUBLISHED else f"-{length}"
    return f"{key}{quick}-{split}"


def _names(key: str, length: str, split: str) -> list[str]:
    """The name of a run, and the one it may have had: quick runs by lesion were kept under the
    preset's own name before there were two splits."""
    name = run_name(key, length, split)
    return [name, *([key] if (length, split) == (QUICK, LESIONS) else [])]


_LABELS = {
    name: f"{e.preset.title}, {SPLIT_WORDS[split]}{', quick' if length == QUICK else ''}"
    for e in EXPERIMENTS
    for length in LENGTHS
    for split in SPLITS
    for name in _names(e.key, length, split)
}


def label(run: str) -> str | None:
    """What a page calls an experiment's run: "Two labels, by lesion"; None of any other run."""
    return _LABELS.get(run)


def command(key: str, length: str = AS_PUBLISHED) -> str:
    """What runs an experiment under both splits."""
    option = "" if length == AS_PUBLISHED else f" --length {length}"
    return f"python -m train experiments {key}{option}"


def figures_of(key: str, kind: str, length: str, split: str) -> Path | None:
    """The folder with the figures of a model of an experiment on the test split: kept with the
    weights, or a run's own; None if it was not measured."""
    settings, names = Settings.from_environment(), _names(key, length, split)
    places = [settings.runs / n / MODELS / kind for n in names]
    places += [settings.weights / COMPARISON / n / kind for n in names]
    return next((p for p in places if (p / "evaluation-test.json").is_file()), None)


def length_shown(key: str, kind: str) -> str | None:
    """The length to show of an experiment: that which was measured under most splits, the longer
    one first; None if neither was."""
    found = {
        length: sum(figures_of(key, kind, length, split) is not None for split in SPLITS)
        for length in reversed(LENGTHS)
    }
    best = max(found, key=lambda length: found[length])
    return best if found[best] else None
